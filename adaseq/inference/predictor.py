"""A trained model in use: text in, spans or labels out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Literal

import torch
from typing_extensions import TypedDict, Unpack

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference.dictionary import DEFAULT_BONUS, BoundDictionary, Dictionary, DictionaryLike, Mode, as_dictionary
from adaseq.inference.least_probability import LeastProbability, Threshold
from adaseq.inference.text_predictor import READ_AHEAD, Features, Text, TextPredictor
from adaseq.models.base import Ability, Batch, Model, Prediction, lacks_ability
from adaseq.models.guidance import Guidance
from adaseq.models.model_folder import ModelFolder, load_model_folder
from adaseq.modules.decoders.base import Decoder
from adaseq.modules.label_decoders.base import LabelDecoder
from adaseq.utils.devices import find_device
from adaseq.utils.tensors import to_device

__all__ = ["READ_AHEAD", "Precision", "Predictor", "PredictorOptions", "Text", "load"]

Precision = Literal["fp32", "bf16", "fp16"]

# The most pieces in a batch, padding included: what the caches of a processor hold, and what keeps a GPU busy.
BATCH_TOKENS_CPU = 2048
BATCH_TOKENS = 16384
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class PredictorOptions(TypedDict, total=False):
    """The options of a `Predictor`, by name."""

    precision: Precision
    batch_tokens: int | None
    min_probability: LeastProbability
    text_splitter: str | None
    window_overlap: int | None
    n_best: int
    candidates: bool
    dictionary: DictionaryLike
    dictionary_mode: Mode
    dictionary_bonus: float
    prompts: Sequence[str] | None


def load(
    folder: str | os.PathLike[str], device: torch.device | str = "cpu", **options: Unpack[PredictorOptions]
) -> Predictor:
    """A predictor from a model folder. Nothing outside the folder is read, and no code in it is run.

    Args:
        folder: the model folder.
        device: where to run: `gpu` (falls back to the CPU), `cpu`, `cuda:1`, `mps`.
        options: those of `Predictor`.

    Raises:
        ModelError: it is no model folder.
    """
    model_folder = load_model_folder(folder, find_device(device) if isinstance(device, str) else device)
    return Predictor(model_folder, **options)


class Predictor(TextPredictor):
    """Finds spans in text, types mentions, names relations, or labels whole texts, as its model was trained to.

    One text is a string; or, already split into words, `{"tokens": [...]}`. The result is

        {"output": [{"type": "PER", "start": 0, "end": 4, "span": "Mary", "prob": 0.98}]}

    with character offsets into the text, half-open, and the probability of the span under the model. For words, the text is
    the words with a space between them (with nothing between them if the model's words are characters), and
    `token_start` and `token_end` are the words.

    What else an input holds depends on the task. Relations need two entities: `The <e1>school</e1> is in <e2>Rome</e2>.`, or
    `subject` and `object` as `[start, end]`, in characters of the text or in words; a result is `{"type", "prob", "subject",
    "object"}`, the text being the one without the marks. Entity typing needs `mentions`, a list of `[start, end]`, and gives a
    result for each type of each mention. For texts that are classified, a second text is `pair_text`, or in words `pair`; a
    result is `{"type", "prob"}`.

    Models with document context read the neighbours of a sentence: those inputs of a call that have the same `document` (any
    string or number), or all sentences that are given to `document()`. Other inputs do not see each other.

    Threads may share a predictor. Its only state that changes is `dictionary`, which may be set at any time: a call uses the
    one that was there when it began.

    Args:
        model_folder: the loaded model.
        precision: of the network: fp32; or bf16 or fp16, which are faster where the device has instructions for them.
        batch_tokens: the most pieces in a batch, padding included; by default 2048 on a CPU and 16384 elsewhere.
        min_probability: leave out what is less probable: a number; or one for each type, and under `*` for all others.
        text_splitter: how raw text becomes words, instead of the model's own way: char, word, blank.
        window_overlap: how many pieces neighbouring windows of a long text share, instead of the model's own number.
        n_best: for taggers, more than 1 adds `readings` to a result: so many of the best readings of the whole text, each with
            its `prob` and `output`, the best first.
        candidates: for span models, all spans that are probable enough (`min_probability`, then 0.05 by default), whether they
            overlap or not.
        dictionary: a `Dictionary`, its entries (`{"phrase": "type"}`), or a file of them.
        dictionary_mode: of a dictionary that does not say it itself: `prefer` makes its entries more probable, `force` certain.
        dictionary_bonus: with `prefer`, what is added to the score of an entry.
        prompts: for `pretraining-model`, the types to look for, those of its training or any others.

    Raises:
        AdaSeqError: an option is not what it should be.
        ModelError: the model cannot do what was asked for; says which models can.
    """

    def __init__(
        self,
        model_folder: ModelFolder,
        *,
        precision: Precision = "fp32",
        batch_tokens: int | None = None,
        min_probability: LeastProbability = None,
        text_splitter: str | None = None,
        window_overlap: int | None = None,
        n_best: int = 1,
        candidates: bool = False,
        dictionary: DictionaryLike = None,
        dictionary_mode: Mode = "prefer",
        dictionary_bonus: float = DEFAULT_BONUS,
        prompts: Sequence[str] | None = None,
    ) -> None:
        if precision not in _DTYPES:
            raise AdaSeqError(f"precision must be one of {', '.join(_DTYPES)}; received {precision!r}")
        if n_best < 1:
            raise AdaSeqError(f"n_best must be at least 1; received {n_best}")
        self.model = model_folder.model.eval()
        if prompts is not None:
            self.model.ask_for(prompts, model_folder.preprocessor)
        self.device = next(self.model.parameters()).device
        usual_tokens = BATCH_TOKENS_CPU if self.device.type == "cpu" else BATCH_TOKENS
        super().__init__(
            model_folder.task,
            model_folder.preprocessor,
            self.model.types,
            Threshold(min_probability, self.model.types, candidates),
            text_splitter,
            usual_tokens if batch_tokens is None else batch_tokens,
            window_overlap,
        )
        self.n_best = n_best
        self._decode = self._how_to_decode(n_best, candidates)
        if precision != "fp32":
            _reduce_precision(self.model, _DTYPES[precision])
        self.collator = model_folder.collator
        self.dictionary_mode, self.dictionary_bonus = dictionary_mode, dictionary_bonus
        self._dictionary: BoundDictionary | None = None
        self.dictionary = dictionary

    @property
    def dictionary(self) -> Dictionary | None:
        """The user's dictionary. Set it to another one, to entries, to a file of them, or to None."""
        return None if self._dictionary is None else self._dictionary.dictionary

    @dictionary.setter
    def dictionary(self, given: DictionaryLike) -> None:
        chosen = as_dictionary(given, self.dictionary_mode, self.dictionary_bonus)
        if chosen is not None:
            self._demand("dictionary")
        self._dictionary = None if chosen is None else BoundDictionary(chosen, self.types, self._split)

    def prepared(self) -> Callable[[Sequence[Example]], list[Prediction]]:
        """What predicts for some texts, with the dictionary of this moment."""
        return partial(self._predict_together, dictionary=self._dictionary)

    def _demand(self, ability: Ability) -> None:
        if ability not in self.model.abilities:
            raise lacks_ability(self.model, ability)

    def _how_to_decode(self, n_best: int, candidates: bool) -> Callable[[Batch], list[Prediction]]:
        if n_best > 1:
            self._demand("n_best")
        if candidates:
            self._demand("candidates")
        if n_best > 1:
            return partial(self.model.decode_readings, count=n_best)
        if candidates:
            return partial(self.model.decode_candidates, least=self.threshold.lowest)
        return partial(self.model.decode, with_prob=True)

    def _predict_together(self, examples: Sequence[Example], dictionary: BoundDictionary | None) -> list[Prediction]:
        """Predictions for some examples, in batches of similar length."""

        def decode(features: list[Features], texts: list[Example]) -> list[Prediction]:
            batch = self.collator(features)
            if dictionary is not None:
                batch["guidance"] = _guidance(texts, dictionary, batch)
            with torch.inference_mode():
                return self._decode(to_device(batch, self.device))

        return self.in_batches(examples, decode, getattr(self.model, "answers_empty", False))


def _guidance(examples: Sequence[Example], dictionary: BoundDictionary, batch: Batch) -> Guidance:
    """What a dictionary says of the sentences of a batch, counted among their labelled words."""
    matches = [dictionary.matches(example) for example in examples]
    if "label_positions" in batch:
        matches = [
            [match._replace(start=numbers[match.start], end=numbers[match.end]) for match in each]
            for each, example in zip(matches, examples, strict=True)
            for numbers in ([0, *accumulate(example.mask or [True] * len(example.tokens))],)
        ]
    return Guidance(matches, dictionary.bonus)


def _reduce_precision(model: Model, dtype: torch.dtype) -> None:
    """Convert the network; the decoder computes in float32 and its few weights stay exact."""
    for part in model.children():
        if not isinstance(part, (Decoder, LabelDecoder)):
            part.to(dtype)
