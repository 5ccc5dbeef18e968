"""The words around a sentence: those of its document, the nearest ones, and nothing learned from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.corpora import JoinedExamples
from adaseq.data.document_context import Extent, document_of, in_context, read_extent, surround
from adaseq.data.example import Example
from adaseq.data.feature_dataset import FeatureDataset
from adaseq.data.formats.conll import ConllFormat
from adaseq.data.formats.json_tags import JsonTagsFormat
from adaseq.data.preprocessors.sequence_labeling import SequenceLabelingPreprocessor
from adaseq.data.preprocessors.span_extraction import SpanExtractionPreprocessor
from adaseq.data.store.examples import ExampleStore
from adaseq.errors import AdaSeqError

NEWS = """\
-DOCSTART- O

john B-PER
works O

in O
london B-LOC

-DOCSTART- O

mary B-PER
lives O
in O
york B-LOC

"""


def sentences(*texts: str, document: int | None = None) -> list[Example]:
    fields = {} if document is None else {"document": document}
    return [Example(str(i), text.split(), origin=f"f.txt:{i}", fields=dict(fields)) for i, text in enumerate(texts)]


def contexts(examples, left: int, right: int) -> list[tuple[str, str]]:
    found = surround(examples, Extent(left, right), document_of)
    return [(" ".join(each.context[0]), " ".join(each.context[1])) for each in found]


def test_the_nearest_words_of_neighbours_are_seen() -> None:
    assert contexts(sentences("a b", "c", "d e f"), 2, 2) == [("", "c d"), ("a b", "d e"), ("b c", "")]
    assert contexts(sentences("a b", "c", "d e f"), 0, 1) == [("", "c"), ("", "d"), ("", "")]
    assert contexts(sentences("a b", "c"), 3, 0) == [("", ""), ("a b", "")]


def test_words_of_another_document_are_not_seen() -> None:
    examples = sentences("a", "b", document=0) + sentences("c", "d", document=1)
    assert contexts(examples, 5, 5) == [("", "b"), ("a", ""), ("", "d"), ("c", "")]
    other_file = [Example("", ["e"], origin="g.txt:1", fields={"document": 1})]
    assert contexts(examples[2:] + other_file, 5, 5)[-1] == ("", "")


def test_a_sentence_that_stands_alone_has_no_context() -> None:
    found = surround(sentences("a", "b"), Extent(3, 3), lambda example: None)
    assert [each.context for each in found] == [([], []), ([], [])]


def test_retrieved_context_of_neighbours_is_left_out() -> None:
    examples = sentences("a b c", "d")
    examples[0].mask = [True, False, True]
    assert contexts(examples, 5, 5) == [("", "d"), ("a c", "")]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), max_size=12), st.integers(0, 5), st.integers(0, 5))
def test_it_is_what_a_plain_search_finds(plan: list[tuple[int, int]], left: int, right: int) -> None:
    examples, numbers, key = [], iter(range(10_000)), 0
    for step, count in plan:
        key += step > 1
        examples.append(Example("", [str(next(numbers)) for _ in range(count)], fields={"document": key}))
    for place, made in enumerate(surround(examples, Extent(left, right), document_of)):
        same = [each.fields["document"] == made.fields["document"] for each in examples]
        before = [word for i, each in enumerate(examples[:place]) if same[i] for word in each.tokens]
        behind = [word for i, each in enumerate(examples) if i > place and same[i] for word in each.tokens]
        assert made.context == (before[len(before) - left :] if left < len(before) else before, behind[:right])
        assert made.tokens == examples[place].tokens


def test_reading_goes_no_further_than_the_context() -> None:
    seen = []

    def source():
        for example in sentences(*"abcdefgh"):
            seen.append(example)
            yield example

    next(surround(source(), Extent(2, 2), document_of))
    assert len(seen) == 3


def test_marks_of_conll_and_json_part_documents(tmp_path: Path) -> None:
    (tmp_path / "news.txt").write_text(NEWS, encoding="utf-8")
    examples = list(ConllFormat().read(tmp_path / "news.txt"))
    assert contexts(examples, 9, 9) == [("", "in london"), ("john works", ""), ("", "")]
    lines = [f'{{"text": ["{word}"], "labels": ["O"], "document": "{name}"}}' for word, name in ("ax", "bx", "cy")]
    (tmp_path / "news.json").write_text("\n".join(lines), encoding="utf-8")
    examples = list(JsonTagsFormat().read(tmp_path / "news.json"))
    assert contexts(examples, 9, 9) == [("", "b"), ("a", ""), ("", "")]


def test_chosen_examples_keep_the_neighbours_of_their_file(tmp_path: Path) -> None:
    whole = ExampleStore.build("four", lambda: sentences("a", "b", "c", "d"), tmp_path)
    for rows in ([1, 3], [3, 1]):
        found = list(in_context(whole.select(np.asarray(rows)), Extent(1, 1)))
        expected = {1: (["a"], ["c"]), 3: (["c"], [])}
        assert [each.context for each in found] == [expected[row] for row in rows]
    joined = JoinedExamples({"one": whole, "two": whole}, {"one": 1.0, "two": 1.0})
    assert [each.context for each in in_context(joined, Extent(1, 1))][3:5] == [(["c"], []), ([], ["b"])]


def test_pieces_of_the_context_stand_around_the_sentence(tiny_bert: Path) -> None:
    preprocessor = SequenceLabelingPreprocessor(str(tiny_bert), labels=["LOC"], context={"left": 2, "right": 1})
    spans = [{"start": 1, "end": 2, "type": "LOC"}]
    example = Example("", ["in", "london"], spans, context=(["john", "works"], ["and"]))
    alone, around = (preprocessor.encode([each], True)[0] for each in (Example("", example.tokens, spans), example))
    tokenizer = preprocessor.tokenizer.tokenizer
    pieces = tokenizer.convert_ids_to_tokens(around["input_ids"].tolist())
    before = len(pieces) - len(alone["input_ids"]) - 1
    assert pieces[0] == "[CLS]" and pieces[-2:] == ["and", "[SEP]"] and pieces[1] == "john"
    assert np.array_equal(around["first_piece"], alone["first_piece"] + before)
    assert around["input_ids"][around["first_piece"]].tolist() == alone["input_ids"][alone["first_piece"]].tolist()
    for name in ("num_words", "label_ids", "mask"):
        assert np.array_equal(around[name], alone[name])


@pytest.mark.parametrize("length", range(1, 12))
def test_the_sentence_comes_first_where_room_is_short(tiny_bert: Path, length: int) -> None:
    preprocessor = SequenceLabelingPreprocessor(
        str(tiny_bert), labels=["LOC"], max_length=10, context={"left": 9, "right": 9}
    )
    words = ["london"] * length
    example = Example("", words, context=(["in"] * 6, ["of"] * 3))
    features = preprocessor.encode([example], training=False)[0]
    assert features["num_words"] == length
    pieces = preprocessor.tokenizer.tokenizer.convert_ids_to_tokens(features["input_ids"].tolist())
    if length <= 8:
        assert len(pieces) == 10 and pieces.count("london") == length
        assert pieces.count("of") == min(3, (9 - length) // 2 if length > 1 else 3)
    else:
        assert len(features["piece_lengths"]) > 1 and "of" not in pieces


def test_cached_features_know_the_context(tiny_bert: Path, tmp_path: Path) -> None:
    store = ExampleStore.build("two", lambda: sentences("john works", "in london"), tmp_path)
    lengths = []
    for context in (None, {"left": 1}, {"left": 2, "right": 2}):
        preprocessor = SequenceLabelingPreprocessor(str(tiny_bert), labels=["LOC"], context=context)
        lengths.append(FeatureDataset(store, preprocessor, training=True, cache_dir=tmp_path).lengths.tolist())
    assert lengths[0][0] == lengths[1][0] and lengths[0] < lengths[1] < lengths[2]


def test_span_models_have_it_too(tiny_bert: Path) -> None:
    preprocessor = SpanExtractionPreprocessor(str(tiny_bert), labels=["LOC"], context={"right": 3})
    example = Example("", ["london"], [{"start": 0, "end": 1, "type": "LOC"}], context=([], ["and", "york"]))
    features = preprocessor.encode([example], training=True)[0]
    assert features["cells"].tolist() == [0, 0, 0] and len(features["input_ids"]) == 5


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"lef": 3}, "preprocessor.context has no key 'lef'; did you mean 'left'? known: left, right"),
        ({"left": -1}, "preprocessor.context.left is -1; it must be a number of words, 0 or more"),
        ({"right": True}, "preprocessor.context.right is True; it must be a number of words, 0 or more"),
    ],
)
def test_what_is_no_context_is_refused(context: dict[str, int], message: str) -> None:
    with pytest.raises(AdaSeqError) as error:
        read_extent(context)
    assert str(error.value) == message


def test_without_a_backbone_there_is_nobody_to_read_it() -> None:
    with pytest.raises(AdaSeqError) as error:
        SequenceLabelingPreprocessor(labels=["LOC"], context={"left": 4})
    assert str(error.value) == (
        "preprocessor.context is what a backbone reads beside a sentence, and there is none: give "
        "model.embedder.model_name_or_path, or leave the context out"
    )
