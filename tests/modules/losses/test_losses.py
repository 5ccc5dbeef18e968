"""Every loss against its formula, written out."""

import math

import pytest
import torch

from adaseq.errors import ModelError
from adaseq.modules.losses.base import build_loss, check_loss
from adaseq.registry import LOSSES, Lazy

CLASSES = ["O", "B-PER", "I-PER", "B-LOC"]


def make(name, **arguments):
    return build_loss(Lazy.from_block(LOSSES, {"type": name, **arguments}, {}), CLASSES)


def single():
    torch.manual_seed(0)
    return torch.randn(7, 4, dtype=torch.float64, requires_grad=True), torch.tensor([0, 1, 2, 3, -100, 0, -1])


def multi():
    torch.manual_seed(0)
    targets = torch.tensor([[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 0], [1, -1, 0, -1]])
    return torch.randn(4, 4, requires_grad=True), targets


@pytest.mark.parametrize("name", LOSSES.names())
def test_every_loss_is_finite_ignores_what_does_not_count_and_flows_back(name):
    loss = make(name)
    logits, targets = multi() if loss.is_multilabel else single()
    logits = logits.detach().float().requires_grad_()
    torch.manual_seed(1)
    value = loss(logits, targets)
    value.backward()
    assert value.ndim == 0 and value.isfinite() and logits.grad.isfinite().all() and logits.grad.abs().sum() > 0
    uncounted = targets < 0
    assert not logits.grad[uncounted].any()
    changed = logits.detach().clone()
    changed[uncounted] += 5.0
    torch.manual_seed(1)
    torch.testing.assert_close(loss(changed, targets), value.detach())


@pytest.mark.parametrize("name", LOSSES.names())
def test_nothing_to_judge_costs_nothing(name):
    loss = make(name)
    logits = torch.randn(3, 4, requires_grad=True)
    targets = torch.full((3, 4) if loss.is_multilabel else (3,), -100)
    for value in (loss(logits, targets), loss(logits[:0], targets[:0])):
        value.backward(retain_graph=True)
        assert value.item() == 0


@pytest.mark.parametrize("name", LOSSES.names())
def test_extreme_scores_stay_finite(name):
    loss = make(name)
    logits = (torch.tensor([[1e4, -1e4, 0.0, 5.0]]) * torch.tensor([[1.0], [-1.0]])).requires_grad_()
    targets = torch.tensor([[1, 0, 0, 1]] * 2) if loss.is_multilabel else torch.tensor([0, 0])
    loss(logits, targets).backward()
    assert logits.grad.isfinite().all()


def probabilities():
    logits, targets = single()
    counted = targets >= 0
    return logits.detach().softmax(-1)[counted], targets[counted]


def by_hand(one):
    p, targets = probabilities()
    return sum(one(row, int(target)) for row, target in zip(p, targets, strict=True)) / len(targets)


@pytest.mark.parametrize(
    ("name", "arguments", "one"),
    [
        ("cross-entropy", {}, lambda p, t: -math.log(p[t])),
        ("label-smoothing", {"smoothing": 0.2}, lambda p, t: -0.8 * math.log(p[t]) - 0.05 * sum(map(math.log, p))),
        ("focal", {"gamma": 2.0}, lambda p, t: -((1 - p[t]) ** 2) * math.log(p[t])),
        ("focal", {"gamma": 0.5, "weights": {"O": 0.1}}, lambda p, t: -(0.1 if t == 0 else 1) * (1 - p[t]) ** 0.5 * math.log(p[t])),
        ("dice", {"alpha": 0.6, "smooth": 1.0}, lambda p, t: 1 - (2 * (1 - p[t]) ** 0.6 * p[t] + 1) / ((1 - p[t]) ** 0.6 * p[t] + 2)),
    ],
)  # fmt: skip
def test_losses_of_one_class(name, arguments, one):
    logits, targets = single()
    assert make(name, **arguments)(logits, targets).item() == pytest.approx(float(by_hand(one)), rel=1e-5)


def test_weighted_cross_entropy_is_torch_s():
    logits, targets = single()
    weights = [0.2, 1.0, 2.0, 3.0]
    expected = torch.nn.functional.cross_entropy(
        logits.float(), targets.clamp(min=-1), torch.tensor(weights), ignore_index=-1
    )
    torch.testing.assert_close(make("weighted-cross-entropy", weights=weights)(logits, targets), expected)


def test_weights_by_name_reach_all_tags_of_a_type():
    loss = make("weighted-cross-entropy", weights={"PER": 3, "O": 0.5, "B-LOC": 2})
    assert loss.weight.tolist() == [0.5, 3.0, 3.0, 2.0]
    with pytest.raises(ModelError, match="there is no class 'PRE'; did you mean 'PER'"):
        make("weighted-cross-entropy", weights={"PRE": 1})
    with pytest.raises(ModelError, match="3 weights are given, but there are 4 classes"):
        make("weighted-cross-entropy", weights=[1, 1, 1])
    with pytest.raises(ModelError, match="must not be negative; received -1"):
        make("weighted-cross-entropy", weights={"PER": -1})


