"""The spans that are taken are those that a plain search takes."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.modules.span_search import (
    Candidates,
    best_class_candidates,
    positive_candidates,
    take_best,
)

SPANS = st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(0, 6), st.integers(0, 2)).map(
    lambda each: (each[0], min(each[1:3]), max(each[1:3]), each[3])
)


def agree(one, other, nesting):
    (a, b), (c, d) = one, other
    if nesting == "any" or b < c or d < a or one == other:
        return True
    return nesting == "nested" and ((a <= c and d <= b) or (c <= a and b <= d))


def plain_search(spans, nesting):
    """Spans in the order of their ranks; each is compared with all that were taken."""
    found = [[], [], []]
    for number, (row, start, last, label) in enumerate(spans):
        if all(agree((start, last), each[:2], nesting) for each in found[row]):
            found[row].append((start, last, label, number))
    return [sorted(each) for each in found]


@settings(max_examples=300)
@given(st.lists(SPANS, max_size=25, unique=True), st.sampled_from(["flat", "nested", "any"]))
def test_the_best_first_and_none_that_clashes_with_it(spans, nesting):
    columns = torch.tensor(spans, dtype=torch.long).reshape(-1, 4).unbind(1)
    scores = -torch.arange(len(spans), dtype=torch.float32)
    shuffled = torch.randperm(len(spans))
    candidates = Candidates(*(each[shuffled] for each in (*columns, scores, scores.neg())))
    found = take_best(candidates, 3, nesting)
    assert [[tuple(map(int, each)) for each in row] for row in found] == plain_search(spans, nesting)


def test_a_span_that_was_refused_refuses_none():
    # AdaSeq 0.6 compared spans with all better ones, those that were not taken too.
    spans = torch.tensor([[0, 15, 20], [0, 10, 17], [0, 10, 13]])
    scores = torch.tensor([5.8, 5.3, 4.5])
    found = take_best(Candidates(*spans.unbind(1), torch.zeros(3, dtype=torch.long), scores, scores), 1, "flat")
    assert [each[:2] for each in found[0]] == [(10, 13), (15, 20)]


def blocks(scores, mask, find, height):
    length = mask.shape[1]
    rows = range(0, length, height)
    return Candidates.join([find(scores[:, i : i + height, :, i:], mask, i) for i in rows])


@settings(max_examples=50)
@given(st.integers(0, 2**31), st.integers(1, 6))
def test_candidates_are_cells_above_the_diagonal_of_real_words(seed, height):
    torch.manual_seed(seed)
    mask = torch.arange(6) < torch.tensor([[6], [0], [3]])
    scores = torch.randn(3, 6, 4, 6)
    best = blocks(scores, mask, best_class_candidates, height)
    expected = {
        (b, i, j, int(scores[b, i, :, j].argmax()) - 1)
        for b in range(3)
        for i in range(6)
        for j in range(i, 6)
        if mask[b, j] and scores[b, i, :, j].argmax() > 0
    }
    assert {tuple(map(int, each[:4])) for each in zip(*best, strict=True)} == expected
    wanted = scores[best.sentences, best.starts, :, best.lasts].softmax(1).gather(1, best.classes[:, None] + 1)[:, 0]
    assert torch.allclose(best.probabilities, wanted)
    positive = blocks(scores, mask, positive_candidates, height)
    expected = {
        (b, i, j, k)
        for b in range(3)
        for i in range(6)
        for j in range(i, 6)
        for k in range(4)
        if mask[b, j] and scores[b, i, k, j] > 0
    }
    assert {tuple(map(int, each[:4])) for each in zip(*positive, strict=True)} == expected
    assert torch.allclose(positive.probabilities, positive.scores.sigmoid())


def test_nothing_proposed_is_nothing_found():
    nothing = torch.zeros(0, dtype=torch.long)
    assert take_best(Candidates(*[nothing] * 4, nothing.float(), nothing.float()), 2, "flat") == [[], []]
