"""The data of a run: its splits, its labels, and what was noticed on the way."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaseq.data.corpora import Corpus, JoinedExamples, common_keys, corpora_of
from adaseq.data.corpus_reader import DATASET_KEYS, ReadCorpus, read_corpus
from adaseq.data.example import EntityForm
from adaseq.data.labels import inventory
from adaseq.data.sampling import sample_splits
from adaseq.data.sources.local import SPLITS
from adaseq.data.splits import derive_splits, with_valid
from adaseq.data.statistics import Statistics
from adaseq.data.store.examples import Examples, ExampleStore
from adaseq.errors import AdaSeqError
from adaseq.metainfo import Tasks
from adaseq.utils.tag_schemes import PLAIN

__all__ = ["DATASET_KEYS", "DatasetManager"]

logger = logging.getLogger(__name__)

_TASKS_OF_SPANS = (Tasks.NAMED_ENTITY_RECOGNITION, Tasks.CHUNKING, Tasks.WORD_SEGMENTATION)


@dataclass
class DatasetManager:
    """The splits of a data set, and its labels.

    Args:
        splits: train, valid, test: those that exist.
        labels: the labels, in the order of their ids.
        label_counts: for each split how often each label occurs.
        form_counts: for each split how many entities tags cannot spell.
        one_label_per_word: whether the data has one label per word, without boundaries.
        text_splitter: the splitter that cuts raw text into such words as the data has.
        notes: what is worth a line in the log.
    """

    splits: dict[str, Examples]
    labels: list[str]
    label_counts: dict[str, dict[str, int]]
    form_counts: dict[str, dict[EntityForm, int]] = field(default_factory=dict)
    one_label_per_word: bool = False
    text_splitter: str = "word"
    notes: list[str] = field(default_factory=list)

    @property
    def fingerprints(self) -> dict[str, str]:
        """For each split what stands for its content."""
        return {name: split.fingerprint for name, split in self.splits.items()}

    @classmethod
    def from_config(
        cls,
        dataset: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        task: str,
        *,
        base_dirs: Sequence[Path] = (Path(),),
        seed: int = 42,
        has_evaluation: bool = True,
        cache_dir: Path | None = None,
    ) -> DatasetManager:
        """Read the `dataset` section of a configuration, and the data.

        Args:
            dataset: the section, or a list of such sections, one for each corpus.
            task: the task; `dataset.task`, if given, must be the same.
            base_dirs: where relative paths may begin.
            seed: decides which examples `valid_ratio` holds out, and which ones `sample` chooses.
            has_evaluation: whether a valid split is needed.
            cache_dir: where the read data is kept.

        Raises:
            DataError: a file is missing or malformed.
            AdaSeqError: the section contradicts itself, or no valid split can be had.
        """
        common = common_keys(dataset)
        if common.get("task") not in (None, task):
            raise AdaSeqError(f"dataset.task is '{common['task']}', but task is '{task}'; leave one of them out")
        corpora = corpora_of(dataset)
        read = [read_corpus(corpus.block, task, base_dirs, cache_dir) for corpus in corpora]
        one_label_per_word = _has_one_label_per_word(corpora, read, task)
        notes: list[str] = []
        parts: list[dict[str, ExampleStore]] = []
        for corpus, each in zip(corpora, read, strict=True):
            splits, more = derive_splits(each.splits, corpus.block, seed)
            splits, chosen = sample_splits(splits, corpus.block.get("sample"), seed)
            prefix = f"{corpus.name}: " if corpus.name else ""
            notes += [prefix + note for note in (*each.notes, *more, *chosen)]
            parts.append(splits)
        statistics = {
            name: Statistics.sum(_statistics(splits[name]) for splits in parts if name in splits) for name in SPLITS
        }
        joined = _join(corpora, parts)
        if has_evaluation:
            joined = with_valid(joined)
            if "valid" in joined and joined["valid"] is joined.get("test"):
                statistics["valid"] = statistics["test"]
        counts = {name: dict(statistics[name].labels) for name in joined}
        # Raw text for pretraining has no labels.
        is_raw = task == Tasks.PRETRAINING and not common.get("labels") and not any(counts.values())
        labels, warnings = ([], []) if is_raw else inventory(common.get("labels"), counts, base_dirs, cache_dir)
        train = statistics["train"] if "train" in joined else statistics[next(iter(joined))]
        return cls(
            splits=joined,
            labels=labels,
            label_counts=counts,
            form_counts={name: dict(statistics[name].forms) for name in joined},
            one_label_per_word=one_label_per_word,
            text_splitter=train.text_splitter,
            notes=[*notes, *warnings],
        )

    def describe(self) -> str:
        """What the log says about the data: sizes, tag schemes, labels, what is odd."""
        lines = ["Data:", *(f"  {note}" for note in self.notes)]
        if self.labels:
            counts = self.label_counts.get("train", {})
            shown = ", ".join(f"{label or '(no type)'} {counts.get(label, 0)}" for label in self.labels[:50])
            rest = f", and {len(self.labels) - 50} more" if len(self.labels) > 50 else ""
            lines.append(f"  {len(self.labels)} labels, with their counts in train: {shown}{rest}")
        return "\n".join(lines)


def _join(corpora: Sequence[Corpus], parts: Sequence[dict[str, ExampleStore]]) -> dict[str, Examples]:
    """The splits of all corpora together."""
    if not corpora[0].name:
        return dict(parts[0])
    weights = {corpus.name: corpus.weight for corpus in corpora}
    joined: dict[str, Examples] = {}
    for name in SPLITS:
        by_corpus = {corpus.name: part[name] for corpus, part in zip(corpora, parts, strict=True) if name in part}
        if by_corpus:
            joined[name] = JoinedExamples(by_corpus, weights)
    return joined


def _has_one_label_per_word(corpora: Sequence[Corpus], read: Sequence[ReadCorpus], task: str) -> bool:
    """Whether each word has a label of its own; all of the data must agree about that, and the task with the data."""
    stores = {
        f"{corpus.name}: {name}" if corpus.name else name: store
        for corpus, each in zip(corpora, read, strict=True)
        for name, store in each.splits.items()
    }
    readings = {
        name: {scheme == PLAIN for scheme in store.metadata["schemes"]}
        for name, store in stores.items()
        if store.metadata["statistics"]["labels"]
    }
    plain = [name for name, reading in readings.items() if True in reading]
    tags = ", ".join(list(stores[plain[0]].metadata["statistics"]["labels"])[:8]) if plain else ""
    if any(False in reading for reading in readings.values()) and plain:
        raise AdaSeqError(
            f"the tags in {' and '.join(plain)} have no prefix such as B- or I-, others have one ({plain[0]}: {tags}); if they "
            "are written alike, say how with dataset.source_scheme; 'adaseq inspect' shows lines that are unlike the others"
        )
    if task in _TASKS_OF_SPANS and any(stores[name].metadata.get("detected") for name in plain):
        raise AdaSeqError(
            f"the tags in {plain[0]} have no prefix such as B- or I-: {tags}. If that is right, say how to read "
            f"them for {task}: dataset.source_scheme: IO makes a span of neighbours with the same tag, PLAIN one of each word"
        )
    return bool(plain)


def _statistics(split: ExampleStore) -> Statistics:
    """Those noted while reading; where only some of the examples are used, they are counted again."""
    if not split.is_selection:
        return Statistics.from_dict(split.metadata["statistics"])
    counted = Statistics()
    for example in split:
        counted.add(example)
    return counted
