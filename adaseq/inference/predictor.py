"""A trained model in use: text in, spans or labels out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, overload

import torch

from adaseq.data.batching import BatchSampler
from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference import records, results
from adaseq.inference.inputs import context_mask, refuse_surrogates
from adaseq.metainfo import Splitters
from adaseq.models.base import Model, Prediction
from adaseq.models.model_folder import ModelFolder, load_model_folder
from adaseq.modules.decoders.base import Decoder
from adaseq.modules.label_decoders.base import LabelDecoder
from adaseq.registry import SPLITTERS
from adaseq.utils.devices import find_device
from adaseq.utils.tensors import to_device

Text = str | Sequence[str] | Mapping[str, Any] | Example
Result = dict[str, Any]
Precision = Literal["fp32", "bf16", "fp16"]

# The most pieces in a batch, padding included: what the caches of a processor hold, or what keeps a GPU busy.
BATCH_TOKENS_CPU, BATCH_TOKENS = 2048, 16384
# How much is read ahead, so that sentences of similar length can share a batch.
READ_AHEAD = 1024
_READ_AHEAD_WORDS = 100_000
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def load(
    folder: str | os.PathLike[str],
    device: torch.device | str = "cpu",
    *,
    precision: Precision = "fp32",
    batch_tokens: int | None = None,
    min_prob: float = 0.0,
    text_splitter: str | None = None,
) -> Predictor:
    """A predictor from a model folder. Nothing outside the folder is read, and no code in it is run.

    Args:
        folder: the model folder.
        device: where to run: `gpu` (falls back to the CPU), `cpu`, `cuda:1`, `mps`.
        precision: bf16 and fp16 run the network in half precision, which is faster where the device has instructions for it.
        batch_tokens: the most pieces in a batch, padding included; by default 2048 on a CPU and 16384 elsewhere.
        min_prob: leave out what is less probable.
        text_splitter: how raw text becomes words, instead of the model's own way: char, word, blank.

    Raises:
        ModelError: it is no model folder.
    """
    model_folder = load_model_folder(folder, find_device(device) if isinstance(device, str) else device)
    return Predictor(
        model_folder, precision=precision, batch_tokens=batch_tokens, min_prob=min_prob, text_splitter=text_splitter
    )


class Predictor:
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

    A predictor has no state that changes: threads may share one.

    Args:
        model_folder: the loaded model.
        precision: of the network.
        batch_tokens: the most pieces in a batch, padding included; by default 2048 on a CPU and 16384 elsewhere.
        min_prob: leave out what is less probable.
        text_splitter: how raw text becomes words, instead of the model's own way.
    """

    def __init__(
        self,
        model_folder: ModelFolder,
        *,
        precision: Precision = "fp32",
        batch_tokens: int | None = None,
        min_prob: float = 0.0,
        text_splitter: str | None = None,
    ) -> None:
        if batch_tokens is not None and batch_tokens < 1:
            raise AdaSeqError(f"batch_tokens must be at least 1; received {batch_tokens}")
        if not 0 <= min_prob <= 1:
            raise AdaSeqError(f"min_prob is a probability, from 0 to 1; received {min_prob}")
        if precision not in _DTYPES:
            raise AdaSeqError(f"precision must be one of {', '.join(_DTYPES)}; received {precision!r}")
        self.task = model_folder.task
        self.model = model_folder.model.eval()
        if precision != "fp32":
            _reduce_precision(self.model, _DTYPES[precision])
        self.preprocessor = model_folder.preprocessor
        self.collator = model_folder.collator
        self.device = next(self.model.parameters()).device
        self.batch_tokens = batch_tokens or (BATCH_TOKENS_CPU if self.device.type == "cpu" else BATCH_TOKENS)
        self.min_prob = min_prob
        self._split = self.preprocessor.split if text_splitter is None else SPLITTERS.build(text_splitter).split
        self._joiner = "" if self.preprocessor.text_splitter == Splitters.CHAR else " "

    @overload
    def __call__(self, inputs: str | Mapping[str, Any]) -> Result: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, inputs: list[Text] | tuple[Text, ...]) -> list[Result]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, inputs: Iterable[Text]) -> Iterator[Result]: ...
    def __call__(self, inputs: str | Mapping[str, Any] | Iterable[Text]) -> Result | list[Result] | Iterator[Result]:
        """What the model finds in one text or in many.

        Args:
            inputs: a string or `{"tokens": [...]}`: one text. A list: many texts, each a string, `{"tokens": [...]}` or a list
                of words. Any other iterable: the same, predicted while it is read.

        Returns:
            One result, a list of results, or an iterator over results; in the order of the texts.
        """
        if isinstance(inputs, (str, Mapping)):
            return next(self.stream([inputs]))
        results = self.stream(inputs)
        return list(results) if isinstance(inputs, (list, tuple)) else results

    def stream(self, inputs: Iterable[Text], read_ahead: int = READ_AHEAD) -> Iterator[Result]:
        """The results for any number of texts, in their order and in constant memory.

        Args:
            inputs: the texts.
            read_ahead: the most texts that are read before the first result is given.
        """
        for example, prediction in self.predict(inputs, read_ahead):
            yield self.result(example, prediction)

    def predict(self, inputs: Iterable[Text], read_ahead: int = READ_AHEAD) -> Iterator[tuple[Example, Prediction]]:
        """The words of each text and what the model says of them: `spans` in word indices, with `prob`, and for taggers `tags`.

        Args:
            inputs: the texts.
            read_ahead: the most texts that are read before the first result is given.

        Raises:
            AdaSeqError: an input is no text.
        """
        for examples in _in_chunks(map(self.example, inputs), read_ahead):
            yield from zip(examples, self._predict_together(examples), strict=True)

    def example(self, text: Text) -> Example:
        """The Example for one input: its words, and where in the raw text they are.

        Raises:
            AdaSeqError: it is no text.
        """
        if isinstance(text, Example):
            return text
        return records.complete(self._example(text), self.task, self._split)

    def _example(self, text: Text) -> Example:
        """The words of an input, with what else it holds in `fields`."""
        fields: dict[str, Any] = {}
        content: Any = text
        is_words = False
        if isinstance(text, Mapping):
            fields = dict(text)
            is_words = "tokens" in fields
            content = fields.pop("tokens" if is_words else "text", None)
        if isinstance(content, str) and not is_words:
            refuse_surrogates(content)
            tokens, offsets = self._split(content)
            return Example(id="", tokens=tokens, text=content, offsets=offsets, fields=fields)
        if isinstance(content, (list, tuple)) and all(isinstance(word, str) for word in content):
            refuse_surrogates("".join(content))
            return Example(id="", tokens=list(content), mask=context_mask(content, fields.get("mask")), fields=fields)
        raise AdaSeqError(
            'an input is a string, a list of words, {"text": "…"} or {"tokens": ["…", …]}; received ' + repr(text)[:100]
        )

    def result(self, example: Example, prediction: Prediction) -> Result:
        """The result for one text, JSON-serialisable.

        Args:
            example: its words.
            prediction: what the model says of them, in word indices.
        """
        return {"output": results.output(example, prediction, self._joiner)}

    def _predict_together(self, examples: Sequence[Example]) -> list[Prediction]:
        """Predictions for some examples, in batches of similar length."""
        predictions: list[Prediction] = [{"tags": [], "spans": []} for _ in examples]
        answers_empty = getattr(self.model, "answers_empty", False)
        places = [place for place, example in enumerate(examples) if example.tokens or answers_empty]
        if not places:
            return predictions
        features = self.preprocessor.encode([examples[place] for place in places], training=False)
        lengths = [len(each["input_ids"]) for each in features]
        batches = BatchSampler(lengths, len(lengths), shuffle=False, token_budget=self.batch_tokens)
        for numbers in batches:
            batch = self.collator([{**features[number], "index": places[number]} for number in numbers])
            with torch.inference_mode():
                decoded = self.model.decode(to_device(batch, self.device), with_prob=True)
            for number, prediction in zip(numbers, decoded, strict=True):
                predictions[places[number]] = results.above(prediction, self.min_prob) if self.min_prob else prediction
        return predictions


def _reduce_precision(model: Model, dtype: torch.dtype) -> None:
    """Convert the network; the decoder computes in float32 and its few weights stay exact."""
    for part in model.children():
        if not isinstance(part, (Decoder, LabelDecoder)):
            part.to(dtype)


def _in_chunks(examples: Iterable[Example], most: int) -> Iterator[list[Example]]:
    """Lists of at most so many examples, fewer if they are long."""
    chunk: list[Example] = []
    words = 0
    for example in examples:
        chunk.append(example)
        words += len(example.tokens)
        if len(chunk) >= most or words >= _READ_AHEAD_WORDS:
            yield chunk
            chunk, words = [], 0
    if chunk:
        yield chunk
