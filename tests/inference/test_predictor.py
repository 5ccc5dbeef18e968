"""The predictor's own work, seen with a model that can be foretold: capitalised words are names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference import text_predictor
from adaseq.inference.predictor import Predictor


class FakePreprocessor:
    """Splits at blanks; the features of a sentence are its words."""

    context = None

    def __init__(self, text_splitter: str = "blank") -> None:
        self.text_splitter = text_splitter

    def split(self, text: str) -> tuple[list[str], list[tuple[int, int]]]:
        pattern = r"\S" if self.text_splitter == "char" else r"\S+"
        found = list(re.finditer(pattern, text))
        return [each.group() for each in found], [each.span() for each in found]

    def encode(self, examples: Sequence[Example], training: bool) -> list[dict[str, Any]]:
        assert not training
        return [{"input_ids": example.tokens} for example in examples]


def fake_collator(features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "words": [each["input_ids"] for each in features],
        "index": torch.tensor([each["index"] for each in features]),
    }


class FakeModel(torch.nn.Module):
    """Each run of capitalised words is a name; the longer its first word, the more probable."""

    types: ClassVar[list[str]] = ["NAME"]
    abilities: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.batches: list[list[list[str]]] = []

    def decode(self, batch: dict[str, Any], with_prob: bool = False) -> list[dict[str, Any]]:
        assert with_prob and torch.is_inference_mode_enabled() and not self.training
        assert all(batch["words"]), "the predictor answers empty sentences itself"
        self.batches.append(batch["words"])
        return [self._names(words) for words in batch["words"]]

    def _names(self, words: list[str]) -> dict[str, Any]:
        spans: list[dict[str, Any]] = []
        for place, word in enumerate(words):
            if not word[0].isupper():
                continue
            if spans and spans[-1]["end"] == place:
                spans[-1]["end"] += 1
            else:
                prob = 1 - 1 / (1 + len(word))
                spans.append({"start": place, "end": place + 1, "type": "NAME", "prob": prob})
        tags = ["I-NAME" if word[0].isupper() else "O" for word in words]
        return {"tags": tags, "spans": spans}


def make(text_splitter: str = "blank", **options: Any) -> Predictor:
    folder = SimpleNamespace(
        model=FakeModel(), preprocessor=FakePreprocessor(text_splitter), collator=fake_collator, task="names"
    )
    return Predictor(folder, **options)


def test_one_text() -> None:
    assert make()("we saw  Mary Ann,\tthen Bo") == {
        "output": [
            {"type": "NAME", "start": 8, "end": 17, "span": "Mary Ann,", "prob": 0.8},
            {"type": "NAME", "start": 23, "end": 25, "span": "Bo", "prob": pytest.approx(2 / 3)},
        ]
    }


def test_one_text_in_words() -> None:
    expected = {
        "type": "NAME",
        "start": 7,
        "end": 15,
        "span": "Mary Ann",
        "prob": 0.8,
        "token_start": 2,
        "token_end": 4,
    }
    assert make()({"tokens": ["we", "saw", "Mary", "Ann"]}) == {"output": [expected]}


def test_words_that_are_characters_are_joined_without_blanks() -> None:
    (found,) = make("char")({"tokens": ["a", "B", "C", "d"]})["output"]
    assert (found["span"], found["start"], found["end"], found["token_start"]) == ("BC", 1, 3, 1)


def test_a_list_gives_a_list_in_order() -> None:
    texts = ["a Bo", "", ["x", "Cy"], {"text": "Di e"}, {"tokens": []}, "   "]
    found = [[each["span"] for each in result["output"]] for result in make()(texts)]
    assert found == [["Bo"], [], ["Cy"], ["Di"], [], []]
    assert make()([]) == []


words = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.lists(words, max_size=12), st.integers(1, 40), st.integers(1, 5))
def test_batching_changes_nothing_and_offsets_point_into_the_text(
    texts: list[str], batch_tokens: int, read_ahead: int
) -> None:
    together = list(make(batch_tokens=batch_tokens).stream(texts, read_ahead))
    one_by_one = [make()(text) for text in texts]
    assert json.loads(json.dumps(together)) == one_by_one
    for text, result in zip(texts, together, strict=True):
        assert all(text[found["start"] : found["end"]] == found["span"] for found in result["output"])


def test_batches_keep_to_the_budget_and_hold_similar_lengths() -> None:
    predictor = make(batch_tokens=20)
    lengths = [1, 9, 2, 10, 1, 10, 2, 30, 1]
    assert len(predictor(["w " * length for length in lengths])) == len(lengths)
    batches = [[len(sentence) for sentence in batch] for batch in predictor.model.batches]
    assert batches == [[1, 1, 1, 2, 2], [9, 10], [10], [30]]


def test_a_stream_is_read_as_it_is_used() -> None:
    read: list[int] = []

    def texts() -> Iterator[str]:
        for number in count():
            read.append(number)
            yield f"No{number}"

    stream = make()(texts())
    assert read == []
    assert [result["output"][0]["span"] for result in islice(stream, 3)] == ["No0", "No1", "No2"]
    assert len(read) == 1024
    few = make().stream(texts(), read_ahead=4)
    read.clear()
    assert len(list(islice(few, 6))) == 6
    assert len(read) == 8


def test_long_texts_are_not_gathered_in_great_numbers() -> None:
    read: list[int] = []
    text = "w " * 40_000
    stream = make().stream(read.append(number) or text for number in range(10))
    assert next(stream) == {"output": []}
    assert len(read) == 3


def test_memory_is_given_back_between_batches_and_between_single_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(text_predictor, "give_memory_back", lambda: given.append(1))
    predictor = make(batch_tokens=10)
    predictor(["a b c d e"] * 40)  # 20 batches
    assert len(given) == 5
    list(predictor.stream((f"text {number}" for number in range(text_predictor.READ_AHEAD)), read_ahead=1))
    assert len(given) == 6


def test_words_and_tags_for_those_who_want_them() -> None:
    ((example, prediction),) = make().predict([{"text": "a Bo", "id": 7}])
    assert (example.tokens, example.text, example.fields) == (["a", "Bo"], "a Bo", {"id": 7})
    assert prediction["tags"] == ["O", "I-NAME"]


def test_min_probability_takes_improbable_spans_out_of_spans_and_tags() -> None:
    predictor = make(min_probability=0.7)
    assert [found["span"] for found in predictor("Bo met Mary")["output"]] == ["Mary"]
    ((_, prediction),) = predictor.predict(["Bo met Mary"])
    assert prediction["tags"] == ["O", "O", "I-NAME"]


def test_threads_share_a_predictor() -> None:
    predictor = make(batch_tokens=16)
    inputs = [[f"{'w ' * (number % 7)}No{number}-{turn}" for number in range(30)] for turn in range(8)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(predictor, inputs))
    for texts, result in zip(inputs, results, strict=True):
        assert [each["output"][0]["span"] for each in result] == [text.split()[-1] for text in texts]


NO_TEXT = 'an input is a string, a list of words, {"text": "…"} or {"tokens": ["…", …]}; received '


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (7, f"{NO_TEXT}7"),
        (None, f"{NO_TEXT}None"),
        (b"a", f"{NO_TEXT}b'a'"),
        ({"txt": "a"}, "an input has either \"text\" or \"tokens\"; this one has 'txt'"),
        ({"text": "a", "tokens": ["a"]}, "an input has either \"text\" or \"tokens\"; this one has 'text', 'tokens'"),
        ({}, 'an input has either "text" or "tokens"; this one has no keys'),
        (["a", 1], "\"tokens\" must be a list of strings; received ['a', 1]"),
        ({"tokens": "a b"}, "\"tokens\" must be a list of strings; received 'a b'"),
        ({"text": 3}, '"text" must be a string; received 3'),
        ({"text": "a", "mask": [True]}, 'a mask says which words are context: give the words, as "tokens" instead of "text"'),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(bad: Any, message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        make()(["fine", bad])
    assert str(caught.value) == f"inputs[1]: {message}"


@pytest.mark.parametrize("bad", [7, None, {"txt": "a"}])
def test_what_is_neither_a_text_nor_many_is_refused(bad: Any) -> None:
    with pytest.raises(AdaSeqError, match="^an input "):
        make()(bad)


def test_an_example_is_one_text() -> None:
    (found,) = make()(Example("", ["a", "Bo"]))["output"]
    assert (found["span"], found["token_start"]) == ("Bo", 1)


@pytest.mark.parametrize("bad", ["ab\ud800", {"tokens": ["a", "b\ud800"]}])
def test_half_a_surrogate_pair_is_refused(bad: Any) -> None:
    with pytest.raises(AdaSeqError) as caught:
        make()([bad])
    assert str(caught.value) == (
        "inputs[0]: the text holds half of a surrogate pair at character 2, which is no character and cannot be encoded"
    )


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("batch_tokens", 0, "batch_tokens must be at least 1; received 0"),
        ("min_probability", 50, "min_probability is a probability, from 0 to 1; received 50"),
        ("precision", "int8", "precision must be one of fp32, bf16, fp16; received 'int8'"),
    ],
)
def test_options_are_checked(option: str, value: Any, message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        make(**{option: value})
    assert str(caught.value) == message
