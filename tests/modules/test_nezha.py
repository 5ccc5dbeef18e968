"""NEZHA against its equations, written out word pair by word pair."""

import json
import math

import pytest
import torch

from adaseq.data.piece_tokenizer import PieceTokenizer
from adaseq.errors import ModelError
from adaseq.modules.backbones import load_encoder
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from adaseq.modules.nezha import NezhaConfig, NezhaModel, relative_waves

SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_relative_position": 3,
    "vocab_size": 163,
}


@pytest.fixture
def nezha():
    torch.manual_seed(0)
    model = NezhaModel(NezhaConfig.from_dict(SIZES)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture
def folder(nezha, tiny_bert, tmp_path):
    """A folder as it is published: the head of the pretraining is there, and a vocabulary without more."""
    config = {**SIZES, "model_type": "nezha", "architectures": ["NezhaForPreTraining"], "use_relative_position": True}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "vocab.txt").write_bytes((tiny_bert / "vocab.txt").read_bytes())
    weights = {f"nezha.{name}": value for name, value in nezha.state_dict().items()}
    weights["cls.predictions.bias"] = torch.zeros(163)
    weights["nezha.pooler.dense.weight"] = torch.zeros(16, 16)
    torch.save(weights, tmp_path / "pytorch_model.bin")
    return tmp_path


def wave(distance, width, furthest):
    place = max(-furthest, min(distance, furthest)) + furthest
    values = []
    for i in range(0, width, 2):
        angle = place / 10000 ** (i / width)
        values += [math.sin(angle), math.cos(angle)]
    return torch.tensor(values)


def test_waves():
    table = relative_waves(3, 8)
    assert table.shape == (7, 8)
    for distance in range(-3, 4):
        torch.testing.assert_close(table[distance + 3], wave(distance, 8, 3))


def test_attention_is_that_of_the_paper(nezha):
    attention = nezha.encoder["layer"][0].attention["self"]
    torch.manual_seed(1)
    hidden = torch.randn(1, 6, 16)
    expected = torch.zeros(6, 16)
    query, key, value = (layer(hidden)[0] for layer in (attention.query, attention.key, attention.value))
    for head in range(2):
        part = slice(8 * head, 8 * head + 8)
        for i in range(6):
            scores = torch.stack([query[i, part] @ (key[j, part] + wave(j - i, 8, 3)) for j in range(6)]) / 8**0.5
            shares = scores.softmax(0)
            expected[i, part] = sum(shares[j] * (value[j, part] + wave(j - i, 8, 3)) for j in range(6))
    torch.testing.assert_close(attention(hidden, torch.zeros(1, 1, 1, 6))[0], expected, atol=1e-5, rtol=1e-4)


def test_padding_is_not_seen(nezha):
    ids = torch.tensor([[5, 6, 7, 8, 9], [5, 6, 7, 0, 0]])
    mask = (ids > 0).long()
    outputs = nezha(ids, mask, output_hidden_states=True)
    assert len(outputs.hidden_states) == 3
    alone = nezha(ids[1:, :3], mask[1:, :3]).last_hidden_state
    torch.testing.assert_close(outputs.last_hidden_state[1:, :3], alone, atol=1e-5, rtol=1e-4)


def test_a_folder_is_a_backbone(folder, nezha, caplog):
    with caplog.at_level("INFO"):
        loaded = load_encoder(str(folder)).eval()
    assert "cls.predictions (1)" in caplog.text
    ids = torch.tensor([[5, 6, 7]])
    torch.testing.assert_close(loaded(ids, ids > 0).last_hidden_state, nezha(ids, ids > 0).last_hidden_state)
    tokenizer = PieceTokenizer(str(folder))
    assert len(tokenizer.encode([["mary", "北京"]])[0].starts) == 3
    assert tokenizer.prefix == [2] and tokenizer.suffix == [3]


def test_embedder_options_reach_it(folder):
    embedder = TransformerEmbedder(
        str(folder), gradient_checkpointing=True, scalar_mix={}, peft={"r": 2, "type": "lora"}
    ).train()
    tokens = {
        "input_ids": torch.tensor([[2, 7, 8, 3]]),
        "attention_mask": torch.ones(1, 4, dtype=torch.bool),
        "first_piece": torch.tensor([[1, 2]]),
        "last_piece": torch.tensor([[1, 2]]),
    }
    embedder(tokens).sum().backward()
    assert all(each.grad is not None for each in embedder.parameters() if each.requires_grad)
    partly = TransformerEmbedder(str(folder), freeze_layers=1)
    assert any(each.requires_grad for each in partly.parameters())
    assert not partly.transformer_model.embeddings.word_embeddings.weight.requires_grad


def test_its_own_configuration_is_saved(folder, tmp_path):
    target = tmp_path / "saved"
    target.mkdir()
    embedder = TransformerEmbedder(str(folder))
    embedder.save_assets(target)
    rebuilt = TransformerEmbedder(str(target), load_weights=False)
    assert rebuilt.state_dict().keys() == embedder.state_dict().keys()
    rebuilt.load_state_dict(embedder.state_dict())


def test_weights_of_another_model_are_refused(folder):
    torch.save({"nezha.embeddings.word_embeddings.weight": torch.zeros(3, 3)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="do not fit a NEZHA: .* tensors are missing or of another shape"):
        load_encoder(str(folder))
    (folder / "pytorch_model.bin").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        load_encoder(str(folder))
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="there are no weights in"):
        load_encoder(str(folder))


def test_sizes_that_cannot_be():
    with pytest.raises(ModelError, match="heads of even width"):
        NezhaConfig(hidden_size=18, num_attention_heads=6)
    with pytest.raises(ModelError, match="there is no activation 'swoosh'"):
        NezhaConfig(hidden_act="swoosh")
