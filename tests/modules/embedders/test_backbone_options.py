"""Freezing, recomputing and keeping what a backbone computes."""

import copy
import pickle

import pytest
import torch

from adaseq.errors import ModelError
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from adaseq.modules.layers import parameter_depths


@pytest.fixture
def tokens():
    return {
        "input_ids": torch.tensor([[2, 7, 8, 9, 10, 3], [2, 11, 3, 0, 0, 0]]),
        "attention_mask": torch.tensor([[True] * 6, [True] * 3 + [False] * 3]),
        "first_piece": torch.tensor([[1, 3], [1, 0]]),
        "last_piece": torch.tensor([[2, 4], [1, 0]]),
        "mask": torch.tensor([[True, True], [True, False]]),
    }


def calls_of_layers(embedder):
    calls = []
    for layer in embedder.transformer_model.encoder.layer:
        layer.intermediate.register_forward_hook(lambda *_: calls.append(1))
    return calls


@pytest.mark.parametrize(("count", "trained"), [(0, {1, 2}), (1, {2}), (2, set())])
def test_the_lowest_layers_are_frozen(tiny_bert, count, trained):
    embedder = TransformerEmbedder(str(tiny_bert), freeze_layers=count)
    depths = parameter_depths(embedder.transformer_model)
    parameters = dict(embedder.transformer_model.named_parameters())
    assert {depths[name] for name, each in parameters.items() if each.requires_grad} == trained
    assert {depths[name] for name in parameters} == {0, 1, 2}


def test_too_many_layers_to_freeze(tiny_bert):
    with pytest.raises(ModelError, match="embedder.freeze_layers is 3, but the backbone has 2 layers"):
        TransformerEmbedder(str(tiny_bert), freeze_layers=3)


@pytest.mark.parametrize("options", [{}, {"freeze_layers": 1}, {"scalar_mix": {}}])
def test_checkpointing_recomputes_layers_in_the_backward_pass(tiny_bert, tokens, options):
    for checkpointing, expected in ((False, 0), (True, 1 if "freeze_layers" in options else 2)):
        embedder = TransformerEmbedder(str(tiny_bert), gradient_checkpointing=checkpointing, **options).train()
        calls = calls_of_layers(embedder)
        words = embedder(tokens)
        assert len(calls) == 2
        words.sum().backward()
        assert len(calls) - 2 >= expected if checkpointing else len(calls) == 2
        trained = [each for each in embedder.parameters() if each.requires_grad]
        assert trained and all(each.grad is not None for each in trained)


def test_checkpointing_keeps_less_for_the_backward_pass(tiny_bert, tokens):
    kept = []
    for checkpointing in (False, True):
        embedder = TransformerEmbedder(str(tiny_bert), gradient_checkpointing=checkpointing).train()
        own = {each.data_ptr() for each in embedder.parameters()}
        sizes = {}

        def pack(tensor, own=own, sizes=sizes):
            if tensor.data_ptr() not in own:
                sizes[tensor.data_ptr()] = tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            embedder(tokens)
        kept.append(sum(sizes.values()))
    assert kept[1] < 0.5 * kept[0]


def test_a_frozen_backbone_computes_each_sentence_once(tiny_bert, tokens):
    plain = TransformerEmbedder(str(tiny_bert), train_parameters=False, eval_mode=True)
    for place in ("cpu", "gpu", "disk"):
        embedder = TransformerEmbedder(str(tiny_bert), train_parameters=False, storage=place).train()
        calls = calls_of_layers(embedder)
        for _ in range(2):
            torch.testing.assert_close(embedder(tokens), plain(tokens))
        assert len(calls) == 2 and len(embedder.storage) == 2
        # The other order, other padding: still known. A new sentence is computed alone.
        other = {name: value.flip(0) for name, value in tokens.items()}
        torch.testing.assert_close(embedder(other), plain(other))
        assert len(calls) == 2
        new = {**tokens, "input_ids": tokens["input_ids"].clone()}
        new["input_ids"][1, 1] = 12
        torch.testing.assert_close(embedder(new), plain(new))
        assert len(calls) == 4 and len(embedder.storage) == 3


def test_layers_kept_are_mixed_anew(tiny_bert, tokens):
    plain = TransformerEmbedder(str(tiny_bert), train_parameters=False, eval_mode=True, scalar_mix={})
    embedder = TransformerEmbedder(str(tiny_bert), train_parameters=False, storage="cpu", scalar_mix={})
    for weights in ([0.0, 0.0], [3.0, -3.0]):
        for each in (plain, embedder):
            each.scalar_mix.weights.data = torch.tensor(weights)
        torch.testing.assert_close(embedder(tokens), plain(tokens))
    embedder(tokens).sum().backward()
    assert embedder.scalar_mix.gamma.grad is not None and len(embedder.storage) == 2


def test_what_is_kept_goes_with_the_weights(tiny_bert, tokens):
    embedder = TransformerEmbedder(str(tiny_bert), train_parameters=False, storage="disk")
    embedder(tokens)
    assert len(copy.deepcopy(embedder).storage) == 0 and len(pickle.loads(pickle.dumps(embedder.storage))) == 0
    weights = {name: value * 1.5 for name, value in embedder.state_dict().items()}
    embedder.load_state_dict(weights)
    fresh = TransformerEmbedder(str(tiny_bert), train_parameters=False, eval_mode=True)
    fresh.load_state_dict(weights)
    torch.testing.assert_close(embedder(tokens), fresh(tokens))


def test_a_thawed_backbone_cannot_be_kept(tiny_bert, tokens):
    embedder = TransformerEmbedder(str(tiny_bert), train_parameters=False, storage="cpu")
    next(embedder.transformer_model.parameters()).requires_grad_(True)
    with pytest.raises(ModelError, match="a parameter group has thawed it"):
        embedder(tokens)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"storage": "cpu"},
            "embedder.storage: cpu keeps what a frozen backbone computes: set train_parameters: false",
        ),
        ({"freeze_layers": 1, "train_parameters": False}, "freeze_layers has no effect with train_parameters: false"),
        ({"freeze_layers": 1, "peft": {"r": 2}}, "freeze_layers has no effect with peft"),
        ({"gradient_checkpointing": True, "eval_mode": True}, "works in training mode only"),
        ({"sub_module": "encodr"}, "a BertModel has no 'encodr'; did you mean 'encoder'"),
    ],
)
def test_options_that_contradict_each_other(tiny_bert, options, message):
    with pytest.raises(ModelError, match=message):
        TransformerEmbedder(str(tiny_bert), **options)


def test_weights_that_no_part_takes_are_reported(trained_folder, caplog):
    with caplog.at_level("INFO"):
        TransformerEmbedder(str(trained_folder))
    assert "by parts with their number of tensors: crf (3), linear (2)." in caplog.text


def test_a_task_model_is_a_backbone(trained_folder, tokens):
    from adaseq.models.model_folder import load_model_folder

    task_model = load_model_folder(trained_folder).model
    torch.testing.assert_close(
        TransformerEmbedder(str(trained_folder)).eval()(tokens), task_model.embedder.eval()(tokens)
    )
