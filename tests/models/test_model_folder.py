"""A model folder is complete in itself."""

import json
import shutil

import pytest
import torch

from adaseq.errors import AdaSeqError, ModelError
from adaseq.models.base import Model
from adaseq.models.model_folder import load_model_folder, save_model_folder
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from tests.models.test_sequence_labeling import COLLATOR, LSTM, SENTENCES, batch_of, learn, make


def saved(tmp_path, tiny_bert=None, **options):
    backbone = shutil.copytree(tiny_bert, tmp_path / "backbone") if tiny_bert else None
    preprocessor, model = make(backbone, **options)
    learn(preprocessor, model, SENTENCES, steps=20)
    embedder = {"type": "embedding", "embedding_dim": 12}
    if backbone:
        embedder = {"type": "transformer-embedder", "model_name_or_path": str(backbone)}
    config = {
        "task": "named-entity-recognition",
        "model": {"type": "sequence-labeling-model", "embedder": embedder, **options},
        "preprocessor": {"type": "sequence-labeling-preprocessor"},
        "data_collator": COLLATOR,
    }
    save_model_folder(tmp_path / "model", model, preprocessor, config, scores={"f1": 0.5})
    if backbone:
        shutil.rmtree(backbone)
    return preprocessor, model.eval()


@pytest.mark.parametrize("has_backbone", [False, True])
@pytest.mark.parametrize("options", [{"encoder": LSTM}, {"use_crf": False}, {"constrained": True}], ids=str)
def test_predicts_the_same_after_the_backbone_is_gone(tmp_path, tiny_bert, has_backbone, options):
    preprocessor, model = saved(tmp_path, tiny_bert if has_backbone else None, **options)
    shutil.move(tmp_path / "model", tmp_path / "moved")
    loaded = load_model_folder(tmp_path / "moved")
    assert loaded.task == "named-entity-recognition"
    batch = batch_of(preprocessor, SENTENCES)
    again = batch_of(loaded.preprocessor, SENTENCES)
    assert torch.equal(batch["tokens"]["input_ids"], again["tokens"]["input_ids"])
    assert loaded.model.decode(again, with_prob=True) == model.decode(batch, with_prob=True)


def test_holds_no_code_no_plugins_and_no_path_of_the_machine(tmp_path, tiny_bert):
    saved(tmp_path, tiny_bert)
    folder = tmp_path / "model"
    assert not [path for path in folder.iterdir() if path.suffix == ".py"]
    text = (folder / "configuration.json").read_text(encoding="utf-8")
    assert "plugins" not in json.loads(text) and str(tmp_path) not in text
    assert json.loads(text)["pipeline"] == {"type": "sequence-labeling-pipeline"}
    assert "| f1 | 0.5000 |" in (folder / "README.md").read_text(encoding="utf-8")


def test_whoever_can_read_one_file_can_read_all(tmp_path, tiny_bert):
    saved(tmp_path, tiny_bert)
    modes = {path.name: path.stat().st_mode for path in (tmp_path / "model").iterdir()}
    assert len(set(modes.values())) == 1, modes


def test_replacing_a_folder_leaves_nothing_behind(tmp_path):
    saved(tmp_path)
    (tmp_path / "model" / "stale").write_text("old")
    saved(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    assert not (tmp_path / "model" / "stale").exists()


def test_a_failed_save_leaves_the_old_folder(tmp_path, monkeypatch):
    saved(tmp_path)
    before = (tmp_path / "model" / "model.safetensors").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("adaseq.models.model_folder.save_model", full)
    with pytest.raises(AdaSeqError, match="there is no space left on the disk"):
        saved(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == before


def test_not_a_model_folder(tmp_path):
    with pytest.raises(ModelError, match=r"is not a model folder: it has no configuration.json$"):
        load_model_folder(tmp_path)
    with pytest.raises(ModelError, match="there is no such folder"):
        load_model_folder(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["{}", '{"model": {}, "preprocessor": {}, "adaseq_version": "1"}'])
def test_a_configuration_of_something_else(tmp_path, content):
    (tmp_path / "configuration.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match="was not written by AdaSeq: it has no 'task', 'model' and 'preprocessor'"):
        load_model_folder(tmp_path)


def test_an_old_configuration_without_its_parts(tmp_path):
    content = '{"task": "x", "model": {}, "preprocessor": {}}'
    (tmp_path / "configuration.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match="does not describe a model: KeyError: 'embedder'"):
        load_model_folder(tmp_path)


@pytest.mark.parametrize("name", ["../elsewhere", "/somewhere", "owner/name", "./../x"])
@pytest.mark.parametrize("type_", ["transformer-embedder", "embedding", None])
def test_a_backbone_elsewhere_is_not_read(tmp_path, name, type_):
    saved(tmp_path)
    file = tmp_path / "model" / "configuration.json"
    configuration = json.loads(file.read_text(encoding="utf-8"))
    block = {"model_name_or_path": name} if type_ is None else {"type": type_, "model_name_or_path": name}
    configuration["model"]["embedder"] = {"type": "stacked", "embedders": [block]}
    file.write_text(json.dumps(configuration), encoding="utf-8")
    with pytest.raises(ModelError, match=f"names a backbone elsewhere, '{name}'; a model folder holds its own"):
        load_model_folder(tmp_path / "model")


class OwnModel(Model):
    """A user's model, which says nothing about folders."""

    def __init__(self, embedder):
        super().__init__()
        self.embedder = embedder

    def forward(self, batch):
        return {}

    def decode(self, batch, with_prob=False):
        return []


def test_the_folder_of_a_users_model_holds_the_backbone(tmp_path, tiny_bert):
    model = OwnModel(TransformerEmbedder(str(tiny_bert)))
    block = {"type": "own-model", "embedder": {"model_name_or_path": str(tiny_bert)}}
    portable = model.portable_config(block)
    assert portable["type"] == "own-model" and portable["embedder"]["model_name_or_path"] == "."
    model.save_assets(tmp_path)
    assert (tmp_path / "config.json").is_file()


def test_a_run_folder_points_to_its_model(tmp_path):
    (tmp_path / "output_best").mkdir()
    (tmp_path / "output_best" / "configuration.json").write_text("{}")
    with pytest.raises(ModelError, match="the model of this run is in '.*output_best'"):
        load_model_folder(tmp_path)


def test_weights_that_do_not_fit_are_named(tmp_path):
    from safetensors.torch import load_file, save_file

    saved(tmp_path)
    file = tmp_path / "model" / "model.safetensors"
    weights = load_file(file)
    weights["strange"] = weights.pop("linear.bias")
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"missing \['linear.bias'\], left over \['strange'\]"):
        load_model_folder(tmp_path / "model")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x04}q."])
def test_damaged_weights_are_an_error(tmp_path, content):
    saved(tmp_path)
    (tmp_path / "model" / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model_folder(tmp_path / "model")


def test_a_pickle_posing_as_weights_is_not_run(tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    saved(tmp_path)
    (tmp_path / "model" / "model.safetensors").unlink()
    (tmp_path / "model" / "pytorch_model.bin").write_bytes(pickle.dumps({"linear.bias": Trap()}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model_folder(tmp_path / "model")
    assert not (tmp_path / "sprung").exists()
