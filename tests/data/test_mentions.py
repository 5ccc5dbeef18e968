"""Rows of features in one dict, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.example import Example
from adaseq.data.mentions import label_ids, mentions_of, pack, places, unpack
from adaseq.errors import DataError

ROWS = st.lists(
    st.fixed_dictionaries(
        {"ids": st.lists(st.integers(0, 99)), "more": st.lists(st.integers(0, 9)), "count": st.integers(-5, 5)}
    ),
    min_size=1,
    max_size=5,
)


@given(ROWS)
def test_unpacked_rows_are_those_that_were_packed(rows):
    made = [
        {"ids": np.asarray(r["ids"], np.int32), "more": np.asarray(r["more"], np.int64), "count": r["count"]}
        for r in rows
    ]
    again = unpack({**pack(made), "index": 3, "mentions": np.zeros(2)})
    assert [{k: v if isinstance(v, int) else v.tolist() for k, v in row.items()} for row in again] == rows


def test_types_become_ids_each_once():
    spans = [{"start": 0, "end": 1, "type": "", "types": ["b", "a", "b"]}, {"start": 1, "end": 2, "type": "a"}]
    found = label_ids(spans, {"a": 0, "b": 1}, "")
    assert found["label_ids"].tolist() == [1, 0, 0] and found["label_counts"].tolist() == [2, 1]
    assert places(spans)["mentions"].tolist() == [0, 1, 1, 2]
    assert places([])["mentions"].tolist() == []


def test_an_unknown_type_is_refused():
    with pytest.raises(DataError) as caught:
        label_ids([{"start": 0, "end": 1, "type": "", "types": ["persn"]}], {"person": 0}, "train.json:3")
    assert "the type 'persn' is not among the labels; did you mean 'person'?" in str(caught.value)
    assert "train.json:3" in str(caught.value)


@pytest.mark.parametrize("bounds", [(0, 3), (1, 1), (-1, 1)])
def test_a_mention_must_be_within_the_words(bounds):
    example = Example("1", ["a", "b"], [{"start": bounds[0], "end": bounds[1], "type": ""}], origin="x:1")
    with pytest.raises(DataError, match="which the 2 words do not have"):
        mentions_of(example)
