"""What can be checked without importing a component: sections, types, and the keys of the data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adaseq import metainfo
from adaseq.config.components import Catalogue, check_component, find_class
from adaseq.config.corpora import check_corpora
from adaseq.config.dataset_blocks import dataset_blocks
from adaseq.config.dataset_source import check_source, complete_source
from adaseq.config.document import Document, Place
from adaseq.config.pairing import MODEL_OF_TASK
from adaseq.config.problems import listed
from adaseq.config.sections import Dataset, Sections
from adaseq.config.validation import INVALID, check_value
from adaseq.errors import nearest
from adaseq.registry import FORMATS, LR_SCHEDULERS, OPTIMIZERS, installed_plugins, no_such_component

TASKS = tuple(MODEL_OF_TASK)
SPLITS = ("train", "valid", "test")
# An empty section means the same as none. `evaluation:` is not among them: empty, it switches the evaluation off.
_MAY_BE_EMPTY: tuple[Place, ...] = (
    ("experiment",),
    ("preprocessor",),
    ("data_collator",),
    ("model",),
    ("train",),
    ("plugins",),
    ("train", "dataloader"),
    ("train", "optimizer", "options"),
    ("train", "lr_scheduler", "options"),
    ("evaluation", "dataloader"),
)


def check_sections(document: Document) -> Sections | None:
    """Check everything but the arguments of components.

    Args:
        document: is told what is wrong.

    Returns:
        The sections, or None if something is wrong with them.
    """
    _drop_empty(document)
    before = len(document.problems)
    for path, block in dataset_blocks(document):
        complete_source(document, path, block)
    sections = check_value(Sections, document.data, document, ())
    corpora = check_corpora(document)
    if corpora is not None and sections is not INVALID:
        sections.dataset.corpora = [each.model_dump(exclude_none=True) for each in corpora]
    _check_task(document)
    _check_model(document)
    _check_types(document)
    _check_dataset(document)
    if sections is INVALID or len(document.problems) > before:
        return None
    return sections


def check_format(document: Document) -> dict[str, Any]:
    """The options of the data format, with their defaults; reports what is wrong with them.

    Where there are several corpora, `corpora` lists the options of each.
    """
    options = [_check_format(document, path, block) for path, block in dataset_blocks(document)]
    is_list = isinstance(document.data["dataset"].get("corpora"), list)
    return {"corpora": options} if is_list else options[0]


def _check_format(document: Document, path: Place, dataset: dict[str, Any]) -> dict[str, Any]:
    name = dataset.get("data_type")
    found = find_class(document, FORMATS, name, (*path, "data_type"))
    if found is None:
        return {}
    has_source = any(dataset.get(key) for key in ("data_file", "path", "name"))
    if not has_source and name not in _names(metainfo.Formats) and not hasattr(found, "read_split"):
        document.report((*path, "data_file"), f"is required: '{name}' reads files", at_key=True)
    before = len(document.problems)
    block = _format_block(document, path, dataset, Catalogue())
    if block is None or len(document.problems) > before:
        return {}
    del block["type"]
    return block


def _format_block(
    document: Document, path: Place, dataset: dict[str, Any], catalogue: Catalogue
) -> dict[str, Any] | None:
    """The options of a data format as a component; None if something is wrong with them."""
    own = set(Dataset.model_fields)
    options = {key: value for key, value in dataset.items() if key not in own}
    return check_component(document, FORMATS, {**options, "type": dataset["data_type"]}, path, own, catalogue)


def check_by_source(document: Document) -> bool:
    """Check the arguments of components by the source code of the components.

    Args:
        document: is told what is wrong.

    Returns:
        Whether the source told of all components, so that nothing but what the classes say beyond their signatures is left.
    """
    from adaseq.config.completion import Components
    from adaseq.config.source_catalogue import SourceCatalogue

    catalogue = SourceCatalogue()
    Components(document, catalogue).check()
    for path, block in dataset_blocks(document):
        if block.get("data_type") in _names(metainfo.Formats):
            _format_block(document, path, block, catalogue)
    return catalogue.found_all


def check_types_of_torch(document: Document) -> None:
    """Report an optimizer and a schedule that neither the source nor torch knows, where no plugin of the file can bring them.

    Args:
        document: is told what is wrong.
    """
    from adaseq.config.source_catalogue import SourceCatalogue

    if document.data.get("plugins"):
        return
    for name, registry in (("optimizer", OPTIMIZERS), ("lr_scheduler", LR_SCHEDULERS)):
        block = document.at(("train", name))
        given, place = (block.get("type"), ("type",)) if isinstance(block, dict) else (block, ())
        is_name = isinstance(given, str) and ":" not in given
        if is_name and SourceCatalogue().find(document, registry, given, ()) is None:
            find_class(document, registry, given, ("train", name, *place))


def _drop_empty(document: Document) -> None:
    for *parents, key in _MAY_BE_EMPTY:
        section = document.at(tuple(parents))
        if isinstance(section, dict) and key in section and section[key] is None:
            del section[key]
    for _, block in dataset_blocks(document):
        files = block.get("data_file")
        if isinstance(files, dict):
            for split in [split for split, file in files.items() if file is None]:
                del files[split]


def _check_task(document: Document) -> None:
    task = document.data.get("task")
    if isinstance(task, (str, int)) and not isinstance(task, bool) and task not in TASKS:
        document.report(
            ("task",), f"there is no task '{task}'{nearest(str(task), TASKS) or ';'} known: {listed(TASKS)}"
        )


def _check_model(document: Document) -> None:
    if "model" not in document.data:
        document.report(
            ("model",),
            "is required: the network, or at least its backbone: model.embedder.model_name_or_path",
            at_key=True,
        )


def _names(kind: type) -> list[str]:
    return sorted(value for key, value in vars(kind).items() if key.isupper())


def _typed(document: Document) -> Iterator[tuple[Place, Any, str, type]]:
    """The path, the value, the kind and the known names of every `type:` that can be known without an import."""
    places: list[tuple[Place, str, type]] = [
        (("preprocessor",), "preprocessor", metainfo.Preprocessors),
        (("data_collator",), "data collator", metainfo.DataCollators),
        (("model",), "model", metainfo.Models),
        (("model", "embedder"), "embedder", metainfo.Embedders),
        (("model", "encoder"), "encoder", metainfo.Encoders),
        (("model", "loss"), "loss", metainfo.Losses),
    ]
    lists: list[tuple[Place, str, type]] = [
        (("model", "embedder", "embedders"), "embedder", metainfo.Embedders),
        (("train", "hooks"), "hook", metainfo.Hooks),
        (("evaluation", "metrics"), "metric", metainfo.Metrics),
    ]
    for path, kind, names in lists:
        several = document.at(path)
        count = len(several) if isinstance(several, list) else 0
        places += [((*path, index), kind, names) for index in range(count)] or [(path, kind, names)]
    for path, kind, names in places:
        block = document.at(path)
        if isinstance(block, dict):
            yield (*path, "type"), block.get("type"), kind, names
        else:
            yield path, block, kind, names
    yield ("train", "trainer"), document.at(("train", "trainer")), "trainer", metainfo.Trainers
    for path, block in dataset_blocks(document):
        yield (*path, "data_type"), block.get("data_type"), "data format", metainfo.Formats


def _check_types(document: Document) -> None:
    unknown = [
        (path, value, kind, _names(names))
        for path, value, kind, names in _typed(document)
        if isinstance(value, str) and ":" not in value and value not in _names(names)
    ]
    if unknown and not document.data.get("plugins") and not installed_plugins():
        for path, value, kind, names in unknown:
            document.report(path, no_such_component(kind, value, names))


def _check_dataset(document: Document) -> None:
    for path, dataset in dataset_blocks(document):
        check_source(document, path, dataset, _names(metainfo.Formats))
        if isinstance(dataset.get("data_file"), dict):
            _check_splits(document, path, dataset, dataset["data_file"])


def _check_splits(document: Document, block: Place, dataset: dict[str, Any], files: dict[str, Any]) -> None:
    path: Place = (*block, "data_file")
    is_alone = block == ("dataset",)
    for split in files:
        if split == "cand" and document.data.get("task") == metainfo.Tasks.ENTITY_TYPING:
            continue
        if split not in SPLITS:
            near = nearest(str(split), (*SPLITS, "dev")) or ";"
            document.report((*path, split), f"there is no split '{split}'{near} allowed: {listed(SPLITS)}", at_key=True)
            return
    ways = [key for key in ("valid_ratio", "valid") if dataset.get(key) is not None]
    if "valid" in files and ways:
        message = "says how to do without a valid file, but dataset.data_file has one; leave one of them out"
        document.report((*block, ways[0]), message, at_key=True)
    elif len(ways) == 2:
        document.report((*block, "valid"), "give it or valid_ratio, not both", at_key=True)
    elif dataset.get("stratified") and not (dataset.get("valid_ratio") or dataset.get("test_ratio")):
        document.report(
            (*block, "stratified"), "is about valid_ratio and test_ratio, and neither is given", at_key=True
        )
    elif "test" in files and dataset.get("test_ratio") is not None:
        message = "says how to do without a test file, but dataset.data_file has one; leave one of them out"
        document.report((*block, "test_ratio"), message, at_key=True)
    elif (
        is_alone
        and "train" in files
        and not {"valid", "test"} & files.keys()
        and not (ways or dataset.get("test_ratio"))
        and document.data.get("evaluation", {}) is not None
    ):
        document.report(
            path,
            "there is no valid split to choose the best model on; name one, or hold out a share of train with "
            "dataset.valid_ratio: 0.1, or train without choosing: evaluation: null",
            at_key=True,
        )
