"""LoRA and its like."""

import pytest
import torch

from adaseq.errors import ModelError
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder

LORA = {"type": "lora", "r": 2, "lora_alpha": 4}


@pytest.fixture
def tokens():
    return {
        "input_ids": torch.tensor([[2, 7, 8, 3]]),
        "attention_mask": torch.ones(1, 4, dtype=torch.bool),
        "first_piece": torch.tensor([[1, 2]]),
        "last_piece": torch.tensor([[1, 2]]),
    }


def trained(tiny_bert, tokens, **peft):
    torch.manual_seed(0)
    embedder = TransformerEmbedder(str(tiny_bert), peft={**LORA, **peft})
    optimizer = torch.optim.SGD([p for p in embedder.parameters() if p.requires_grad], lr=0.5)
    for _ in range(2):
        embedder(tokens)[..., 0].sum().backward()
        optimizer.step()
    return embedder.eval()


def test_only_the_adapters_are_trained_and_begin_with_nothing(tiny_bert, tokens):
    plain = TransformerEmbedder(str(tiny_bert)).eval()
    embedder = TransformerEmbedder(str(tiny_bert), peft=LORA).eval()
    torch.testing.assert_close(embedder(tokens), plain(tokens))
    names = [name for name, each in embedder.named_parameters() if each.requires_grad]
    assert len(names) == 2 * 2 * 2 and all("lora_" in name for name in names)
    frozen = {name for name in embedder.state_dict() if "lora_" not in name}
    assert embedder.external_weights() == frozen
    assert TransformerEmbedder(str(tiny_bert), peft={**LORA, "save_backbone": True}).external_weights() == set()


def test_biases_that_are_trained_too_are_saved(tiny_bert):
    embedder = TransformerEmbedder(str(tiny_bert), peft={**LORA, "bias": "lora_only"})
    kept = set(embedder.state_dict()) - embedder.external_weights()
    assert sum(name.endswith("base_layer.bias") for name in kept) == 4


def test_merged_they_compute_the_same(tiny_bert, tokens):
    embedder = trained(tiny_bert, tokens)
    before = embedder(tokens)
    plain = TransformerEmbedder(str(tiny_bert)).eval()
    assert not torch.allclose(before, plain(tokens), atol=1e-3)
    embedder.merge_adapters()
    torch.testing.assert_close(embedder(tokens), before, atol=1e-4, rtol=1e-4)
    assert embedder.state_dict().keys() == plain.state_dict().keys()
    assert embedder.external_weights() == set()


@pytest.mark.parametrize("method", [{"type": "ia3", "target_modules": ["key"], "feedforward_modules": []}, {"type": "loha", "target_modules": ["query"]}])  # fmt: skip
def test_other_methods(tiny_bert, tokens, method):
    embedder = TransformerEmbedder(str(tiny_bert), peft=method)
    embedder(tokens).sum().backward()
    trained_names = [name for name, each in embedder.named_parameters() if each.requires_grad]
    assert trained_names and len(trained_names) < 10
    assert set(embedder.state_dict()) - embedder.external_weights() == set(trained_names)


def test_recomputing_works_with_adapters(tiny_bert, tokens):
    embedder = TransformerEmbedder(str(tiny_bert), peft=LORA, gradient_checkpointing=True).train()
    embedder(tokens).sum().backward()
    assert all(each.grad is not None for each in embedder.parameters() if each.requires_grad)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"type": "lorra"}, "embedder.peft.type: there is no method 'lorra' that changes layers; did you mean 'lora'"),
        ({"type": "prompt_tuning"}, "there is no method 'prompt_tuning' that changes layers"),
        ({"rank": 8}, "embedder.peft: there is no option 'rank'"),
        ({"target_modules": ["nothing"]}, "embedder.peft does not fit a BertModel"),
        ({**LORA, "digest": "0"}, "not the one that the adapters were trained on"),
    ],
)
def test_what_is_refused(tiny_bert, block, message):
    with pytest.raises(ModelError, match=message):
        TransformerEmbedder(str(tiny_bert), peft=block)


def test_without_the_package(tiny_bert, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    with pytest.raises(ModelError, match=r"needs the package peft: pip install 'adaseq\[peft\]'"):
        TransformerEmbedder(str(tiny_bert), peft=LORA)
