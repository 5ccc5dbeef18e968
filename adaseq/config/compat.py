"""Configurations of AdaSeq 0.6: other spellings, and keys that it swallowed without effect.

What works as it always did is rewritten in silence; what now does something, or what never did anything, is said in a
warning.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from adaseq.config.dataset_blocks import dataset_blocks, gather_corpora
from adaseq.config.document import Document, Place, plain, walk
from adaseq.config.pairing import MODEL_OF_TASK
from adaseq.config.problems import shown
from adaseq.metainfo import Models

_TASKS = {"mcce-entity-typing": "entity-typing"}
_SPLITS = {"dev": "valid", "validation": "valid", "training": "train"}
# How `transformer_kwargs.source` named the hubs; one of them was misspelt in the code that read it.
_HUBS = {"modelscope": "modelscope", "huggingface": "huggingface", "hugginface": "huggingface"}
_TAG = re.compile(r"[BIES]-(.+)\Z")
# What the old trainer added to the configuration that it wrote beside a model.
_WRITTEN_BY_TRAINER: tuple[Place, ...] = (
    ("framework",),
    ("pipeline",),
    ("evaluation", "period"),
    ("train", "checkpoint"),
    ("train", "logging"),
    ("train", "work_dir"),
)
# Hooks of ModelScope that did what the trainer now does by itself.
_HOOKS_OF_THE_TRAINER = {
    "LrSchedulerHook": "the schedule steps by itself, as train.lr_scheduler says",
    "OptimizerHook": "the optimizer steps by itself; accumulation and clipping are in train.optimizer.options",
    "TorchAMPOptimizerHook": "half precision is train.precision: fp16, or the flag --use_fp16",
}
UPLOAD = "push_to_hub"
NO_UPLOAD = "nothing is uploaded while training; publish the model when it is trained: adaseq publish"
# Arguments of hooks that have nothing left to decide: those of any hook, and those of single ones.
_HOOK_ARGUMENTS = {
    "reset_flag": "averages begin anew at each line of the log",
    "save_trainer_state": "what it takes to resume is in checkpoints/ while a run lasts",
    **dict.fromkeys(("hub_repo_id", "hub_token", "hub_revision", "private_hub", "upload_strategy"), NO_UPLOAD),
}
_ARGUMENTS_OF_HOOK = {
    "BestCkptSaverHook": dict.fromkeys(("by_epoch", "interval", "save_strategy"), "it looks at every evaluation"),
    "EarlyStopHook": dict.fromkeys(("by_epoch", "early_stop_strategy"), "it looks at every evaluation"),
    "TensorboardHook": dict.fromkeys(("by_epoch", "ignore_last"), "its points are steps, one every 'interval' of them"),
}
# Models whose preprocessors number labels as they are listed.
_OF_WHOLE_TEXTS = (Models.TEXT_CLASSIFICATION, Models.RELATION_EXTRACTION)
# Arguments of preprocessors whose work is always done, or done by the trainer.
_PREPROCESSOR_ARGUMENTS = {
    "mode": "max_length counts in any case, and the rest of it is the trainer's to know",
    "return_offsets": "where the pieces of each word are is always known",
}


def upgrade(document: Document) -> None:
    """Rewrite a configuration of AdaSeq 0.6 in place; what needs no rewriting is left alone."""
    if isinstance(document.data, dict):
        gather_corpora(document)
        for step in (*_STEPS, _given_tags):
            step(document)


def respell(document: Document) -> None:
    """Rewrite in place only what a configuration of AdaSeq 0.6 spells otherwise than one of today."""
    if isinstance(document.data, dict):
        for step in _STEPS:
            step(document)


def _traces_of_trainer(document: Document) -> None:
    """What the trainer of AdaSeq 0.6 added to the configurations that it wrote."""
    for *parents, key in _WRITTEN_BY_TRAINER:
        section = document.at(tuple(parents))
        if isinstance(section, dict) and key in section:
            document.rewrote((*parents, key), "the old trainer wrote it; nothing reads it")
            del section[key]


def from_old_configuration(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration in the `configuration.json` of a model folder that AdaSeq 0.6 wrote, as one of today.

    Args:
        configuration: what is in the file.

    Returns:
        A configuration that `load_config` takes, apart from data files that may be gone. `model.id_to_label` has whole
        numbers for keys; `preprocessor` has `labels` and `label_to_id`, and neither `model_dir` (the tokenizer lies in
        the folder) nor `max_length` (which had no effect).
    """
    config = plain(configuration)
    config["plugins"] = [name for name in config.get("plugins") or [] if name != "adaseq"]
    model, preprocessor = config.get("model"), config.get("preprocessor")
    if isinstance(model, dict):
        for name, value in model.items():
            if name.endswith("id_to_label") and isinstance(value, dict):
                model[name] = {int(i): label for i, label in value.items()}
    if isinstance(preprocessor, dict):
        for name in ("model_dir", "max_length", "lower"):
            preprocessor.pop(name, None)
        if "label_to_id" in preprocessor:
            ids = preprocessor["label_to_id"]
            preprocessor.setdefault("labels", label_types(sorted(ids, key=lambda tag: ids[tag])))
    document = Document(data=config)
    upgrade(document)
    return dict(document.data)


