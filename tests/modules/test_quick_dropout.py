"""Dropout that is quick on a CPU."""

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from adaseq.modules.quick_dropout import QuickDropout, quicken_dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_quick_dropout_drops_and_scales_like_that_of_pytorch(rate: float, dtype: torch.dtype):
    torch.manual_seed(0)
    values = torch.full((301, 7, 101), 3.0, dtype=dtype, requires_grad=True)
    dropped = QuickDropout(rate)(values)
    expected = nn.Dropout(rate)(values)
    assert dropped.dtype == dtype and dropped.shape == values.shape
    # Four standard deviations of a share among 212,807 features; the scale of a kept one is the same but for the rounding of rates.
    assert (dropped == 0).double().mean().item() == pytest.approx(
        rate, abs=4 * (rate * (1 - rate) / values.numel()) ** 0.5
    )
    torch.testing.assert_close(dropped.max(), expected.max(), rtol=1e-4 if dtype != torch.bfloat16 else 0, atol=0)
    dropped.sum().backward()
    assert values.grad is not None and torch.equal(values.grad * 3, dropped.detach())


def test_features_next_to_each_other_are_dropped_independently():
    torch.manual_seed(0)
    kept = (QuickDropout(0.5)(torch.ones(1_000_000)) != 0).double() - 0.5
    for distance in range(1, 9):
        assert abs((kept[distance:] * kept[:-distance]).mean().item()) < 4 * 0.25 / 1000
    assert abs(kept.mean().item()) < 4 * 0.5 / 1000


def test_quick_dropout_depends_on_the_seed_alone():
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(QuickDropout(0.3)(torch.ones(5, 33)))
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (3, 5)])
def test_quick_dropout_takes_values_of_any_shape(shape: tuple[int, ...]):
    values = torch.ones(shape)
    assert QuickDropout(0.5)(values).shape == shape
    assert torch.equal(QuickDropout(0.0)(values), values)
    assert torch.equal(QuickDropout(1.0)(values), torch.zeros(shape))
    assert torch.equal(QuickDropout(0.5).eval()(values), values)


def test_all_dropout_of_a_network_is_quickened():
    network = nn.Sequential(nn.Dropout(0.2), nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.3)), nn.Dropout1d(0.4))
    quicken_dropout(network)
    found = [(type(each), each.p) for each in network.modules() if hasattr(each, "p")]
    assert found == [(QuickDropout, 0.2), (QuickDropout, 0.3), (nn.Dropout1d, 0.4)]


def backbone(attention_dropout: float, implementation: str = "sdpa") -> BertModel:
    torch.manual_seed(0)
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 16,
        "initializer_range": 0.3,
    }
    config = BertConfig(vocab_size=50, hidden_dropout_prob=0.0, attention_probs_dropout_prob=attention_dropout, **sizes)
    config._attn_implementation = implementation
    return BertModel(config)


MASKS = (torch.ones(3, 9, dtype=torch.long), torch.arange(9).expand(3, 9).lt(torch.tensor([[9], [4], [1]])).long())


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("is_training", [True, False])
def test_attention_that_drops_hardly_anything_is_that_of_pytorch(mask: torch.Tensor, is_training: bool):
    pieces = torch.randint(0, 50, (3, 9))
    model, plain = backbone(2.0**-16).train(is_training), backbone(0.0)
    quicken_dropout(model)
    torch.manual_seed(5)
    ours, theirs = (each(pieces, mask).last_hidden_state[mask.bool()] for each in (model, plain))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    for each in (ours, theirs):
        each.square().sum().backward()
    for (name, weight), expected in zip(model.named_parameters(), plain.parameters(), strict=True):
        if expected.grad is not None:
            torch.testing.assert_close(weight.grad, expected.grad, rtol=1e-3, atol=1e-3, msg=name)


def test_attention_drops_as_much_as_that_of_pytorch():
    pieces, mask = torch.randint(0, 50, (64, 9)), torch.ones(64, 9, dtype=torch.long)
    spreads = []
    for is_quick in (True, False):
        model = backbone(0.3).train()
        if is_quick:
            quicken_dropout(model)
        torch.manual_seed(1)
        with torch.no_grad():
            vectors = torch.stack([model(pieces, mask).last_hidden_state for _ in range(30)])
        spreads.append(vectors.std(0).mean().item())
    assert spreads[0] > 0.01 and spreads[0] == pytest.approx(spreads[1], rel=0.03)


def test_a_backbone_that_was_told_how_to_attend_attends_so():
    model = backbone(0.1, "eager")
    quicken_dropout(model)
    assert model.config._attn_implementation == "eager"


def test_what_is_saved_of_a_backbone_does_not_tell_of_it(tmp_path: Path):
    model = backbone(0.1)
    quicken_dropout(model)
    model.save_pretrained(tmp_path)
    assert "quick" not in (tmp_path / "config.json").read_text()
    assert BertModel.from_pretrained(tmp_path).config._attn_implementation == "sdpa"
