"""Which examples are held out."""

import collections

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.example import Example
from adaseq.data.splits import arrange_splits, stratify
from adaseq.data.store.examples import ExampleStore
from adaseq.errors import AdaSeqError


def store(tmp_path, count, name="train"):
    """Examples of which one in ten has the rare label."""
    kinds = ["RARE" if i % 10 == 0 else "COMMON" for i in range(count)]
    examples = [Example(str(i), ["a"], [{"start": 0, "end": 1, "type": kind}]) for i, kind in enumerate(kinds)]
    return ExampleStore.build(f"{name}-{count}", lambda: examples, tmp_path)


def ids(split):
    return [example.id for example in split]


def test_valid_and_test_are_held_out_together(tmp_path):
    options = {"valid_ratio": 0.1, "test_ratio": 0.2}
    splits, notes = arrange_splits({"train": store(tmp_path, 100)}, options, 1, True)
    assert {name: len(split) for name, split in splits.items()} == {"train": 70, "valid": 10, "test": 20}
    together = [each for split in splits.values() for each in ids(split)]
    assert sorted(together, key=int) == [str(i) for i in range(100)]
    assert notes == [
        "valid: 10 examples held out of train by valid_ratio, 70 left",
        "test: 20 examples held out of train by test_ratio, 70 left",
    ]
    again, _ = arrange_splits({"train": store(tmp_path, 100)}, options, 1, True)
    other, _ = arrange_splits({"train": store(tmp_path, 100)}, options, 2, True)
    assert ids(splits["test"]) == ids(again["test"]) != ids(other["test"])
    assert splits["valid"].fingerprint != other["valid"].fingerprint


def test_stratified_each_split_has_its_share_of_each_label(tmp_path):
    options = {"valid_ratio": 0.1, "test_ratio": 0.2, "stratified": True}
    splits, notes = arrange_splits({"train": store(tmp_path, 200)}, options, 3, True)
    counts = {
        name: collections.Counter(example.spans[0]["type"] for example in split) for name, split in splits.items()
    }
    assert counts == {
        "train": {"COMMON": 126, "RARE": 14},
        "valid": {"COMMON": 18, "RARE": 2},
        "test": {"COMMON": 36, "RARE": 4},
    }
    assert notes[0] == "valid: 20 examples held out of train by valid_ratio, stratified by label, 140 left"


@given(
    labels=st.lists(st.sets(st.sampled_from("abcdef")), min_size=1, max_size=60),
    shares=st.lists(st.floats(0.05, 0.3), min_size=1, max_size=3),
)
def test_every_row_is_in_one_part_of_the_right_size(labels, shares):
    sizes = [int(len(labels) * share) for share in shares]
    sizes.append(len(labels) - sum(sizes))
    parts = stratify(labels, sizes)
    assert [len(part) for part in parts] == sizes
    assert sorted(row for part in parts for row in part) == list(range(len(labels)))


@given(st.integers(20, 200), st.integers(2, 10))
def test_one_label_each_is_spread_evenly(count, every):
    labels = [["rare" if row % every == 0 else "common"] for row in range(count)]
    size = count // 5
    part = stratify(labels, [size, count - size])[0]
    rare = sum(labels[row] == ["rare"] for row in part)
    assert abs(rare - size * len(range(0, count, every)) / count) <= 1


@pytest.mark.parametrize(
    ("splits", "options", "message"),
    [
        (["train", "test"], {"test_ratio": 0.1}, "dataset.test_ratio says how to do without a test file"),
        (["train", "valid"], {"valid_ratio": 0.1}, "dataset.valid_ratio says how to do without a valid file"),
        (["train"], {"valid_ratio": 0.1, "valid": "same_as_test"}, "exclude each other"),
        (
            ["test"],
            {"valid_ratio": 0.1},
            "dataset.valid_ratio holds out a share of the training data, but there is none",
        ),
        (["train"], {"valid_ratio": 0.001}, "dataset.valid_ratio is 0.001: of 20 examples that leaves 0 for valid"),
        (["train"], {"valid_ratio": 0.5, "test_ratio": 0.5}, "hold out all 20 examples and leave none for train"),
        (["train", "valid"], {"stratified": True}, "dataset.stratified is about valid_ratio and test_ratio"),
        (["train"], {"valid": "same_as_test"}, "dataset.valid is same_as_test, but there is no test split"),
    ],
)
def test_what_contradicts_itself_or_the_data(tmp_path, splits, options, message):
    with pytest.raises(AdaSeqError, match=message):
        arrange_splits({name: store(tmp_path, 20, name) for name in splits}, options, 1, True)


def test_the_test_part_that_was_held_out_may_choose(tmp_path):
    options = {"test_ratio": 0.2, "valid": "same_as_test"}
    splits, _ = arrange_splits({"train": store(tmp_path, 20)}, options, 1, True)
    assert splits["valid"] is splits["test"] and len(splits["test"]) == 4
