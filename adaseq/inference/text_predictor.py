"""What every predictor does, whatever runs its network: inputs to words, batches of texts, results. Needs no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from adaseq.data.batching import BatchSampler
from adaseq.data.document_context import Extent, surround
from adaseq.data.example import Example
from adaseq.data.preprocessors.base import Preprocessor
from adaseq.errors import AdaSeqError
from adaseq.inference import records, results
from adaseq.inference.html import hues
from adaseq.inference.inputs import content_of, context_mask
from adaseq.inference.least_probability import Threshold
from adaseq.inference.result import Result
from adaseq.metainfo import Splitters
from adaseq.registry import SPLITTERS
from adaseq.utils.memory import give_memory_back

Text = str | Sequence[str] | Mapping[str, Any] | Example
Features = dict[str, Any]
Prediction = dict[str, Any]

# How much is read ahead, so that sentences of similar length can share a batch.
READ_AHEAD = 1024
_READ_AHEAD_WORDS = 100_000
# So many batches, each of another size, may leave gaps in memory before it is given back.
_BATCHES_BETWEEN = 4


class TextPredictor(ABC):
    """Texts in, results out.

    Args:
        task: what the model does.
        preprocessor: makes features of words.
        types: what the model can find.
        threshold: how probable something must be to be told.
        text_splitter: how raw text becomes words, instead of the model's own way.
        batch_tokens: the most pieces in a batch, padding included.
        window_overlap: how many pieces neighbouring windows of a long text share, instead of the model's own number.

    Raises:
        AdaSeqError: `batch_tokens` is not positive, there is no such splitter, or no such overlap is possible.

    Attributes:
        n_best: how many readings of a text are told; 1 if only the best.
    """

    n_best: int = 1

    def __init__(
        self,
        task: str,
        preprocessor: Preprocessor,
        types: Sequence[str],
        threshold: Threshold,
        text_splitter: str | None,
        batch_tokens: int,
        window_overlap: int | None,
    ) -> None:
        if batch_tokens < 1:
            raise AdaSeqError(f"batch_tokens must be at least 1; received {batch_tokens}")
        if window_overlap is not None:
            preprocessor.set_window_overlap(window_overlap)
        self.task, self.preprocessor, self.types = task, preprocessor, list(types)
        self.threshold, self.batch_tokens = threshold, batch_tokens
        self.colours = hues(self.types)
        self._split = preprocessor.split if text_splitter is None else SPLITTERS.build(text_splitter).split
        self.joiner = "" if preprocessor.text_splitter == Splitters.CHAR else " "

    @abstractmethod
    def prepared(self) -> Callable[[Sequence[Example]], list[Prediction]]:
        """What predicts for some texts, with the settings of this moment."""

    def in_batches(
        self,
        examples: Sequence[Example],
        decode: Callable[[list[Features], list[Example]], list[Prediction]],
        answers_empty: bool,
    ) -> list[Prediction]:
        """Predictions for some examples, in batches of similar length, without what is not probable enough.

        Args:
            examples: the words of the texts.
            decode: predicts for the features of a batch, each with its `index`, and its examples.
            answers_empty: whether there is something to say about a text without any word.
        """
        predictions: list[Prediction] = [{"tags": [], "spans": []} for _ in examples]
        places = [place for place, example in enumerate(examples) if example.tokens or answers_empty]
        if not places:
            return predictions
        features = self.preprocessor.encode([examples[place] for place in places], training=False)
        lengths = [len(each["input_ids"]) for each in features]
        batches = BatchSampler(lengths, len(lengths), shuffle=False, token_budget=self.batch_tokens)
        for count, numbers in enumerate(batches, start=1):
            batch = [{**features[number], "index": places[number]} for number in numbers]
            decoded = decode(batch, [examples[places[number]] for number in numbers])
            if not self.threshold.is_open:
                decoded = [results.above(prediction, self.threshold) for prediction in decoded]
            for number, prediction in zip(numbers, decoded, strict=True):
                predictions[places[number]] = prediction
            if count % _BATCHES_BETWEEN == 0:
                give_memory_back()
        return predictions

    @overload
    def __call__(self, inputs: str | Mapping[str, Any] | Example) -> Result: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, inputs: list[Text] | tuple[Text, ...]) -> list[Result]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, inputs: Iterable[Text]) -> Iterator[Result]: ...
    def __call__(self, inputs: Text | Iterable[Text]) -> Result | list[Result] | Iterator[Result]:
        """What the model finds in one text or in many.

        Args:
            inputs: a string or `{"tokens": [...]}`: one text. A list: many texts, each a string, `{"tokens": [...]}` or a list
                of words. Any other iterable: the same, predicted while it is read.

        Returns:
            One result, a list of results, or an iterator over results; in the order of the texts.

        Raises:
            AdaSeqError: an input is no text; says which one.
        """
        if isinstance(inputs, (str, Mapping, Example)) or not isinstance(inputs, Iterable):
            return next(self.stream([self.example(inputs)]))
        results = self.stream(inputs)
        return list(results) if isinstance(inputs, (list, tuple)) else results

    def document(self, sentences: Iterable[Text]) -> list[Result]:
        """The results for the sentences of one document, in their order: a model with document context sees their neighbours.

        Args:
            sentences: the sentences.
        """
        return list(self.stream(sentences, is_document=True))

    def stream(
        self, inputs: Iterable[Text], read_ahead: int = READ_AHEAD, is_document: bool = False
    ) -> Iterator[Result]:
        """The results for any number of texts, in their order and in constant memory.

        Args:
            inputs: the texts.
            read_ahead: as of `predict`.
            is_document: as of `predict`.
        """
        for example, prediction in self.predict(inputs, read_ahead, is_document):
            yield self.result(example, prediction)

    def predict(
        self, inputs: Iterable[Text], read_ahead: int = READ_AHEAD, is_document: bool = False
    ) -> Iterator[tuple[Example, Prediction]]:
        """The words of each text and what the model says of them: `spans` in word indices, with `prob`, and for taggers `tags`.

        A model that was trained with `preprocessor.context` also reads the texts around each one that have the same `document`.

        Args:
            inputs: the texts.
            read_ahead: the most texts that are read before the first result is given; with 1, no text behind one is read for it.
            is_document: texts without a `document` are the sentences of one, instead of each standing alone.

        Raises:
            AdaSeqError: an input is no text; says which one.
        """
        together = self.prepared()
        texts: Iterable[Example] = self._examples(inputs)
        extent = self.preprocessor.context
        if extent is not None:
            alone = "" if is_document else None
            seen = extent if read_ahead > 1 else Extent(extent.left, 0)
            texts = surround(texts, seen, lambda example: example.fields.get("document", alone))
        count = 0
        for examples in _in_chunks(texts, read_ahead):
            yield from zip(examples, together(examples), strict=True)
            count += len(examples)
            if count >= READ_AHEAD:
                give_memory_back()
                count = 0

    def example(self, text: Text) -> Example:
        """The Example for one input: its words, and where in the raw text they are.

        Raises:
            AdaSeqError: it is no text.
        """
        if isinstance(text, Example):
            return text
        return records.complete(self._example(text), self.task, self._split)

    def _examples(self, inputs: Iterable[Text]) -> Iterator[Example]:
        for number, text in enumerate(inputs):
            try:
                example = self.example(text)
            except AdaSeqError as error:
                raise AdaSeqError(f"inputs[{number}]: {error}") from None
            yield example

    def _example(self, text: Text) -> Example:
        """The words of an input, with what else it holds in `fields`."""
        if isinstance(text, str):
            text = {"text": text}
        elif isinstance(text, (list, tuple)):
            text = {"tokens": text}
        elif not isinstance(text, Mapping):
            raise AdaSeqError(
                'an input is a string, a list of words, {"text": "…"} or {"tokens": ["…", …]}; received '
                + repr(text)[:100]
            )
        content = content_of(text)
        fields = {name: each for name, each in text.items() if name not in ("text", "tokens")}
        if isinstance(content, list):
            return Example(id="", tokens=content, mask=context_mask(content, fields.get("mask")), fields=fields)
        if isinstance(fields.get("mask"), (list, tuple)):
            raise AdaSeqError('a mask says which words are context: give the words, as "tokens" instead of "text"')
        tokens, offsets = self._split(content)
        return Example(id="", tokens=tokens, text=content, offsets=offsets, fields=fields)

    def result(self, example: Example, prediction: Prediction) -> Result:
        """The result for one text, JSON-serialisable.

        Args:
            example: its words.
            prediction: what the model says of them, in word indices.
        """
        content = results.content(example, prediction, self.joiner)
        return Result(content, example.tokens if example.text is None else example.text, self.joiner, self.colours)


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
