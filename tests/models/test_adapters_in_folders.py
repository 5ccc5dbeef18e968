"""Model folders of models with adapters: small, and complete once merged."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from adaseq.errors import ModelError
from adaseq.models.model_folder import external_weights, load_model_folder, merge_model_folder, save_model_folder
from adaseq.training.initial_weights import load_initial_weights
from tests.models.test_sequence_labeling import COLLATOR, SENTENCES, batch_of, build_model, build_preprocessor, learn


def train_and_save(folder, backbone, nested=False, **peft):
    embedder = {"type": "transformer-embedder", "model_name_or_path": str(backbone)}
    embedder["peft"] = {"type": "lora", "r": 2, **peft}
    if nested:
        embedder = {"type": "stacked", "embedders": ["char-lstm", embedder]}
    config = {
        "task": "named-entity-recognition",
        "model": {"type": "sequence-labeling-model", "embedder": embedder},
        "preprocessor": {"type": "sequence-labeling-preprocessor"},
        "data_collator": COLLATOR,
    }
    preprocessor = build_preprocessor(config["preprocessor"], config["model"], ["LOC", "PER"])
    preprocessor.fit(example.tokens for example in SENTENCES)
    torch.manual_seed(0)
    model = build_model(config["model"], preprocessor)
    learn(preprocessor, model, SENTENCES, steps=5)
    save_model_folder(folder, model, preprocessor, config)
    return preprocessor, model.eval()


def predictions(preprocessor, model):
    rows = model.decode(batch_of(preprocessor, SENTENCES), with_prob=True)
    return [[(s["start"], s["end"], s["type"], round(s["prob"], 4)) for s in row["spans"]] for row in rows]


@pytest.mark.parametrize("nested", [False, True])
def test_the_folder_is_small_and_the_head_intact(tmp_path, tiny_bert, nested):
    preprocessor, model = train_and_save(tmp_path / "model", tiny_bert, nested)
    saved = load_file(tmp_path / "model" / "model.safetensors")
    assert saved.keys() == model.state_dict().keys() - external_weights(model)
    assert any("lora_A" in name for name in saved) and "crf.transitions" in saved
    assert not any("word_embeddings" in name for name in saved)
    loaded = load_model_folder(tmp_path / "model")
    after = loaded.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in model.state_dict().items())
    assert predictions(loaded.preprocessor, loaded.model) == predictions(preprocessor, model)


@pytest.mark.parametrize("nested", [False, True])
def test_merged_it_needs_neither_the_backbone_nor_peft(tmp_path, tiny_bert, nested, monkeypatch):
    backbone = shutil.copytree(tiny_bert, tmp_path / "backbone")
    preprocessor, model = train_and_save(tmp_path / "model", backbone, nested)
    merge_model_folder(tmp_path / "model", tmp_path / "merged")
    shutil.rmtree(backbone)
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    loaded = load_model_folder(tmp_path / "merged")
    assert not any("lora" in name for name in loaded.model.state_dict())
    assert predictions(loaded.preprocessor, loaded.model) == predictions(preprocessor, model)
    assert str(tmp_path) not in (tmp_path / "merged" / "configuration.json").read_text()


def test_a_folder_can_keep_its_backbone(tmp_path, tiny_bert):
    backbone = shutil.copytree(tiny_bert, tmp_path / "backbone")
    preprocessor, model = train_and_save(tmp_path / "model", backbone, save_backbone=True)
    shutil.rmtree(backbone)
    loaded = load_model_folder(tmp_path / "model")
    assert predictions(loaded.preprocessor, loaded.model) == predictions(preprocessor, model)


def test_another_backbone_is_refused(tmp_path, tiny_bert):
    from adaseq.utils.pretrained import load_backbone

    backbone = shutil.copytree(tiny_bert, tmp_path / "backbone")
    train_and_save(tmp_path / "model", backbone)
    other = load_backbone(str(tiny_bert))
    with torch.no_grad():
        other.embeddings.LayerNorm.weight[0] += 1
    other.save_pretrained(backbone)
    with pytest.raises(ModelError, match="not the one that the adapters were trained on"):
        load_model_folder(tmp_path / "model")
    shutil.rmtree(backbone)
    with pytest.raises(ModelError, match="backbone"):
        load_model_folder(tmp_path / "model")


def test_a_training_can_begin_with_such_a_folder(tmp_path, tiny_bert):
    preprocessor, model = train_and_save(tmp_path / "model", tiny_bert)
    block = json.loads((tmp_path / "model" / "configuration.json").read_text())["model"]
    torch.manual_seed(9)
    fresh = build_model(block, preprocessor)
    assert predictions(preprocessor, fresh.eval()) != predictions(preprocessor, model)
    load_initial_weights(fresh, tmp_path / "model")
    assert predictions(preprocessor, fresh.eval()) == predictions(preprocessor, model)
