"""Losses over grids agree with their definitions, in parts as in one piece, and in half precision."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from adaseq.modules.grid_losses import (
    Cells,
    judged_spans,
    row_blocks,
    sigmoid_loss,
    softmax_loss,
    sum_over_grid,
    threshold_loss,
    touched,
)

LENGTHS, TYPES = (5, 1, 0, 3), 3


def grid(lengths=LENGTHS, classes=TYPES, seed=0):
    """Scores, the mask of words, and some annotated cells of spans, each once."""
    torch.manual_seed(seed)
    length = max(*lengths, 1)
    mask = torch.arange(length) < torch.tensor(lengths)[:, None]
    scores = torch.randn(len(lengths), length, classes, length, dtype=torch.float64)
    spans = [(b, i, j) for b, n in enumerate(lengths) for i in range(n) for j in range(i, n)]
    chosen = [(*span, k) for number, span in enumerate(spans) for k in range(classes - 1) if (number + k) % 4 == 0]
    cells = torch.tensor(chosen, dtype=torch.long).reshape(-1, 4)
    return scores, mask, Cells(*cells.unbind(1))


def one_class_each(cells):
    place = [tuple(map(int, each)) for each in zip(*cells[:3], strict=True)]
    kept = torch.tensor([number for number, each in enumerate(place) if each not in place[:number]])
    return Cells(*(each[kept] for each in cells))


def test_cross_entropy_over_the_spans_of_real_words():
    scores, mask, cells = grid(classes=TYPES + 1)
    cells = one_class_each(cells)._replace(classes=one_class_each(cells).classes + 1)
    targets = torch.zeros(scores.shape[0], scores.shape[1], scores.shape[3], dtype=torch.long)
    targets[cells.sentences, cells.rows, cells.columns] = cells.classes
    judged = judged_spans(mask, None)
    expected = cross_entropy(scores.transpose(2, 3)[judged], targets[judged], reduction="sum")
    assert torch.allclose(softmax_loss(scores, judged, cells), expected)


def test_a_span_of_several_types_is_compared_with_their_mixture():
    scores = torch.randn(1, 1, 4, 1, dtype=torch.float64)
    zero, types = torch.zeros(2, dtype=torch.long), torch.tensor([1, 3])
    loss = softmax_loss(scores, torch.ones(1, 1, 1, dtype=torch.bool), Cells(zero, zero, zero, types))
    mixture = torch.tensor([[0, 0.5, 0, 0.5]], dtype=torch.float64)
    assert torch.allclose(loss, cross_entropy(scores[:, 0, :, 0], mixture))


def test_binary_cross_entropy_of_each_type():
    scores, mask, cells = grid()
    judged = judged_spans(mask, None).unsqueeze(2).expand_as(scores)
    targets = torch.zeros_like(scores)
    targets[cells.sentences, cells.rows, cells.classes, cells.columns] = 1
    expected = binary_cross_entropy_with_logits(scores[judged], targets[judged], reduction="sum")
    assert torch.allclose(sigmoid_loss(scores, judged_spans(mask, None), cells), expected)


def test_threshold_loss_as_it_is_defined():
    scores, mask, cells = grid()
    positives = {tuple(map(int, each)) for each in zip(*cells, strict=True)}
    expected = torch.zeros((), dtype=torch.float64)
    for b, k in itertools.product(range(len(LENGTHS)), range(TYPES)):
        inside, outside = torch.ones((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
        for i, j in itertools.combinations_with_replacement(range(LENGTHS[b]), 2):
            score = scores[b, i, k, j]
            if (b, i, j, k) in positives:
                inside = inside + (-score).exp()
            else:
                outside = outside + score.exp()
        expected = expected + inside.log() + outside.log()
    assert torch.allclose(threshold_loss(scores, judged_spans(mask, None), cells), expected)


LOSSES = {"softmax": softmax_loss, "sigmoid": sigmoid_loss, "threshold": threshold_loss}


@pytest.mark.parametrize("name", LOSSES)
def test_padding_plays_no_part(name):
    scores, mask, cells = grid()
    other = torch.where(judged_spans(mask, None).unsqueeze(2), scores, scores.new_tensor(1e4))
    for each in (scores, other):
        each.requires_grad_()
    losses = [LOSSES[name](each, judged_spans(mask, None), cells) for each in (scores, other)]
    assert losses[0].item() == pytest.approx(losses[1].item())
    losses[1].backward()
    assert (other.grad.transpose(2, 3)[~judged_spans(mask, None)] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_stays_finite(name, dtype):
    scores, mask, cells = grid()
    low = (scores * 1000).to(dtype).requires_grad_()
    loss = LOSSES[name](low, judged_spans(mask, None), cells)
    loss.backward()
    assert loss.isfinite() and low.grad.isfinite().all()
    assert loss.item() == pytest.approx(
        LOSSES[name](low.detach().double(), judged_spans(mask, None), cells).item(), rel=1e-3
    )


def test_sentences_without_words_cost_nothing():
    scores, mask, cells = grid(lengths=(0, 0))
    for loss in LOSSES.values():
        scores = scores.detach().requires_grad_()
        value = loss(scores, judged_spans(mask, None), cells)
        value.backward()
        assert value.item() == 0 and (scores.grad == 0).all()


@pytest.mark.parametrize("splits_rows", [False, True])
@pytest.mark.parametrize("most_at_once", [1, 80, 200])
@pytest.mark.parametrize("name", LOSSES)
def test_in_parts_it_is_the_same(name, most_at_once, splits_rows):
    if splits_rows and name == "threshold":
        return  # its sentences are no sums of rows
    _, mask, cells = grid()
    base = torch.randn(*mask.shape, TYPES, mask.shape[1], dtype=torch.float64)
    results = []
    for most in (10**9, 0):
        scores = base.clone().requires_grad_()
        loss = sum_over_grid(
            lambda sentences, rows, scores=scores: scores[sentences, rows] * 2,
            [scores],
            judged_spans(mask, None),
            cells,
            TYPES,
            LOSSES[name],
            most,
            most_at_once,
            splits_rows,
        )
        loss.backward()
        with torch.no_grad():
            assert torch.allclose(loss, LOSSES[name](scores * 2, judged_spans(mask, None), cells))
        results.append((loss.detach(), scores.grad))
    assert torch.allclose(results[0][0], results[1][0]) and torch.allclose(results[0][1], results[1][1])


def test_dropout_in_parts_is_drawn_once():
    torch.manual_seed(0)
    judged, cells = judged_spans(torch.ones(4, 3, dtype=torch.bool), None), Cells(*torch.zeros(4, 0, dtype=torch.long))
    base = torch.ones(4, 3, 1, 3, dtype=torch.float64, requires_grad=True)

    def score(sentences, rows):
        return torch.dropout(base[sentences, rows], 0.5, True)

    loss = sum_over_grid(
        score, [base], judged, cells, 1, lambda scores, judged, _: (scores**2 * judged.unsqueeze(2)).sum(), 0, 1
    )
    loss.backward()
    # The gradient of (2 x)^2 where x was kept, of nothing where it was dropped: as in the forward pass.
    assert (base.grad.sum() / 2).item() == pytest.approx(loss.item())


@settings(max_examples=50)
@given(st.lists(st.booleans(), min_size=1, max_size=7))
def test_words_that_are_not_annotated_touch_the_spans_over_them(flags):
    unknown = torch.tensor([flags])
    for i, j in itertools.product(range(len(flags)), repeat=2):
        assert touched(unknown)[0, i, j] == any(flags[min(i, j) : max(i, j) + 1])
    judged = judged_spans(torch.ones(1, len(flags), dtype=torch.bool), unknown)
    assert torch.equal(judged[0], (~touched(unknown)[0]).triu())


@settings(max_examples=50)
@given(st.integers(0, 40), st.integers(0, 30), st.integers(1, 100))
def test_row_blocks_cover_every_row_once(rows, size, most):
    blocks = list(row_blocks(rows, size, most))
    assert [row for first, last in blocks for row in range(first, last)] == list(range(rows))
    assert all((last - first) * size <= most or last - first == 1 for first, last in blocks)