@pytest.mark.parametrize("way", ["inverse", "inverse-sqrt", "effective"])
def test_weights_from_counts(way):
    counts = [900, 50, 50, 0]
    recipe = Lazy.from_block(LOSSES, {"type": "focal", "weights": way}, {"class_counts": counts})
    weight = build_loss(recipe, CLASSES).weight
    assert weight[0] < weight[1] == weight[2] <= weight[3]
    assert (weight * torch.tensor(counts)).sum() / 1000 == pytest.approx(1)
    if way != "effective":
        assert weight[1] / weight[0] == pytest.approx(18 if way == "inverse" else 18**0.5)
    # A trained model is built without counts; its weights come from its folder.
    loaded = build_loss(Lazy.from_block(LOSSES, {"type": "focal", "weights": way}, {}), CLASSES)
    loaded.load_state_dict({"weight": weight})
    assert torch.equal(loaded.weight, weight)


def test_binary_cross_entropy():
    logits, targets = multi()
    counted = targets >= 0
    cells = torch.nn.functional.binary_cross_entropy(logits.sigmoid(), targets.clamp(min=0).float(), reduction="none")
    torch.testing.assert_close(make("bce")(logits, targets), cells[counted].mean())
    heavy = torch.where(targets > 0, 3 * cells, cells)
    torch.testing.assert_close(make("weighted-bce", pos_weight=3)(logits, targets), heavy[counted].mean())
    named = make("weighted-bce", pos_weight={"B-LOC": 3.0})
    only = cells.clone()
    only[:, 3] = heavy[:, 3]
    torch.testing.assert_close(named(logits, targets), only[counted].mean())


def test_granularity_counts_a_group_only_where_one_of_it_holds():
    logits, targets = multi()
    targets = targets.clamp(min=0)
    cells = torch.nn.functional.binary_cross_entropy(logits.sigmoid(), targets.float(), reduction="none")
    total = 0.0
    for row in range(4):
        for group in ([0], [1, 2], [3]):
            if targets[row, group].any():
                total = total + cells[row, group].mean()
    expected = total / 3  # the second item has no type
    by_place = make("ufet-granularity", boundaries=[1, 3])
    by_name = make("ufet-granularity", groups=[["O"], ["I-PER", "B-PER"]])
    torch.testing.assert_close(by_place(logits, targets), expected)
    torch.testing.assert_close(by_name(logits, targets), expected)
    with pytest.raises(ModelError, match="did you mean 'B-PER'"):
        make("ufet-granularity", groups=[["B-PERS"]])
    with pytest.raises(ModelError, match="positive and rise"):
        make("ufet-granularity", boundaries=[3, 3])


def test_partial_bce_trusts_all_positive_and_some_negative_cells():
    targets = torch.zeros(400, 4, dtype=torch.long)
    targets[:, 0] = 1
    logits = torch.zeros(400, 4, requires_grad=True)
    torch.manual_seed(0)
    make("partial-bce", negative_sampling=0.25)(logits, targets).backward()
    assert logits.grad[:, 0].all()
    assert (logits.grad[:, 1:] != 0).float().mean().item() == pytest.approx(0.25, abs=0.05)


def test_positive_unlabelled_risk():
    logits, targets = multi()
    positive, unlabelled = logits[targets == 1], logits[targets == 0]

    def cost(values):
        return torch.nn.functional.softplus(values).mean()

    expected = 0.8 * 0.05 * cost(-positive) + 0.2 * (cost(unlabelled) - 0.05 * cost(positive))
    torch.testing.assert_close(make("positive-unlabelled", prior=0.05, balance=0.8)(logits, targets), expected)
    # The second part is never less than nothing.
    sure = torch.where(targets == 1, 9.0, -9.0)
    expected = 0.8 * 0.9 * cost(torch.tensor([-9.0]))
    torch.testing.assert_close(make("positive-unlabelled", prior=0.9)(sure, targets.clamp(min=0)), expected)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("focal", {"gamma": -1}, "loss.gamma must not be negative"),
        ("label-smoothing", {"smoothing": 1.0}, "loss.smoothing must be at least 0 and less than 1"),
        ("partial-bce", {"negative_sampling": 0}, "loss.negative_sampling must be more than 0"),
        ("positive-unlabelled", {"prior": 1.0}, "loss.prior must be more than 0 and less than 1"),
        ("weighted-bce", {"pos_weight": 0}, "loss.pos_weight must be more than 0"),
    ],
)
def test_impossible_options(name, arguments, message):
    with pytest.raises(ModelError, match=message):
        make(name, **arguments)


def test_wrong_shapes_are_shown():
    with pytest.raises(ValueError, match=r"received \(2, 3\) and \(2, 3\)"):
        make("focal")(torch.zeros(2, 3), torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"received \(2, 3\) and \(2,\)"):
        make("bce")(torch.zeros(2, 3), torch.zeros(2))


def test_a_loss_for_items_of_the_other_sort_is_refused():
    check_loss({"loss": {"type": "focal"}}, is_multilabel=False)
    check_loss({"loss": None}, is_multilabel=True)
    with pytest.raises(ModelError, match="'bce', but here each item has exactly one class; choose among cross-entropy"):
        check_loss({"loss": {"type": "bce"}}, is_multilabel=False)
    with pytest.raises(ModelError, match="'DiceLoss', but here each item may have several classes; choose among bce"):
        check_loss({"loss": Lazy(LOSSES.get("dice"))}, is_multilabel=True)