def is_true(value: Any) -> bool:
    """Whether a value was true to AdaSeq 0.6, which read YAML 1.1: there `yes` and `on` are no text."""
    return str(value).lower() in ("true", "yes", "on")


def label_types(tags: list[str]) -> list[str]:
    """The label types of a list of tags, in order; one without a name for bare B, I, …; other tags are types themselves."""
    matches = [_TAG.match(tag) for tag in tags]
    if not any(matches) and {"B", "S"} & set(tags) and set(tags) <= set("OBIES"):
        return [""]
    if not any(matches):
        return [tag for tag in tags if tag != "O"]
    return list(dict.fromkeys(match[1] for match in matches if match))


def _stray_quotes(document: Document) -> None:
    """`weight_decay": 0.1`: one of the shipped examples had a quote too many in a key."""
    # The inner ones first: their paths go through the keys as they are written.
    for path, value in reversed(list(walk(document.data))):
        if not isinstance(value, dict) or "label_map" in path:
            continue
        for key in list(value):
            bare = key.strip("\"'") if isinstance(key, str) else key
            if bare != key and bare and bare not in value:
                document.warn((*path, key), f"the key has a stray quote; it is read as '{bare}'")
                _rename(document, path, key, bare)


def _spellings(document: Document) -> None:
    optimizer = document.at(("train", "optimizer"))
    if isinstance(optimizer, dict) and "param_group" in optimizer:
        if "param_groups" in optimizer:
            document.report(("train", "optimizer", "param_group"), "give it or 'param_groups', not both", at_key=True)
            del optimizer["param_group"]
        else:
            document.rewrote(("train", "optimizer", "param_group"), "its name is 'param_groups'")
            _rename(document, ("train", "optimizer"), "param_group", "param_groups")
    for block, _ in dataset_blocks(document):
        _spell_splits(document, (*block, "data_file"))
    for path, value in walk(document.at(("evaluation", "metrics"))):
        if path and path[-1] == "dump_format" and value == "column":
            document.rewrote(("evaluation", "metrics", *path), "the name of this format is 'conll'")
            document.at(("evaluation", "metrics", *path[:-1]))["dump_format"] = "conll"
    if isinstance(document.data.get("plugins"), str):
        document.rewrote(("plugins",), "this is a list of modules")
        document.data["plugins"] = [document.data["plugins"]]


def _spell_splits(document: Document, path: Place) -> None:
    files = document.at(path)
    for old, new in _SPLITS.items() if isinstance(files, dict) else ():
        if old in files and new in files:
            document.report((*path, old), f"means the same as '{new}'; give one of them", at_key=True)
            del files[old]
        elif old in files:
            document.rewrote((*path, old), f"the name of this split is '{new}'")
            _rename(document, path, old, new)


def _task(document: Document) -> None:
    data = document.data
    inner = document.at(("dataset", "task"))
    for section in (data, data.get("dataset")):
        if isinstance(section, dict) and isinstance(section.get("task"), str):
            new = _TASKS.get(section["task"], section["task"])
            if new != section["task"]:
                place: Place = ("task",) if section is data else ("dataset", "task")
                document.rewrote(place, f"the name of this task is '{new}'")
            section["task"] = new
    if inner is None:
        return
    if data.get("task") is None:
        document.rewrote(("dataset", "task"), "its place is the top of the file")
        data["task"] = inner
        document.move(("dataset", "task"), ("task",))
    elif data["task"] != data["dataset"]["task"]:
        document.report(
            ("dataset", "task"),
            f"received {shown(inner)}, but the top-level task is {shown(data['task'])}; leave it out here",
        )
    else:
        document.rewrote(("dataset", "task"), "the same stands at the top of the file")
    del data["dataset"]["task"]


def _swallowed_keys(document: Document) -> None:
    preprocessor = document.data.get("preprocessor")
    for key, reason in _PREPROCESSOR_ARGUMENTS.items():
        if isinstance(preprocessor, dict) and key in preprocessor:
            document.rewrote(("preprocessor", key), reason)
            del preprocessor[key]
    loader = document.at(("evaluation", "dataloader"))
    if isinstance(loader, dict) and "drop_last" in loader and not is_true(loader["drop_last"]):
        document.rewrote(("evaluation", "dataloader", "drop_last"), "evaluation always sees all of the data")
        del loader["drop_last"]
    blocks = dataset_blocks(document)
    for path, block in [*blocks, (("preprocessor",), preprocessor)] if isinstance(preprocessor, dict) else blocks:
        if "bio2bioes" in block:
            document.warn(
                (*path, "bio2bioes"),
                "has no effect: tags are read in the scheme that they are written in and trained in that of "
                "preprocessor.tag_scheme, BIOES by default",
            )
            del block["bio2bioes"]
        if "lower" in block:
            if not is_true(block["lower"]):
                document.rewrote((*path, "lower"), "nothing is lower-cased unless preprocessor.lowercase says so")
            else:
                document.warn(
                    (*path, "lower"),
                    "now lower-cases the words that the model sees, which it did not do in AdaSeq 0.6; its name is "
                    "preprocessor.lowercase",
                )
                preprocessor = document.data.get("preprocessor")
                if not isinstance(preprocessor, dict):
                    document.data["preprocessor"] = {} if preprocessor is None else {"type": preprocessor}
                document.data["preprocessor"].setdefault("lowercase", True)
                document.move((*path, "lower"), ("preprocessor", "lowercase"))
            del block["lower"]


