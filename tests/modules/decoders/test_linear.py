from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from adaseq.modules.decoders import LinearDecoder


def test_log_likelihood_is_the_cross_entropy_of_labelled_words(make_batch):
    decoder = LinearDecoder(4, batch_first=True)
    emissions, tags, mask = make_batch([5, 2, 1], 4)
    tags[0, 2] = -100
    labels = tags.masked_fill(~mask, -100)
    mean = decoder(emissions, tags, mask, "token_mean")
    torch.testing.assert_close(mean, -cross_entropy(emissions.flatten(0, 1), labels.flatten()))
    torch.testing.assert_close(decoder(emissions, tags, mask, "sum"), mean * 7)
    each = decoder(emissions, tags, mask, "none")
    torch.testing.assert_close(each.mean(), decoder(emissions, tags, mask, "mean"))
    for row, length in enumerate([5, 2, 1]):
        expected = -cross_entropy(emissions[row, :length], labels[row, :length], reduction="sum")
        torch.testing.assert_close(each[row], expected)


def test_a_batch_without_labels_has_no_loss(make_batch):
    emissions, tags, mask = make_batch([3, 2], 4)
    decoder = LinearDecoder(4, batch_first=True)
    assert decoder(emissions, torch.full_like(tags, -100), mask, "token_mean") == 0


def test_decoding_takes_each_words_best_tag(make_batch):
    emissions, _, mask = make_batch([5, 2, 1], 4)
    best = emissions.argmax(2).tolist()
    expected = [row[:length] for row, length in zip(best, [5, 2, 1], strict=True)]
    assert LinearDecoder(4, batch_first=True).decode(emissions, mask) == expected
    assert LinearDecoder(4).decode(emissions.transpose(0, 1), mask.t()) == expected


def test_n_best_scores_are_log_probabilities(make_batch):
    emissions, _, mask = make_batch([3, 1], 2)
    ranked = LinearDecoder(2, batch_first=True).decode(emissions, mask, nbest=8)
    assert [len(paths) for paths in ranked] == [8, 2]
    for paths in ranked:
        assert float(sum(torch.tensor(score).exp() for _, score in paths)) == pytest.approx(1.0)
        assert [score for _, score in paths] == sorted((score for _, score in paths), reverse=True)
    assert ranked[0][0][0] == emissions[0].argmax(1).tolist()


def test_probabilities_are_products_of_softmax(make_batch):
    emissions, _, mask = make_batch([5, 2], 4)
    decoder = LinearDecoder(4, batch_first=True)
    softmax = emissions.softmax(2)
    torch.testing.assert_close(decoder.marginals(emissions, mask), softmax * mask.unsqueeze(2))
    paths = torch.tensor([[3, 1, 0], [2, -1, -1]])
    received = decoder.path_probabilities(
        emissions, mask, paths, torch.tensor([0, 1]), torch.tensor([2, 1]), torch.tensor([3, 1])
    )
    expected = [softmax[0, 2, 3] * softmax[0, 3, 1] * softmax[0, 4, 0], softmax[1, 1, 2]]
    torch.testing.assert_close(received, torch.stack(expected))


def test_a_wish_restricts_words(make_batch):
    emissions, _, mask = make_batch([2], 3)
    allowed = torch.tensor([[[False, True, True], [True, False, False]]])
    decoder = LinearDecoder(3, batch_first=True)
    best = 1 + int(emissions[0, 0, 1:].argmax())
    assert decoder.decode(emissions, mask, allowed=allowed) == [[best, 0]]
    marginals = decoder.posterior(emissions, mask, allowed=allowed).marginals()[0]
    torch.testing.assert_close(marginals[0, 1:], emissions[0, 0, 1:].softmax(0))
    torch.testing.assert_close(marginals[1], torch.eye(3, dtype=torch.float64)[0])


def test_padding_is_never_read(make_batch):
    emissions, tags, mask = make_batch([4, 2], 3)
    decoder = LinearDecoder(3, batch_first=True)
    results = []
    for filler in (0.0, torch.nan):
        leaf = emissions.masked_fill(~mask.unsqueeze(2), filler).requires_grad_()
        value = decoder(leaf, tags, mask)
        value.backward()
        results.append((value, leaf.grad, decoder.marginals(leaf, mask)))
    assert all(torch.equal(each, other) for each, other in zip(*results, strict=True))


def test_it_has_no_parameters_and_checks_tags(make_batch):
    decoder = LinearDecoder(3, batch_first=True)
    assert not decoder.state_dict()
    emissions, _, mask = make_batch([2], 3)
    with pytest.raises(ValueError) as caught:
        decoder(emissions, torch.tensor([[0, 7]]), mask)
    assert str(caught.value) == "tags must be within [0, 3), got 7 at word 1 of sentence 0"
