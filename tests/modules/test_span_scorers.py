"""Biaffine form, pointer and word scores compute what their papers say."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import logsigmoid

from adaseq.models.biaffine_ner import SpanScorer
from adaseq.modules.biaffine import Biaffine
from adaseq.modules.encoders.transformer import rotate
from adaseq.modules.pointer import Pointer
from adaseq.modules.word_scores import WordScores
from tests.live_memory import peak_bytes


@pytest.mark.parametrize("bias", [True, False])
def test_biaffine_form_by_hand(bias):
    torch.manual_seed(0)
    form = Biaffine(3, 4, bias).double()
    torch.nn.init.normal_(form.weight)
    first, second = (torch.randn(2, length, 3, dtype=torch.float64, requires_grad=True) for length in (5, 6))
    scores = form(first, second)
    ones = [torch.nn.functional.pad(each, (0, 1), value=1.0) if bias else each for each in (first, second)]
    expected = torch.einsum("bid,kde,bje->bikj", ones[0], form.weight.transpose(1, 2), ones[1])
    assert scores.shape == (2, 5, 4, 6) and torch.allclose(scores, expected)
    learned, wish = [form.weight, first, second], torch.randn_like(scores)
    gradients = (torch.autograd.grad((each * wish).sum(), learned) for each in (scores, expected))
    assert all(torch.allclose(*each) for each in zip(*gradients, strict=True))


def test_the_gradient_of_a_biaffine_form_is_made_once():
    form, vectors = Biaffine(200, 20), torch.randn(1, 2, 200)
    size = form.weight.numel() * form.weight.element_size()
    assert peak_bytes(lambda: form(vectors, vectors).sum().backward()) < 1.1 * size


def test_spans_are_scored_by_their_ends_and_their_length():
    torch.manual_seed(0)
    scorer = SpanScorer(5, 4, 3, True, 0.0)
    for weight in (scorer.biaffine.weight, scorer.by_length.weight):
        torch.nn.init.normal_(weight)
    vectors, every = scorer(torch.randn(2, 40, 5)), slice(None)
    scores = scorer.scores(vectors)
    by_length = (scores - scorer.biaffine(vectors.firsts, vectors.lasts))[0].transpose(0, 1)  # (K, L, L)
    for length in range(40):
        expected = scorer.by_length(scorer.lengths.weight[min(length, 31)])
        assert torch.allclose(by_length.diagonal(length, 1, 2), expected.unsqueeze(1), atol=1e-5)
    block = vectors.block(every, slice(3, 6), every)
    assert torch.allclose(scorer.scores(block, 3), scores[:, 3:6], atol=1e-5)
    block = vectors.block(every, slice(3, 6), slice(3, None))
    assert torch.allclose(scorer.scores(block), scores[:, 3:6, :, 3:], atol=1e-5)


def test_one_step_of_adam_does_not_throw_the_scores_of_spans_far_off():
    torch.manual_seed(0)
    scorer, words = SpanScorer(384, 150, 7, True, 0.0), torch.randn(1, 6, 384)
    before = scorer.scores(scorer(words))
    optimizer = torch.optim.Adam(scorer.parameters(), 1e-3)
    before[0, 2, 1, 3].backward()
    optimizer.step()
    change = scorer.scores(scorer(words)) - before
    assert 0 < change[0, 2, 1, 3].abs() < 0.1


@pytest.mark.parametrize("is_rotary", [True, False])
@pytest.mark.parametrize("is_efficient", [True, False])
def test_pointer_by_hand(is_efficient, is_rotary):
    torch.manual_seed(0)
    pointer = Pointer(5, 4, 3, is_efficient, is_rotary).double()
    words = torch.randn(2, 6, 5, dtype=torch.float64)
    scores = pointer.scores(pointer(words))
    projected = pointer.projection(words)
    for k in range(3):
        head = 0 if is_efficient else k
        query, key = projected[:, :, 8 * head : 8 * head + 4], projected[:, :, 8 * head + 4 : 8 * head + 8]
        if is_rotary:
            query, key = rotate(query), rotate(key)
        expected = query @ key.transpose(1, 2) / math.sqrt(4)
        if is_efficient:
            added = pointer.types(projected) / 2
            expected = expected + added[:, :, k].unsqueeze(2) + added[:, :, 3 + k].unsqueeze(1)
        else:
            expected = expected + pointer.type_bias[k]
        assert torch.allclose(scores[:, :, k], expected, atol=1e-7)


def test_rotary_scores_depend_on_distance_and_not_on_place():
    torch.manual_seed(0)
    pointer = Pointer(5, 8, 2, True, True).double()
    word = torch.randn(1, 1, 5, dtype=torch.float64)
    scores = pointer.scores(pointer(word.expand(1, 9, 5)))
    for offset in range(5):
        diagonal = scores[0].diagonal(offset, 0, 2)
        assert torch.allclose(diagonal, diagonal[:, :1].expand_as(diagonal))
    assert not torch.allclose(scores[0, 0, :, 0], scores[0, 0, :, 3])


def test_a_block_of_rows_is_a_part_of_the_whole():
    torch.manual_seed(0)
    for is_efficient in (True, False):
        pointer = Pointer(5, 4, 3, is_efficient, True)
        words = torch.randn(2, 7, 5)
        vectors = pointer(words)
        whole = pointer.scores(vectors)
        assert torch.allclose(pointer.scores(vectors.block(2, 4)), whole[:, 2:4, :, 2:], atol=1e-6)
        assert torch.allclose(pointer.scores(pointer(words[1:])), whole[1:], atol=1e-6)


def test_word_scores_by_hand():
    torch.manual_seed(0)
    scorer = WordScores(5, 3).double()
    assert [each.shape for each in scorer(torch.ones(2, 0, 5).double(), torch.ones(2, 0).bool())] == 2 * [(2, 0, 3)]
    torch.nn.init.normal_(scorer.linear.weight)
    words, lengths = torch.randn(2, 7, 5, dtype=torch.float64), [7, 4]
    mask = torch.arange(7) < torch.tensor(lengths).unsqueeze(1)
    starts, ends = scorer(words, mask)
    begins, continues = scorer.linear(words).sigmoid().chunk(2, -1)
    for sentence, length in enumerate(lengths):
        for first in range(length):
            for last in range(first, length):
                expected = begins[sentence, first] * continues[sentence, first + 1 : last + 1].prod(0)
                if last + 1 < length:
                    expected = expected * (1 - continues[sentence, last + 1])
                score = starts[sentence, first] + ends[sentence, last]
                assert torch.allclose(score.exp(), expected)


def test_word_scores_are_added_to_those_of_types_and_not_to_that_of_none():
    torch.manual_seed(0)
    scorer = SpanScorer(5, 4, 4, True, 0.0)
    vectors, starts, ends = scorer(torch.randn(2, 6, 5)), torch.randn(2, 6, 3), torch.randn(2, 6, 3)
    added = scorer.scores(vectors._replace(starts=starts, ends=ends)) - scorer.scores(vectors)
    expected = starts.unsqueeze(3) + ends.transpose(1, 2).unsqueeze(1)
    assert torch.allclose(added[:, :, 1:], expected, atol=1e-5) and not added[:, :, 0].any()


def test_word_scores_of_a_long_text_keep_their_precision_in_bfloat16():
    torch.manual_seed(0)
    scorer = WordScores(5, 3)
    torch.nn.init.normal_(scorer.linear.weight)
    words, mask = torch.randn(1, 2000, 5), torch.ones(1, 2000, dtype=torch.bool)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        starts, ends = scorer(words, mask)
        begins, continues = scorer.linear(words)[0].double().chunk(2, -1)
    first, last = 1990, 1994
    expected = logsigmoid(begins[first]) + logsigmoid(continues[first + 1 : last + 1]).sum(0)
    expected = expected + logsigmoid(-continues[last + 1])
    assert torch.allclose((starts[0, first] + ends[0, last]).double(), expected, atol=1e-3)
