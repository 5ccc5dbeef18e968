"""BERT's layers without their modules: the same numbers, or none."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from torch import nn

from adaseq.modules.bert_layers import BertLayers
from adaseq.modules.quick_dropout import quicken_dropout

SMALL = {
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
}
IDS = torch.randint(5, 50, (3, 24), generator=torch.Generator().manual_seed(1))
MASK = torch.arange(24) < torch.tensor([[24], [7], [1]])


def backbone(name: str, **options: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = getattr(transformers, f"{name}Config")(**{**SMALL, **options})
        model = getattr(transformers, f"{name}Model")(config).eval()
        for parameter in model.parameters():  # so that a wrong bias or norm shows
            nn.init.normal_(parameter, std=0.3)
    return model


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Bert", {}),
        ("Bert", {"layer_norm_eps": 1e-3, "num_attention_heads": 8}),
        ("Roberta", {"pad_token_id": 1}),
        ("XLMRoberta", {"pad_token_id": 1, "type_vocab_size": 1}),
        ("Electra", {"embedding_size": 32}),
    ],
)
@pytest.mark.parametrize("mask", [MASK, torch.ones_like(MASK)], ids=["padded", "full"])
@pytest.mark.parametrize("has_segments", [False, True])
def test_each_layer_is_the_same(name: str, options: dict[str, Any], mask: torch.Tensor, has_segments: bool) -> None:
    model = backbone(name, **options)
    ids = IDS.where(mask, model.config.pad_token_id)
    kinds = {"token_type_ids": torch.zeros_like(ids)} if has_segments else {}
    with torch.inference_mode():
        given = BertLayers(model).run(ids, mask, kinds.get("token_type_ids"), all_layers=True)
        wanted = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True, **kinds).hidden_states[1:]
    assert given is not None
    for ours, theirs in zip(given, wanted, strict=True):
        torch.testing.assert_close(ours[mask], theirs[mask])


def test_a_backbone_in_training_is_evaluated_without_modules_too() -> None:
    model = backbone("Bert")
    quicken_dropout(model)
    assert model.config._attn_implementation != "sdpa"
    with torch.inference_mode():
        (given,) = BertLayers(model).run(IDS, MASK, None, all_layers=False) or [None]
        wanted = model(input_ids=IDS, attention_mask=MASK.long()).last_hidden_state
    assert given is not None
    torch.testing.assert_close(given[MASK], wanted[MASK])


def test_weights_that_change_are_the_new_ones() -> None:
    model = backbone("Bert")
    layers = BertLayers(model)
    with torch.no_grad():
        layers.run(IDS, MASK, None, all_layers=False)
        model.load_state_dict({name: value * 0.5 for name, value in model.state_dict().items()})
        given = layers.run(IDS, MASK, None, all_layers=False)
        assert given is not None
        wanted = model(input_ids=IDS, attention_mask=MASK.long()).last_hidden_state
    torch.testing.assert_close(given[-1][MASK], wanted[MASK])


def test_half_precision() -> None:
    model = backbone("Bert").bfloat16()
    with torch.no_grad():
        given = BertLayers(model).run(IDS, MASK, None, all_layers=False)
    assert given is not None and given[-1].dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Bert", {"hidden_act": "gelu_new"}),
        ("Bert", {"attn_implementation": "eager"}),
        ("Bert", {"is_decoder": True}),
        ("Electra", {"embedding_size": 16}),
        ("DistilBert", {"dim": 32, "n_layers": 1, "n_heads": 2, "hidden_dim": 64}),
        ("Albert", {"embedding_size": 16}),
    ],
)
def test_other_backbones_are_left_alone(name: str, options: dict[str, Any]) -> None:
    with torch.no_grad():
        assert BertLayers(backbone(name, **options)).run(IDS, MASK, None, all_layers=False) is None


def test_what_only_looks_like_bert_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = backbone("Bert")
    usual = type(model.encoder.layer[0]).feed_forward_chunk
    monkeypatch.setattr(type(model.encoder.layer[0]), "feed_forward_chunk", lambda *args: usual(*args) * 1.1)
    with torch.no_grad():
        assert BertLayers(model).run(IDS, MASK, None, all_layers=False) is None


def test_in_training_and_where_somebody_listens_the_modules_run() -> None:
    model = backbone("Bert")
    layers = BertLayers(model)
    with torch.no_grad():
        assert layers.run(IDS, MASK, None, all_layers=False) is not None
        assert layers.run(IDS[:0], MASK[:0], None, all_layers=False) is not None
        model.register_forward_hook(lambda *_: None)
        assert layers.run(IDS, MASK, None, all_layers=False) is None
    model = backbone("Bert")
    model.encoder.layer[1].attention.register_forward_hook(lambda *_: None)
    with torch.no_grad():
        assert BertLayers(model).run(IDS, MASK, None, all_layers=False) is None
        assert BertLayers(backbone("Bert").train()).run(IDS, MASK, None, all_layers=False) is None
