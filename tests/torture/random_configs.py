"""Whole configurations drawn from the schema, with data and a backbone for them, and what becomes of each."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from adaseq.config import ConfigError, load_config
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Formats, Models, Tasks
from adaseq.training.train import train_model
from tests.example_data import COUNTS, WRITERS
from tests.torture.schema_draws import Draw, Own, Walk

_FINDING_SPANS = (
    *(Models.SEQUENCE_LABELING, Models.SEQUENCE_LABELING, Models.BIAFFINE_NER, Models.GLOBAL_POINTER),
    *(Models.W2NER, Models.TWOSTAGE_NER, Models.PRETRAINING),
)
# For each task a format of its data, and the models for it.
TASKS: dict[str, tuple[str, Sequence[str]]] = {
    Tasks.NAMED_ENTITY_RECOGNITION: (Formats.CONLL, _FINDING_SPANS),
    Tasks.CHUNKING: (Formats.CONLL, _FINDING_SPANS),
    Tasks.PART_OF_SPEECH: (Formats.CONLL, (Models.SEQUENCE_LABELING,)),
    Tasks.WORD_SEGMENTATION: (Formats.SEGMENTED, _FINDING_SPANS),
    Tasks.RELATION_EXTRACTION: (Formats.MARKED_PAIRS, (Models.RELATION_EXTRACTION,)),
    Tasks.TEXT_CLASSIFICATION: (Formats.LABEL_LINES, (Models.TEXT_CLASSIFICATION,)),
    Tasks.ENTITY_TYPING: (
        Formats.ENTITY_TYPING,
        (Models.SPAN_TYPING, Models.CONCAT_TYPING, Models.CONCAT_TYPING_MCCE),
    ),
    Tasks.PRETRAINING: (Formats.PLAIN_TEXT, (Models.MASKED_LANGUAGE,)),
}
_ALL_MODELS = sorted({model for _, models in TASKS.values() for model in models})
_WIDTH = 8
_ABOUT_DATA = ("sample", "valid_ratio", "test_ratio", "stratified", "labels", "label_map")
_REGEXES: list[Any] = [
    ".*",
    "embedder",
    "bias$",
    "weight",
    "(a+)+$",
    "nothing",
    "crf",
    [],
    ["bias", "weight"],
    "^linear",
    "(",
    "",
]

# What the check cannot see, since it reads neither the data nor the weights of a backbone, and does not know the device: the
# only errors of a training that `check` need not have told.
NOT_FOR_THE_CHECK = {
    "matches no parameter of the model": "the names of parameters are those of the model when it is built",
    "overlap in": "the same: which parameters two expressions match",
    "There is nothing to train": "the same: everything was frozen",
    "that leaves": "how many examples a share of the data is",
    "is not among the labels": "the labels of the data, against those that the configuration states",
    "does not list": "the same",
    "model.id_to_label says": "the same",
    "preprocessor.max_length is": "how many special pieces the tokenizer adds, and how long labels and prompts are in pieces",
    "preprocessor.window_overlap is": "the same",
    "train.optimizer.capturable": "whether there is a GPU",
    "cannot load the": "the options of transformers' own, in transformer_kwargs and tokenizer_kwargs",
    "embedder.peft does not fit": "which layers the backbone has",
    "is over after": "how many steps the training takes",
    "refuses its arguments: expected": "how many parameter groups the model has",
    "must have the same length as optimizer.param_groups": "the same",
    "embedder.padding_idx is": "how many words the data has",
    "has no tag for words outside": "whether each word of the data is in a span",
    "a text without a label cannot be trained on": "what the texts of the data are annotated with",
    "freeze: true needs": "whether any word of the data has a vector",
}


class Outcome(NamedTuple):
    """What became of a configuration.

    Attributes:
        kind: `trained`, `refused` (by the check), `by its data` (what only data, or a backbone, can tell), or `third case`.
        report: the message, or the traceback.
    """

    kind: str
    report: str = ""


class Ground:
    """The folder in which configurations are drawn: with data for all tasks, a backbone and a file of word vectors.

    Args:
        folder: an empty folder.
        backbone: the folder of a tiny backbone.
        schema: the JSON Schema.
    """

    def __init__(self, folder: Path, backbone: Path, schema: Mapping[str, Any]) -> None:
        self.folder, self._schema = folder, schema
        self._backbone, self._vectors = str(backbone), str(folder / "vectors.txt")
        rows = (f"{word} {' '.join([str(number / 10)] * _WIDTH)}\n" for number, word in enumerate(("mary", "in", "的")))
        (folder / "vectors.txt").write_text("".join(rows), encoding="utf-8")
        for task, (form, _) in TASKS.items():
            (folder / task).mkdir()
            for split, count in COUNTS.items():
                config = {"task": task, "#": ""}
                (folder / task / split).write_text(WRITERS[form](config, {}, count), encoding="utf-8")
        self._count = 0

    def draw(self, draw: Draw) -> dict[str, Any]:
        """A configuration.

        Args:
            draw: chooses.
        """
        walk = Walk(draw, self._schema, self._own(), most=draw(st.sampled_from([2, 3, 6])))
        task = walk.choice(sorted(TASKS))
        form, models = TASKS[task]
        name = walk.choice(_ALL_MODELS) if walk.chance(25) else walk.choice(models)
        config: dict[str, Any] = {"task": task, "model": walk.component("model", name)}
        config["dataset"] = self._dataset(walk, task, form)
        if walk.chance(2):
            kind = walk.component("preprocessor", self._partner(walk, name))
            config["preprocessor"] = kind
        train = walk.section("Train")
        config["train"] = {"max_epochs": 1, **train}
        if walk.chance(2):
            config["train"]["optimizer"] = walk.component("optimizer", "AdamW" if walk.chance(2) else None)
        config["train"]["dataloader"] = {"batch_size_per_gpu": 2, **train.get("dataloader", {})}
        if walk.chance(2):
            config["evaluation"] = walk.section("Evaluation") if walk.chance(2) else None
        if walk.chance(8):
            config["parallel"] = walk.section("Parallel")
        return {"experiment": {"seed": 1}, **config}

    def outcome(self, config: Mapping[str, Any]) -> Outcome:
        """Check a configuration, and if it is right, train with it.

        Args:
            config: the configuration.
        """
        self._count += 1
        file = self.folder / f"{self._count}.yaml"
        file.write_text(json.dumps(config, ensure_ascii=False, indent=1), encoding="utf-8")
        try:
            load_config(file)
        except ConfigError as error:
            return Outcome("refused", str(error))
        except Exception:  # noqa: BLE001 anything else is what is looked for
            return Outcome("third case", traceback.format_exc())
        try:
            train_model(file, work_dir=self.folder / f"run-{self._count}", device="cpu")
        except AdaSeqError as error:
            report = f"{type(error).__name__}: {error}"
            is_expected = any(each in report for each in NOT_FOR_THE_CHECK)
            return Outcome("by its data" if is_expected else "third case", report)
        except Exception:  # noqa: BLE001 anything else is what is looked for
            return Outcome("third case", traceback.format_exc())
        return Outcome("trained")

    def _partner(self, walk: Walk, model: str) -> str | None:
        """The preprocessor of a model; now and then any."""
        from adaseq.config.pairing import PARTNERS

        return None if walk.chance(25) else PARTNERS[model].preprocessor

    def _dataset(self, walk: Walk, task: str, form: str) -> dict[str, Any]:
        files = {split: str(self.folder / task / split) for split in COUNTS}
        properties = self._schema["properties"]["dataset"]["properties"]
        chosen = [key for key in _ABOUT_DATA if walk.chance(12)]
        given = {key: walk.of(properties[key], key) for key in chosen}
        for split in ("valid", "test"):
            if f"{split}_ratio" in given or walk.chance(12):
                del files[split]
        if form == Formats.ENTITY_TYPING:
            given["tokenizer"] = "blank"
        given = {key: value for key, value in given.items() if value is not ...}
        block = {"data_type": form, "data_file": files}
        if not given and walk.chance(12):
            more = {**block, "data_file": {"train": files["train"]}, "corpus_name": "other"}
            return {"corpora": [block, {**more, "weight": walk.choice([0, 0.1, 1, 2.5, 7])}]}
        return {**block, **given}

    def _own(self) -> dict[str, Own]:
        """What the schema cannot know; an ellipsis leaves the key out."""

        def one_of(*values: Any) -> Own:
            return lambda walk: walk.choice(values)

        def named(walk: Walk) -> Any:
            if walk.inside == "embedding":
                return walk.choice([None, self._vectors, self._backbone])
            return walk.choice([*[self._backbone] * 20, "", "./nowhere"])

        ids = one_of(*[...] * 6, {}, {"0": "O"}, {"5": "x"}, {"0": "group", "1": "location", "2": "person"})
        return {
            "model_name_or_path": named,
            "embedder": lambda walk: walk.component("embedder", "transformer-embedder" if walk.chance(2) else None),
            "model_dir": one_of(..., ..., None, self._backbone),
            "is_word2vec": one_of(..., ..., False, True),
            "embedding_dim": one_of(..., 0, 1, _WIDTH, 16),
            "gazetteers": one_of(None, {}, {"names": self._vectors}, {"names": "./nowhere"}),
            "scalar_mix": one_of(
                None, {}, {"initial_scalar_parameters": [0, 1.0]}, {"initial_scalar_parameters": [1]}, {"x": 1}
            ),
            "transformer_kwargs": one_of(
                None, {}, {"attn_implementation": "eager"}, {"attn_implementation": "x"}, {"x": 1}
            ),
            "tokenizer_kwargs": one_of(None, {}, {"do_lower_case": False}, {"x": 1}),
            "peft": one_of(None, {}, {"r": 2}, {"type": "ia3"}, {"r": 0}, {"r": 2, "lora_dropout": 2}, {"x": 1}),
            "cnn_encoder": one_of(
                None, {}, {"channels": 3}, {"channels": 0}, {"dilation": []}, {"dropout": 2}, {"x": 1}
            ),
            "context": one_of(..., None, {}, {"left": 2}, {"left": 0, "right": 3}, {"left": -1}, {"x": 1}),
            "id_to_label": ids,
            "typing_id_to_label": ids,
            "ident_id_to_label": ids,
            "label_to_id": one_of(*[...] * 6, {}, {"O": 0}, {"x": 5}, {"group": 0, "location": 1, "person": 2}),
            "labels": one_of(*[...] * 4, ["group", "location", "person"], [], ["x"]),
            "label_map": one_of(..., {}, {"person": None}, {".*": "x"}, {"group": "person"}, {"(a+)+": "x"}),
            "input_size": one_of(..., ..., _WIDTH, 32),
            "input_dim": one_of(..., None, _WIDTH, 32),
            "load_parts": one_of(None, [], ["embedder"], ["x"]),
            "model_helper_path": one_of(None, self._backbone),
            "sub_module": one_of(None, "", "encoder", "x"),
            "source_emb_file_path": one_of(None, self._vectors),
            "target_emb_dir": one_of(None, str(self.folder / "labels")),
            "label_emb_dim": one_of(1, 3, _WIDTH),
            "metric_key": one_of("f1", "accuracy", "loss", "x", ""),
            "regex": one_of(*_REGEXES),
            "lr_lambda": one_of(...),
            "workers_per_gpu": one_of(0),
            "max_epochs": one_of(1, 1, 2),
            "trainer": one_of("default-trainer", "typing-trainer"),
            "text_splitter": one_of(..., "char", "word", "blank", ""),
            "tag_scheme": one_of(..., None, "BIO", "BIOES", "IO", "PLAIN", "bmes", "x"),
        }
