"""A commented configuration to begin with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from adaseq.config.task_formats import format_of
from adaseq.config.template_texts import GAPS, HEAD, NESTED, TAIL, TEXTS, Texts
from adaseq.config.writer import to_yaml
from adaseq.metainfo import Formats, Tasks

_VALID_RATIO = "  # valid_ratio: 0.1             # holds out a share of train, where there is no valid file\n"
_SOURCE_SCHEME = (
    "  # source_scheme: BIO           # how the tags are written; found out from all of the file by default\n"
)
_CRF_GROUP = """
    param_groups:                # parameters that learn at another rate, by regular expressions on their names
      - regex: crf
        lr: 5.0e-02"""
_WITH_CRF = (Tasks.NAMED_ENTITY_RECOGNITION, Tasks.CHUNKING, Tasks.WORD_SEGMENTATION)


def commented_config(
    task: str, name: str, dataset: Mapping[str, Any], model: str | None = None, forms: Collection[str] = ()
) -> str:
    """The YAML text of a complete configuration, with comments on what else could stand there.

    Args:
        task: the task.
        name: the name of the experiment.
        dataset: the content of the section `dataset`.
        model: the folder or name of a backbone; without one, embeddings are learned from the data.
        forms: what entities there are in the data that tags cannot spell.
    """
    texts = _texts(task, forms)
    more = "" if "valid" in dataset["data_file"] or "valid_ratio" in dataset else _VALID_RATIO
    if {**dataset, **format_of(task, dataset)}["data_type"] in (Formats.CONLL, Formats.JSON_TAGS):
        more += _SOURCE_SCHEME
    body = texts.embedding if model is None else texts.backbone
    related = [each for each in TEXTS if each != task and TEXTS[each] is texts]
    return (HEAD + texts.preprocessor + body + TAIL.replace("{metrics}", texts.metrics)).format(
        task=task,
        other_tasks=f"   # or: {', '.join(related)}" if related else "",
        name=_scalar(name),
        labels=texts.labels,
        dataset="\n".join("  " + line for line in to_yaml(dict(dataset)).splitlines()),
        more=more,
        model=_scalar(model),
        use_crf="true" if task in _WITH_CRF else "false",
        crf_group=_CRF_GROUP if task in _WITH_CRF else "",
    )


def _texts(task: str, forms: Collection[str]) -> Texts:
    """Those of the task, or of a model that finds such entities."""
    if task != Tasks.NAMED_ENTITY_RECOGNITION or not forms:
        return TEXTS[task]
    return GAPS if "discontinuous" in forms else NESTED


def _scalar(value: str | None) -> str:
    return to_yaml([value]).strip().removeprefix("- ")
