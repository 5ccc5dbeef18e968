"""What the card of a model is told by its run."""

from __future__ import annotations

from typing import Any

from adaseq.data.example import Example
from adaseq.training.card import LabelScores, label_examples


def example(tokens: str, spans: list[tuple[int, int, str]], **more: Any) -> Example:
    found: list[Any] = [{"start": start, "end": end, "type": label} for start, end, label in spans]
    return Example(id=tokens, tokens=tokens.split(), spans=found, **more)


def spans(*found: tuple[int, int, str]) -> dict[str, Any]:
    return {"spans": [{"start": start, "end": end, "type": label} for start, end, label in found]}


def test_scores_of_each_label() -> None:
    counter = LabelScores()
    counter.write(
        [
            counter.measure(example("a b c", [(0, 1, "PER"), (2, 3, "LOC")]), spans((0, 1, "PER"), (2, 3, "PER"))),
            counter.measure(example("a b", [(0, 2, "PER")]), spans((0, 2, "PER"))),
        ]
    )
    assert counter.scores["LOC"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert counter.scores["PER"] == {"precision": 2 / 3, "recall": 1.0, "f1": 0.8, "support": 2}
    assert counter.compute([]) == {}


def test_context_and_partial_annotation_are_not_scored() -> None:
    counter = LabelScores()
    masked = example("a b c", [(0, 1, "PER")], mask=[True, True, False])
    partial = example("a b c", [(0, 1, "PER"), (1, 3, "PARTIAL")])
    for each in (masked, partial):
        counter.write([counter.measure(each, spans((0, 1, "PER"), (2, 3, "PER")))])
        assert counter.scores == {"PER": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}}


def test_labels_of_whole_examples_and_several_types_of_a_mention() -> None:
    counter = LabelScores()
    text = example("how far", [], fields={"label": "NUM"})
    counter.write(
        [counter.measure(text, {"spans": [], "labels": ["NUM"]}), counter.measure(text, {"spans": [], "label": "HUM"})]
    )
    assert counter.scores["NUM"]["recall"] == 0.5 and counter.scores["HUM"]["support"] == 0
    typed = example("a b", [])
    typed.spans = [{"start": 0, "end": 1, "type": "", "types": ["x", "y"]}]
    counter.write([counter.measure(typed, {"spans": [{"start": 0, "end": 1, "type": "", "types": ["x"]}]})])
    assert counter.scores["x"]["f1"] == 1.0 and counter.scores["y"]["recall"] == 0.0


def test_a_few_different_examples_of_each_label() -> None:
    examples = [example("mary smith in york", [(0, 2, "PER"), (3, 4, "LOC")])] * 2
    examples += [example(f"p{number}", [(0, 1, "PER")]) for number in range(9)]
    assert label_examples(examples, ["PER", "LOC", "ORG"], is_unsegmented=False) == {
        "PER": ["mary smith", "p0", "p1"],
        "LOC": ["york"],
    }
    assert label_examples([example("中 国", [(0, 2, "LOC")])], ["LOC"], is_unsegmented=True) == {"LOC": ["中国"]}
    raw = example("a b", [(0, 2, "X")], text="a   b!", offsets=[(0, 1), (4, 5)])
    long = example("w" * 60, [], fields={"label": "long"})
    assert label_examples([raw, long], ["X", "long"], is_unsegmented=False) == {
        "X": ["a   b"],
        "long": ["w" * 39 + "…"],
    }
