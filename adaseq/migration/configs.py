"""From a configuration of AdaSeq 0.6 to one of today."""

from __future__ import annotations

import os
import shlex
from typing import Any

from adaseq.config.compat import NO_UPLOAD, UPLOAD, is_true, label_types, respell
from adaseq.config.document import Document, Place, plain, walk
from adaseq.config.loading import find_config
from adaseq.config.problems import ConfigError, Problem
from adaseq.config.reader import checked_json, read_as_written, read_text
from adaseq.migration.report import Report
from adaseq.migration.text_changes import with_content

_PICKLES = (".pkl", ".pickle")
_WORD_DROPOUT_IS_A_RATE = ("twostage-ner-model", "pretraining-model")
_TAG_PREFIXES = ("B-", "I-", "E-", "S-", "M-")
# transformers' names; the classes of torch go by epochs, as they always did.
_STEPPED_BY_UPDATES = (
    *("linear", "cosine", "cosine_with_restarts", "polynomial", "constant_with_warmup", "inverse_sqrt"),
)


def migrate_config(path: str | os.PathLike[str]) -> tuple[str, Report]:
    """Bring a configuration of AdaSeq 0.6 into the spelling of today; its meaning, comments and variables stay.

    Args:
        path: a YAML or JSON file.

    Returns:
        The new text, and what was changed.

    Raises:
        ConfigError: it cannot be read, or contradicts itself.
    """
    file = find_config(path)
    text = read_text(file)
    if file.suffix.lower() == ".json":
        text = checked_json(text, Document(name=str(path)))
    document = read_as_written(text, str(path))
    before = plain(document.data)
    to_do: list[Problem] = []
    effects = _effects(document)
    _uploads(document, to_do)
    respell(document)
    _state_the_valid_split(document)
    _name_types(document)
    _name_converted_files(document, to_do)
    _loading_scripts(document, to_do)
    if document.problems:
        raise ConfigError(document.problems)
    new, has_kept_layout = with_content(text, before, document.data)
    report = Report(
        changes=_lines([*document.rewrites, *document.warnings]), effects=_lines(effects), to_do=_lines(to_do)
    )
    if not has_kept_layout:
        report.to_do.append(
            "look it over: its anchors or its layout did not allow to change these places alone, so that all of it is "
            "written anew, without the comments inside"
        )
    return new, report


def _lines(problems: list[Problem]) -> list[str]:
    return [str(each) for each in sorted(dict.fromkeys(problems), key=lambda each: (each.line or 0, each.column or 0))]


def _state_the_valid_split(document: Document) -> None:
    """The old trainer chose the best model on the test data where there was no valid split."""
    dataset = document.data.get("dataset")
    files = dataset.get("data_file") if isinstance(dataset, dict) else None
    if not isinstance(files, dict) or not files.get("test") or files.get("valid"):
        return
    if "valid" in dataset or "valid_ratio" in dataset or document.data.get("evaluation", {}) is None:
        return
    document.rewrote(
        ("dataset", "data_file"),
        "there is no valid split, so that AdaSeq 0.6 chose the best model on the test data; 'valid: same_as_test' says so. "
        "Its test scores flatter: better give valid data, or 'valid_ratio: 0.1'",
    )
    dataset["valid"] = "same_as_test"


def _name_types(document: Document) -> None:
    """`labels: [O, B-PER, I-PER]` listed tags where types were wanted."""
    labels = document.at(("dataset", "labels"))
    if not isinstance(labels, list) or "O" not in labels or not all(isinstance(each, str) for each in labels):
        return
    tags = [each for each in labels if each != "O"]
    if tags and all(each.startswith(_TAG_PREFIXES) for each in tags):
        document.rewrote(("dataset", "labels"), "these are types, without prefixes and without O")
        document.data["dataset"]["labels"] = label_types([f"B-{each[2:]}" for each in tags])


