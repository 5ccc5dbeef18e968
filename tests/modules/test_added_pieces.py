"""Pieces that a backbone's vocabulary has not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from adaseq.errors import ModelError
from adaseq.modules.added_pieces import extend_vocabulary, knows_segments
from adaseq.modules.backbones import load_encoder


def test_new_rows_are_put_behind_the_others(tiny_bert: Path) -> None:
    backbone = load_encoder(str(tiny_bert))
    before = backbone.get_input_embeddings().weight.detach().clone()
    extend_vocabulary(backbone, len(before) + 3)
    table = backbone.get_input_embeddings()
    assert table.weight.shape == (len(before) + 3, before.shape[1])
    assert torch.equal(table.weight[: len(before)], before)
    assert backbone.config.vocab_size == len(before) + 3
    ids = torch.tensor([[2, len(before) + 2]])
    assert backbone(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.isfinite().all()


def test_the_new_rows_are_always_the_same_and_of_the_size_of_the_others(tiny_bert: Path) -> None:
    tables = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        backbone = load_encoder(str(tiny_bert))
        extend_vocabulary(backbone, 200)
        tables.append(backbone.get_input_embeddings().weight.detach())
    assert torch.equal(*tables)
    old = load_encoder(str(tiny_bert)).get_input_embeddings().num_embeddings
    new, known = tables[0][old:], tables[0][:old]
    assert 0.5 < new.std() / known.std() < 2 and len(new.unique(dim=0)) == len(new)


def test_a_table_that_is_large_enough_stays(tiny_bert: Path) -> None:
    backbone = load_encoder(str(tiny_bert))
    table = backbone.get_input_embeddings()
    extend_vocabulary(backbone, table.num_embeddings)
    assert backbone.get_input_embeddings() is table


def test_a_frozen_backbone_stays_frozen(tiny_bert: Path) -> None:
    backbone = load_encoder(str(tiny_bert)).requires_grad_(False)
    extend_vocabulary(backbone, 200)
    assert not any(each.requires_grad for each in backbone.parameters())


def test_a_backbone_without_a_table() -> None:
    with pytest.raises(ModelError) as caught:
        extend_vocabulary(nn.Linear(2, 2), 5)
    assert str(caught.value) == "a Linear has no table of piece vectors"


def test_who_knows_segments(tiny_bert: Path) -> None:
    bert = load_encoder(str(tiny_bert))
    assert knows_segments(bert)
    bert.config.type_vocab_size = 1
    assert not knows_segments(bert)
    assert not knows_segments(SimpleNamespace(forward=lambda input_ids: input_ids))