def _embedder(document: Document) -> None:
    """Special pieces, whose vectors models now take where they need them; and the hub of a backbone, now a part of its name."""
    place: Place = ("model", "embedder")
    embedder = document.at(place)
    if not isinstance(embedder, dict):
        return
    if "drop_special_tokens" in embedder:
        document.rewrote((*place, "drop_special_tokens"), "the model takes the vectors that it needs")
        del embedder["drop_special_tokens"]
    options, name = embedder.get("transformer_kwargs"), embedder.get("model_name_or_path")
    if not isinstance(options, dict) or not isinstance(name, str):
        return
    hub = _HUBS.get(str(options.get("source")))
    if hub is None:
        return
    document.rewrote((*place, "transformer_kwargs", "source"), f"'{hub}:' before the name of the backbone says it")
    del options["source"]
    if not options:
        del embedder["transformer_kwargs"]
    if not os.path.exists(name) and not name.startswith(("$", *(f"{each}:" for each in _HUBS.values()))):
        embedder["model_name_or_path"] = f"{hub}:{name}"


def _parts_of_their_own(document: Document) -> None:
    """Arguments of collators and types of parts that there is but one of."""
    collator = document.data.get("data_collator")
    for key in ("default_pad_id", "no_pad_fields"):
        if isinstance(collator, dict) and key in collator:
            document.rewrote(("data_collator", key), "each field is padded as what it holds needs it")
            del collator[key]
    convolutions = document.at(("model", "cnn_encoder"))
    if isinstance(convolutions, dict) and convolutions.get("type") == "cnn":
        document.rewrote(
            ("model", "cnn_encoder", "type"), "convolutions over pairs of words are all that can stand here"
        )
        del convolutions["type"]


def _hooks(document: Document) -> None:
    """Hooks and arguments of hooks that have nothing left to do."""
    hooks = document.at(("train", "hooks"))
    if not isinstance(hooks, list):
        return
    kept: list[Any] = []
    for number, hook in enumerate(hooks):
        place: Place = ("train", "hooks", number)
        name = hook.get("type") if isinstance(hook, dict) else hook
        if isinstance(name, str) and name in _HOOKS_OF_THE_TRAINER:
            document.warn(place, f"'{name}' has no effect: {_HOOKS_OF_THE_TRAINER[name]}")
            continue
        if isinstance(hook, dict) and UPLOAD in hook:
            if is_true(hook[UPLOAD]):
                document.report((*place, UPLOAD), f"{NO_UPLOAD}. Leave this out", at_key=True)
            else:
                document.rewrote((*place, UPLOAD), "nothing is uploaded while training")
            del hook[UPLOAD]
        for key, reason in {**_HOOK_ARGUMENTS, **_ARGUMENTS_OF_HOOK.get(str(name), {})}.items():
            if isinstance(hook, dict) and key in hook:
                document.warn((*place, key), f"has no effect: {reason}")
                del hook[key]
        document.move(place, ("train", "hooks", len(kept)))
        kept.append(hook)
    hooks[:] = kept


def _given_tags(document: Document) -> None:
    """`model.id_to_label` fixes the tags, or the labels, of the preprocessor too."""
    given = document.at(("model", "id_to_label"))
    preprocessor = document.data.get("preprocessor")
    if not isinstance(given, dict) or not (preprocessor is None or isinstance(preprocessor, (dict, str))):
        return
    block = {"type": preprocessor} if isinstance(preprocessor, str) else dict(preprocessor or {})
    model = document.at(("model", "type")) or MODEL_OF_TASK.get(str(document.data.get("task")))
    key = "labels" if model in _OF_WHOLE_TEXTS else "label_to_id"
    if key not in block and all(str(i).isdigit() and isinstance(label, str) for i, label in given.items()):
        ids = {label: int(i) for i, label in given.items()}
        block[key] = sorted(ids, key=lambda label: ids[label]) if key == "labels" else ids
        document.data["preprocessor"] = block
        document.move(("model", "id_to_label"), ("preprocessor", key))


_STEPS: tuple[Callable[[Document], None], ...] = (
    _traces_of_trainer,
    _stray_quotes,
    _spellings,
    _task,
    _swallowed_keys,
    _embedder,
    _parts_of_their_own,
    _hooks,
)


def _rename(document: Document, path: Place, old: str, new: str) -> None:
    """Rename a key, in its place among the others."""
    section = document.at(path)
    items = [(new if key == old else key, value) for key, value in section.items()]
    section.clear()
    section.update(items)
    document.move((*path, old), (*path, new))