def _name_converted_files(document: Document, to_do: list[Problem]) -> None:
    """Pickles are read by nothing any more."""
    dataset = document.data.get("dataset")
    if not isinstance(dataset, dict):
        return
    for path, value in list(walk(dataset)):
        is_label_file = path == ("labels",)
        if not isinstance(value, str) or not value.endswith(_PICKLES) or path[:1] not in (("data_file",), ("labels",)):
            continue
        new = value.rpartition(".")[0] + (".txt" if is_label_file else ".json")
        place: Place = ("dataset", *path)
        document.rewrote(place, "a pickle can run any program when it is read, so that none is read any more")
        parent = document.at(place[:-1])
        parent[place[-1]] = new
        files = " -o ".join(each if "$" in each else shlex.quote(each) for each in (value, new))
        message = f"convert the file, if you know who made it: adaseq migrate --allow-pickle {files}"
        to_do.append(document.placed(place, message))


def _loading_scripts(document: Document, to_do: list[Problem]) -> None:
    path = document.at(("dataset", "path"))
    if isinstance(path, str) and path.endswith(".py"):
        message = (
            "a loading script is run by no library any more; write a reader of your own with the same content, and name it "
            "under data_type, or convert the data into one of the formats"
        )
        to_do.append(document.placed(("dataset", "path"), message))


def _uploads(document: Document, to_do: list[Problem]) -> None:
    hooks = document.at(("train", "hooks"))
    for number, hook in enumerate(hooks if isinstance(hooks, list) else ()):
        if isinstance(hook, dict) and is_true(hook.get(UPLOAD)):
            to_do.append(document.placed(("train", "hooks", number, UPLOAD), NO_UPLOAD))
            hook[UPLOAD] = False


def _effects(document: Document) -> list[Problem]:
    """Where 0.6 did otherwise than the file says."""
    found: list[Problem] = []

    def differs(place: Place, message: str) -> None:
        found.append(document.placed(place, message))

    length = document.at(("preprocessor", "max_length"))
    was_honoured = document.at(("preprocessor", "chunk_size")) or document.at(("preprocessor", "mode")) == "train"
    if isinstance(length, int) and length != 512 and not was_honoured:
        differs(
            ("preprocessor", "max_length"),
            "AdaSeq 0.6 took 512 whatever stood here; now training cuts at this length, and evaluation and prediction read "
            "longer sentences in windows. To have what it did, write 512",
        )
    schedule: Any = document.at(("train", "lr_scheduler"))
    kind = schedule.get("type") if isinstance(schedule, dict) else schedule
    options = schedule.get("options") if isinstance(schedule, dict) else None
    if kind in _STEPPED_BY_UPDATES and not (isinstance(options, dict) and options.get("by_epoch") is False):
        differs(
            ("train", "lr_scheduler"),
            f"AdaSeq 0.6 moved the learning rate of '{kind}' once in an epoch, which is hardly at all; now it moves with each "
            "step of the optimizer, from the first to the last",
        )
    rate = document.at(("model", "word_dropout"))
    was_flag = document.at(("model", "type")) not in _WORD_DROPOUT_IS_A_RATE
    if was_flag and isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate:
        differs(
            ("model", "word_dropout"),
            "AdaSeq 0.6 took a number for a flag, and dropped words at the rate of 'dropout'; now it is a rate of its own. To have "
            "what it did, write true",
        )
    if is_true(document.at(("model", "embedder", "gradient_checkpointing"))):
        differs(
            ("model", "embedder", "gradient_checkpointing"),
            "AdaSeq 0.6 took no notice of it; now training takes less memory and more time",
        )
    files = document.at(("dataset", "data_file"))
    if isinstance(files, dict) and not files.get("test") and any(files.get(key) for key in ("valid", "dev")):
        differs(
            ("dataset", "data_file"),
            "there is no test split, so that AdaSeq 0.6 tested on the valid data; now nothing is tested",
        )
    return found
