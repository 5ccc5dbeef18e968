"""Every family of models: what was exported says what the model says, for texts of every kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import adaseq.runtime
from adaseq.errors import ModelError
from adaseq.export.comparison import TOLERANCE, compare
from adaseq.export.exporter import export_model
from adaseq.export.samples import samples
from adaseq.inference.predictor import load
from tests.export.models import NER, RELATIONS, TEXTS, TYPING, save_untrained

TAGGER = {"type": "sequence-labeling-model"}
BACKBONE: dict[str, Any] = {"type": "transformer-embedder", "model_name_or_path": "tiny-bert"}
VECTORS = {"type": "embedding", "embedding_dim": 8}
LSTM = {"type": "lstm", "hidden_size": 6, "bidirectional": True}

# Name: task, model, embedder.
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "crf": (NER, TAGGER, BACKBONE),
    "linear": (NER, {**TAGGER, "use_crf": False}, {**BACKBONE, "sub_token_mode": "avg"}),
    "partial": (NER, {**TAGGER, "partial": True}, {**BACKBONE, "sub_token_mode": "last", "scalar_mix": {}}),
    "constrained": (NER, {**TAGGER, "constrained": True}, {**BACKBONE, "sub_token_mode": "w2max"}),
    "transformer-lstm": (NER, {**TAGGER, "encoder": LSTM}, BACKBONE),
    "words": (NER, TAGGER, VECTORS),
    "words-lstm": (NER, {**TAGGER, "encoder": {**LSTM, "num_layers": 2}}, {**VECTORS, "lookup": ["lowercase"]}),
    "words-gru": (NER, {**TAGGER, "encoder": {"type": "gru", "hidden_size": 6}}, VECTORS),
    "words-rnn": (NER, {**TAGGER, "encoder": {"type": "rnn", "hidden_size": 6, "nonlinearity": "tanh"}}, VECTORS),
    "words-cnn": (NER, {**TAGGER, "encoder": {"type": "cnn", "channels": 6}}, VECTORS),
    "words-transformer": (NER, {**TAGGER, "encoder": {"type": "transformer", "num_heads": 2}}, VECTORS),
    "stacked": (
        NER,
        {**TAGGER, "encoder": LSTM},
        {
            "type": "stacked",
            "embedders": [
                VECTORS,
                {"type": "char-lstm", "hidden_size": 4},
                {"type": "char-cnn", "channels": 5},
                {"type": "ngram-embedding", "sizes": [2], "min_count": 1, "embedding_dim": 4},
                {"type": "word-features", "prefixes": [1], "min_count": 1, "embedding_dim": 4},
                BACKBONE,
            ],
        },
    ),
    "two-backbones": (
        NER,
        TAGGER,
        {"type": "stacked", "embedders": [BACKBONE, {**BACKBONE, "sub_token_mode": "last"}]},
    ),
    "biaffine": (NER, {"type": "biaffine-ner-model", "biaffine_ffnn_size": 6}, BACKBONE),
    "biaffine-multi": (
        NER,
        {"type": "biaffine-ner-model", "biaffine_bias": False, "multi_label": True, "flat_ner": False, "encoder": LSTM},
        VECTORS,
    ),
    "biaffine-words": (NER, {"type": "biaffine-ner-model", "biaffine_ffnn_size": 6, "word_scores": True}, BACKBONE),
    "pointer": (NER, {"type": "global-pointer-model", "token_ffn_out_width": 6}, BACKBONE),
    "pointer-words": (
        NER,
        {"type": "global-pointer-model", "token_ffn_out_width": 6, "word_scores": True, "encoder": LSTM},
        VECTORS,
    ),
    "full-pointer": (
        NER,
        {"type": "global-pointer-model", "efficient": False, "rope": False, "flat_ner": True, "encoder": LSTM},
        VECTORS,
    ),
    "text": (TEXTS, {"type": "text-classification-model"}, BACKBONE),
    "text-attention": (
        TEXTS,
        {"type": "text-classification-model", "pooling": "attention", "multi_label": True, "hidden_size": 5},
        VECTORS,
    ),
    "relation": (RELATIONS, {"type": "relation-extraction-model"}, BACKBONE),
    "r-bert": (
        RELATIONS,
        {"type": "relation-extraction-model", "entity_pooling": "mean", "sentence_pooling": "first"},
        BACKBONE,
    ),
    "relation-words": (RELATIONS, {"type": "relation-extraction-model", "entity_pooling": "max"}, VECTORS),
    "typing": (TYPING, {"type": "multilabel-span-typing-model"}, BACKBONE),
    "typing-biaffine": (TYPING, {"type": "multilabel-span-typing-model", "use_biaffine": True}, VECTORS),
}


def with_backbone(block: Any, backbone: Path) -> Any:
    """The block with a real backbone."""
    if isinstance(block, dict):
        return {
            key: str(backbone) if key == "model_name_or_path" else with_backbone(value, backbone)
            for key, value in block.items()
        }
    return [with_backbone(each, backbone) for each in block] if isinstance(block, list) else block


@pytest.mark.parametrize("name", CASES)
def test_the_exported_model_says_the_same(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    task, model, embedder = CASES[name]
    folder = save_untrained(tmp_path / "model", task, model, with_backbone(embedder, tiny_bert))
    said: list[str] = []
    export_model(folder, tmp_path / "exported", say=said.append)
    assert len(said) == 1 and "100.00%" in said[0]
    inputs = samples(task, 64)
    ours = adaseq.runtime.load(tmp_path / "exported", batch_tokens=100)(inputs)
    found = compare(inputs, ours, load(folder)(inputs))
    assert found.found > len(inputs) / 2, "nothing to compare"
    assert found.agreement == 1 and found.gap <= TOLERANCE, found.shortfall


def test_a_model_that_cannot_be_exported_says_why(tiny_bert: Path, tmp_path: Path) -> None:
    folder = save_untrained(tmp_path / "model", NER, {**TAGGER}, with_backbone(BACKBONE, tiny_bert))
    configuration = json.loads((folder / "configuration.json").read_text(encoding="utf-8"))
    configuration["preprocessor"]["type"] = "word-extraction-preprocessor"
    del configuration["preprocessor"]["tag_scheme"], configuration["preprocessor"]["label_to_id"]
    configuration["model"] = {
        "type": "w2ner-model",
        "embedder": configuration["model"]["embedder"],
        "id_to_label": {"0": "LOC", "1": "PER"},
        "biaffine_size": 4,
        "ffnn_hid_size": 4,
    }
    (folder / "configuration.json").write_text(json.dumps(configuration), encoding="utf-8")
    import torch
    from safetensors.torch import save_model

    from adaseq.models.assembly import build_model, build_preprocessor

    block = {
        **configuration["model"],
        "embedder": {**configuration["model"]["embedder"], "model_name_or_path": str(tiny_bert)},
    }
    preprocessor = build_preprocessor(
        {**configuration["preprocessor"], "model_dir": str(folder)}, block, ["LOC", "PER"]
    )
    torch.manual_seed(0)
    save_model(build_model(block, preprocessor), str(folder / "model.safetensors"))
    with pytest.raises(
        ModelError, match="a w2ner-model cannot be exported: its convolutions run over grids of all pairs"
    ):
        export_model(folder, tmp_path / "exported")
    assert not (tmp_path / "exported").exists()
