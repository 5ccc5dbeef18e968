"""The predictions of a test, in a file that people and scorers can read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from adaseq.errors import AdaSeqError
from adaseq.metainfo import Metrics
from adaseq.metrics.base import FileDumper
from adaseq.registry import METRICS
from adaseq.utils.tag_schemes import spans_to_tags

# Inside a token these would end its column or its line.
_BLANKED = str.maketrans("\t\n\r", "   ")
_OF_SPANS = ("start", "end", "type", "parts")


class DumpedSentence(NamedTuple):
    """One sentence: tags for a tagger, spans for a span model."""

    tokens: list[str]
    annotated: list[Any]
    predicted: list[Any]


@METRICS.register(Metrics.NER_DUMPER, supplied=("work_dir", "tag_scheme"))
class NerDumper(FileDumper):
    """Writes whole sentences with what was annotated and what was predicted.

    `conll` has a line `token<TAB>annotated<TAB>predicted` for each word and a blank line behind each sentence; context words
    carry O in both columns. `jsonline` has one object per sentence: `tokens`, `labels` and `predicts` (tags) for taggers;
    `tokens`, `spans` and `predicts` (`[start, end, type]`) for span models. An entity with gaps also has its ranges of words,
    `parts`, which are last in a prediction.

    Args:
        model_type: sequence_labeling for models that tag words, span_based for models that find spans.
        dump_format: conll (or column), or jsonline; by default conll for taggers and jsonline for span models.
        tag_scheme: the scheme of the model's tags.
    """

    def __init__(
        self,
        model_type: Literal["sequence_labeling", "span_based"] = "sequence_labeling",
        dump_format: Literal["conll", "column", "jsonline"] | None = None,
        save_path: str | None = None,
        work_dir: str = ".",
        tag_scheme: str = "BIOES",
    ) -> None:
        self.is_tagger = model_type == "sequence_labeling"
        self.is_conll = self.is_tagger if dump_format is None else dump_format != "jsonline"
        if self.is_conll and not self.is_tagger:
            raise AdaSeqError(
                f"ner-dumper: dump_format {dump_format} writes one tag per word, which a span_based model does not give; "
                "use dump_format: jsonline"
            )
        super().__init__(save_path, work_dir)
        self.tag_scheme = tag_scheme
        self.reads = frozenset({"tags" if self.is_tagger else "spans"})

    def measure(self, example: Any, prediction: Mapping[str, Any]) -> DumpedSentence:
        """The sentence as it will be written."""
        if self.is_tagger:
            tags = spans_to_tags(example.spans, len(example.tokens), self.tag_scheme)
            return DumpedSentence(example.tokens, tags, prediction["tags"])
        annotated = [{key: span[key] for key in _OF_SPANS if key in span} for span in example.spans]
        predicted = [[span[key] for key in _OF_SPANS if key in span] for span in prediction["spans"]]
        return DumpedSentence(example.tokens, annotated, predicted)

    def lines(self, result: DumpedSentence) -> Iterable[str]:
        """The lines of one sentence."""
        if self.is_conll:
            return _columns(result)
        names = ("tokens", "labels" if self.is_tagger else "spans", "predicts")
        return super().lines(dict(zip(names, result, strict=True)))


def _columns(sentence: DumpedSentence) -> Iterator[str]:
    for token, annotated, predicted in zip(*sentence, strict=True):
        yield f"{token.translate(_BLANKED)}\t{annotated}\t{predicted}\n"
    yield "\n"
