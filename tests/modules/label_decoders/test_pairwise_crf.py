"""The pairwise CRF against the enumeration of all sets of labels."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.errors import ModelError
from adaseq.modules.label_decoders.pairwise_crf import PairwiseCRF
from adaseq.registry import LABEL_DECODERS

VARIANTS = [{"two_potential": two, "sign_trick": sign} for two in (True, False) for sign in (True, False)]


def make(num_labels, strength=1.0, **options):
    """A CRF with potentials of about some strength."""
    crf = (
        PairwiseCRF([str(i) for i in range(num_labels)], label_emb_dim=4, pairwise_factor=3, **options).double().eval()
    )
    for view in crf.views.values():
        torch.nn.init.normal_(view.output.weight, std=strength)
        torch.nn.init.normal_(view.output.bias, std=strength / 2)
    return crf


def all_sets(num_labels):
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=num_labels)), dtype=torch.float64)


def slow_log_score(crf, scores, labels):
    """By the definition, pair after pair."""
    tables = {(a, b): crf.potentials(a, b) for a in (0, 1) for b in (0, 1)}
    total = sum(scores[j] for j in range(len(labels)) if labels[j])
    for j in range(len(labels)):
        for k in range(j + 1, len(labels)):
            total = total + tables[int(labels[j]), int(labels[k])][j, k]
    return total


@pytest.mark.parametrize("options", VARIANTS)
def test_scores_of_sets_are_those_of_their_pairs(options):
    torch.manual_seed(0)
    crf, scores = make(4, **options), torch.randn(4, dtype=torch.float64)
    sets = all_sets(4)
    expected = torch.stack([slow_log_score(crf, scores, labels) for labels in sets])
    torch.testing.assert_close(crf.log_score(scores.expand(len(sets), -1), sets), expected)


@pytest.mark.parametrize("options", VARIANTS)
def test_the_potentials_of_a_pair_do_not_depend_on_its_order(options):
    crf = make(5, **options)
    for a, b in itertools.product((0, 1), repeat=2):
        torch.testing.assert_close(crf.potentials(a, b), crf.potentials(b, a).T)


@pytest.mark.parametrize("options", VARIANTS)
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), num_labels=st.integers(1, 5))
def test_where_all_others_are_certain_a_vote_is_the_exact_conditional(options, seed, num_labels):
    torch.manual_seed(seed)
    crf = make(num_labels, **options, mfvi_iteration=0)
    scores = torch.randn(num_labels, dtype=torch.float64)
    labels = all_sets(num_labels)[seed % 2**num_labels]
    with_votes = mean_field_step(crf, scores, labels)
    for j in range(num_labels):
        one, zero = labels.clone(), labels.clone()
        one[j], zero[j] = 1.0, 0.0
        odds = crf.log_score(scores[None], one[None]) - crf.log_score(scores[None], zero[None])
        torch.testing.assert_close(with_votes[j], odds[0])


def mean_field_step(crf, scores, holds):
    from adaseq.modules.label_decoders import pairwise_crf

    return scores + pairwise_crf._votes(holds[None], crf._views(), crf._sign)[0]


@pytest.mark.parametrize("options", VARIANTS)
def test_weak_potentials_give_nearly_the_exact_marginals(options):
    torch.manual_seed(1)
    crf = make(4, 0.25, **options, mfvi_iteration=20, return_logits=False)
    scores = torch.randn(6, 4, dtype=torch.float64)
    sets = all_sets(4)
    weights = torch.stack([crf.log_score(row.expand(len(sets), -1), sets).softmax(0) for row in scores])
    exact = weights @ sets
    with_pairs, without = (crf(scores) - exact).abs(), (scores.sigmoid() - exact).abs()
    assert with_pairs.max() < 0.01
    assert with_pairs.mean() < 0.2 * without.mean()


def test_what_it_settles_on_makes_no_more_difference_to_itself():
    torch.manual_seed(2)
    crf = make(5, 0.4, mfvi_iteration=60, mfvi_step_size=0.5)
    scores = torch.randn(1, 5, dtype=torch.float64)
    logits = crf(scores)[0]
    torch.testing.assert_close(mean_field_step(crf, scores[0], logits.sigmoid()), logits, atol=1e-4, rtol=1e-4)


def test_the_free_energy_falls():
    """Mean field with small steps lowers the divergence from the distribution, which is known by enumeration."""
    torch.manual_seed(3)
    scores = torch.randn(1, 4, dtype=torch.float64)
    sets = all_sets(4)
    divergences = []
    for iterations in (0, 1, 3, 10, 40):
        torch.manual_seed(4)
        crf = make(4, 0.7, mfvi_iteration=iterations, mfvi_step_size=0.2)
        exact = crf.log_score(scores.expand(len(sets), -1), sets).log_softmax(0)
        holds = crf(scores)[0].sigmoid()
        log_q = (sets * holds.log() + (1 - sets) * (1 - holds).log()).sum(1)
        divergences.append((log_q.exp() * (log_q - exact)).sum().item())
    assert divergences == sorted(divergences, reverse=True) and divergences[-1] < 0.8 * divergences[0]


def test_without_iterations_or_votes_the_scores_stay():
    scores = torch.randn(3, 4)
    for options in ({"mfvi_iteration": 0}, {"mfvi_scaler": 0.0}):
        torch.testing.assert_close(make(4, **options).float()(scores), scores)


def test_a_single_label_has_nobody_to_ask():
    scores = torch.randn(3, 1)
    torch.testing.assert_close(make(1).float()(scores), scores)


def test_probabilities_are_those_of_the_logits():
    crf, scores = make(3).float(), torch.randn(2, 3)
    logits = crf(scores)
    crf.return_logits = False
    torch.testing.assert_close(crf(scores), logits.sigmoid())


def test_items_do_not_know_of_each_other():
    crf, scores = make(4).float(), torch.randn(5, 4)
    torch.testing.assert_close(torch.cat([crf(row[None]) for row in scores]), crf(scores))
    assert crf(scores[:0]).shape == (0, 4)


def test_in_half_precision_it_computes_in_full():
    crf, scores = make(4).float(), torch.randn(5, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(crf(scores), crf(scores)) and crf(scores.bfloat16()).dtype == torch.float32
        torch.testing.assert_close(crf(scores), crf(scores.float()))


def test_label_dropout_acts_in_training_alone():
    crf, scores = make(6, label_dropout=0.5).float(), torch.randn(2, 6)
    assert torch.equal(crf(scores), crf(scores))
    crf.train()
    assert not torch.equal(crf(scores), crf(scores))


def test_it_learns_that_labels_exclude_each_other():
    """Scores that know nothing: only that exactly one of two labels holds."""
    torch.manual_seed(0)
    crf = PairwiseCRF(["a", "b"], label_emb_dim=8, pairwise_factor=4)
    scores = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.4, 0.0], [0.0, 0.4]])
    wanted = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    optimizer = torch.optim.Adam(crf.parameters(), lr=0.02)
    for _ in range(150):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(crf(scores), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert ((crf(scores) > 0).float() == wanted).all()
    with torch.no_grad():
        alike = crf.potentials(1, 1)[0, 1] + crf.potentials(0, 0)[0, 1]
        different = crf.potentials(0, 1)[0, 1] + crf.potentials(1, 0)[0, 1]
    assert different > alike


def test_the_cost_grows_with_the_number_of_labels_and_not_its_square():
    crf = PairwiseCRF([str(i) for i in range(20_000)], label_emb_dim=4, pairwise_factor=2)
    assert crf(torch.zeros(2, 20_000)).isfinite().all()  # a table of pairs would take 1.6 GB


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairwise_factor": 0}, "decoder.pairwise_factor must be at least 1; received 0"),
        ({"mfvi_iteration": -1}, "decoder.mfvi_iteration must not be negative; received -1"),
        ({"mfvi_step_size": 1.5}, "decoder.mfvi_step_size must be more than 0 and at most 1; received 1.5"),
        ({"label_dropout": 1.0}, "decoder.label_dropout must be at least 0 and less than 1; received 1.0"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(options, message):
    with pytest.raises(ModelError) as caught:
        PairwiseCRF(["a"], **options)
    assert str(caught.value) == message


def test_it_is_built_by_name():
    assert isinstance(LABEL_DECODERS.build({"type": "pairwise-crf", "label_emb_dim": 2}, labels=["a"]), PairwiseCRF)
