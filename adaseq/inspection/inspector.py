"""Goes through data once with all checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.config.task_formats import format_of
from adaseq.data.corpora import corpora_of
from adaseq.data.corpus_reader import CANDIDATES, DATASET_KEYS
from adaseq.data.label_map import LabelMap
from adaseq.data.labels import read_labels
from adaseq.data.sources.local import SPLITS
from adaseq.data.sources.source import find_source
from adaseq.inspection.checks.base import Check
from adaseq.inspection.checks.characters import CharacterCheck
from adaseq.inspection.checks.duplicates import DuplicateCheck
from adaseq.inspection.checks.labels import LabelCheck
from adaseq.inspection.checks.lengths import LengthCheck
from adaseq.inspection.checks.mentions import MentionCheck
from adaseq.inspection.checks.spans import SpanCheck
from adaseq.inspection.checks.tags import TransitionCheck
from adaseq.inspection.findings import Findings, Place
from adaseq.inspection.reading import FileReading, Item
from adaseq.metainfo import Formats, Tasks

if TYPE_CHECKING:
    from adaseq.data.piece_tokenizer import PieceTokenizer


@dataclass(frozen=True)
class Part:
    """A file of a split.

    Args:
        split: the split; with several corpora `corpus/split`.
        path: the file; None where a reader needs none.
        block: the format with its options.
        label_map: what becomes of labels, as in `dataset.label_map`.
    """

    split: str
    path: Path | None
    block: dict[str, Any]
    label_map: Mapping[str, str | None] = field(default_factory=dict)


@dataclass
class Report:
    """What an inspection has found.

    Args:
        findings: the findings.
        summary: sizes, labels, lengths, vocabulary; JSON-serialisable.
        parts: what was read.
    """

    findings: Findings
    summary: dict[str, Any]
    parts: list[Part] = field(default_factory=list)

    def status(self, strict: bool = False) -> int:
        """The exit status: 0 if training may go on, 2 if it should not.

        Args:
            strict: warnings count as well.
        """
        return 2 if self.findings.count("error") or (strict and self.findings.count("warning")) else 0

    def to_dict(self, strict: bool = False) -> dict[str, Any]:
        """As JSON."""
        counts = {"errors": "error", "warnings": "warning", "notes": "note"}
        return {
            "status": self.status(strict),
            "counts": {name: self.findings.count(severity) for name, severity in counts.items()},  # type: ignore[arg-type]
            "findings": [finding.to_dict() for finding in self.findings],
            **self.summary,
        }


def find_parts(
    dataset: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    base_dirs: Sequence[Path] = (Path(),),
    cache_dir: Path | None = None,
    task: str | None = None,
) -> list[Part]:
    """The files of a `dataset` section, with what is remote fetched.

    Args:
        dataset: the section; or a list of several, as for corpora that are trained on together.
        base_dirs: where relative paths may begin.
        cache_dir: where what is fetched and unpacked is kept.
        task: what the data is annotated for, where that decides how a format is read.
    """
    parts = []
    for corpus in corpora_of(dataset):
        section = {**corpus.block, **(format_of(task, corpus.block) if task else {})}
        files = section.get("data_file")
        if isinstance(files, Mapping):
            section["data_file"] = {split: each for split, each in files.items() if split != CANDIDATES}
        options = {key: value for key, value in section.items() if key not in DATASET_KEYS}
        source = find_source(section, options, base_dirs, cache_dir)
        label_map = section.get("label_map") or {}
        for split in (each for each in SPLITS if each in source.files):
            name = f"{corpus.name}/{split}" if corpus.name else split
            parts += [Part(name, path, source.block, label_map) for path in source.files[split] or (None,)]
    return parts


def inspect_parts(
    parts: Sequence[Part],
    findings: Findings,
    *,
    labels: Any = None,
    base_dirs: Sequence[Path] = (Path(),),
    tokenizer: PieceTokenizer | None = None,
    max_length: int | None = None,
    lowercase: bool = False,
    task: str | None = None,
) -> Report:
    """Inspect data.

    Args:
        parts: the files.
        findings: is told what is wrong.
        labels: what `dataset.labels` says.
        base_dirs: where relative paths may begin.
        tokenizer: of the backbone; None to go without what only it can tell.
        max_length: the most pieces of a sequence, or words without a tokenizer; by default as in training.
        lowercase: words are lower-cased before they are cut into pieces.
        task: what the data is for; only pretraining, or a task that is not known, has nothing against raw text.
    """
    splits = list(dict.fromkeys(part.split for part in parts))
    may_be_raw = task in (None, Tasks.PRETRAINING)
    raw = {part.split for part in parts if may_be_raw and part.block["type"] == Formats.PLAIN_TEXT}
    checks: list[Check] = [
        CharacterCheck(findings),
        TransitionCheck(findings),
        SpanCheck(findings),
        MentionCheck(findings),
        LabelCheck(findings, read_labels(labels, base_dirs), splits, raw),
        DuplicateCheck(findings, splits),
        LengthCheck(findings, tokenizer, max_length, lowercase),
    ]
    files = [_inspect_part(part, findings, checks) for part in parts]
    summary: dict[str, Any] = {"files": files}
    for check in checks:
        check.finish()
        summary.update(check.summary())
    return Report(findings, summary, list(parts))


def _inspect_part(part: Part, findings: Findings, checks: Sequence[Check]) -> dict[str, Any]:
    reading = FileReading(part.block, part.split, part.path, findings)
    label_map = LabelMap(part.label_map)
    count = 0
    for item in reading.items():
        count += 1
        if part.label_map and not _is_kept(item, label_map):
            continue
        for check in checks:
            check.look(item)
    if reading.is_strict:
        findings.regrade("illegal-transition", "error")
    if not count and not findings.count("error"):
        findings.add("unreadable-file", Place(str(part.path or part.split), None, "there is no sentence in this file"))
    named = {"split": part.split, "file": str(part.path or ""), "format": str(part.block["type"]), "examples": count}
    encoding = str(part.block.get("encoding") or "utf-8").lower()
    known = {"encoding": encoding if encoding != "utf-8" else None, "scheme": reading.scheme}
    return {**named, **{key: value for key, value in known.items() if value}}


def _is_kept(item: Item, label_map: LabelMap) -> bool:
    """Give an example the labels that training will see; false if training leaves it out."""
    return any(label_map.apply([item.example], lambda: item.has_label_per_word))
