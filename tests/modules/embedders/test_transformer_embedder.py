"""Word vectors from pieces."""

import pytest
import torch

from adaseq.errors import ModelError
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder, pool_pieces


@pytest.fixture
def tokens():
    return {
        "input_ids": torch.tensor([[2, 7, 8, 9, 10, 3], [2, 11, 3, 0, 0, 0]]),
        "attention_mask": torch.tensor([[True] * 6, [True] * 3 + [False] * 3]),
        "first_piece": torch.tensor([[1, 3], [1, 0]]),
        "last_piece": torch.tensor([[2, 4], [1, 0]]),
        "mask": torch.tensor([[True, True], [True, False]]),
    }


PIECES = torch.tensor([[[0.0, 9.0], [1.0, 2.0], [3.0, 0.0], [4.0, 4.0], [7.0, 7.0]]])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("first", [[1.0, 2.0], [4.0, 4.0]]),
        ("last", [[3.0, 0.0], [4.0, 4.0]]),
        ("avg", [[2.0, 1.0], [4.0, 4.0]]),
        ("w2max", [[3.0, 2.0], [4.0, 4.0]]),
    ],
)
def test_pooling(mode, expected):
    pooled = pool_pieces(PIECES, torch.tensor([[1, 3]]), torch.tensor([[2, 3]]), mode)
    assert pooled.tolist() == [expected]


@pytest.mark.parametrize("mode", ["first", "last", "avg", "mean", "w2max", "max"])
def test_padding_does_not_change_the_vectors(tiny_bert, tokens, mode):
    embedder = TransformerEmbedder(str(tiny_bert), sub_token_mode=mode).eval()
    alone = {name: value[1:, :3] if value.shape[1] == 6 else value[1:, :1] for name, value in tokens.items()}
    together = embedder(tokens)
    assert together.shape == (2, 2, 32) and embedder.output_size == 32
    torch.testing.assert_close(together[1:, :1], embedder(alone))


def test_windows_are_stitched(tiny_bert, tokens):
    embedder = TransformerEmbedder(str(tiny_bert)).eval()
    words = embedder(tokens)
    stitched = embedder({**tokens, "stitch": torch.tensor([[0, 1, 2]])})
    torch.testing.assert_close(stitched, torch.cat([words[:1], words[1:, :1]], dim=1))


def test_very_many_pieces_go_through_in_parts(tiny_bert, tokens, monkeypatch):
    embedder = TransformerEmbedder(str(tiny_bert)).eval()
    with torch.no_grad():
        whole = embedder(tokens)
        monkeypatch.setattr("adaseq.modules.embedders.transformer_embedder.MOST_PIECES", 6)
        sizes = []
        embedder.transformer_model.register_forward_hook(lambda *args: sizes.append(len(args[-1][0])))
        torch.testing.assert_close(embedder(tokens), whole)
    assert sizes == [1, 1]


def test_frozen_backbone_and_its_dropout(tiny_bert, tokens):
    embedder = TransformerEmbedder(str(tiny_bert), train_parameters=False, eval_mode=True).train()
    assert not any(parameter.requires_grad for parameter in embedder.parameters())
    torch.testing.assert_close(embedder(tokens), embedder(tokens))


def test_scalar_mix_begins_as_the_mean_of_the_layers(tiny_bert, tokens):
    embedder = TransformerEmbedder(str(tiny_bert), scalar_mix={}).eval()
    layers = embedder.transformer_model(
        input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"].long(), output_hidden_states=True
    ).hidden_states[1:]
    expected = pool_pieces(sum(layers) / len(layers), tokens["first_piece"], tokens["last_piece"], "first")
    torch.testing.assert_close(embedder(tokens), expected)
    assert embedder.scalar_mix.weights.requires_grad


def test_without_weights_the_network_is_random(tiny_bert):
    torch.manual_seed(1)
    loaded = TransformerEmbedder(str(tiny_bert)).state_dict()
    fresh = TransformerEmbedder(str(tiny_bert), load_weights=False).state_dict()
    assert loaded.keys() == fresh.keys()
    assert any(not torch.equal(loaded[key], fresh[key]) for key in loaded)


def test_gradient_checkpointing_gives_the_same_gradients(tiny_bert, tokens):
    gradients = []
    for checkpointing in (False, True):
        embedder = TransformerEmbedder(str(tiny_bert), gradient_checkpointing=checkpointing).train()
        torch.manual_seed(0)
        embedder(tokens).square().sum().backward()
        gradients.append({name: p.grad.clone() for name, p in embedder.named_parameters()})
    assert gradients[0].keys() == gradients[1].keys()
    for name in gradients[0]:
        torch.testing.assert_close(gradients[0][name], gradients[1][name])


def test_no_unused_pooler(tiny_bert):
    assert not any("pooler" in name for name, _ in TransformerEmbedder(str(tiny_bert)).named_parameters())


def test_weights_of_another_model_are_refused(tiny_bert, tmp_path):
    import shutil

    from safetensors.torch import save_file

    shutil.copytree(tiny_bert, tmp_path / "other")
    save_file({"something.else": torch.zeros(1)}, tmp_path / "other" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="tensors are missing.*They would stay random"):
        TransformerEmbedder(str(tmp_path / "other"))


def test_structbert_is_read_as_bert(tiny_bert, tmp_path, tokens):
    import json
    import shutil

    folder = tmp_path / "structbert"
    shutil.copytree(tiny_bert, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "structbert"}))
    torch.testing.assert_close(
        TransformerEmbedder(str(folder)).eval()(tokens), TransformerEmbedder(str(tiny_bert)).eval()(tokens)
    )
