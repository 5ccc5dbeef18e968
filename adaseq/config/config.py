"""A configuration that has been checked: every default filled in, every path found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaseq.config.document import plain
from adaseq.config.problems import Problem
from adaseq.config.sections import Dataset, Evaluation, Experiment, Parallel, Sections, Train
from adaseq.config.writer import to_yaml, without_secrets
from adaseq.utils.files import atomic_write


@dataclass
class Config:
    """What a run is made of.

    Components are plain dicts with `type` and all their arguments; sections are objects: `config.train.max_epochs`.

    Args:
        task: what the model does.
        experiment: where the results go, and the seed.
        dataset: the data and its format; or as `corpora` a list of such dicts, with `labels` beside it.
        preprocessor: from examples to features.
        data_collator: from features to batches.
        model: the network.
        train: the training; `optimizer`, `lr_scheduler` and `hooks` in it are components.
        evaluation: the evaluation; None trains without one. `metrics` in it is a list of components.
        plugins: modules of the user's own, imported already.
        plugin_dirs: the folders where modules of the user's own were found.
        parallel: how several processes train together.
        work_dir: the run folder, if the configuration names one.
        base_dirs: where relative paths begin: the working directory, then the folder of the configuration file.
        warnings: what works, but not as it seems; logged already.
    """

    task: str
    experiment: Experiment
    dataset: dict[str, Any]
    preprocessor: dict[str, Any]
    data_collator: dict[str, Any]
    model: dict[str, Any]
    train: Train
    evaluation: Evaluation | None
    plugins: list[str] = field(default_factory=list)
    plugin_dirs: list[str] = field(default_factory=list)
    parallel: Parallel | None = None
    work_dir: str | None = None
    base_dirs: list[Path] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @classmethod
    def assemble(cls, sections: Sections, components: Mapping[str, Any], **more: Any) -> Config:
        """Put a configuration together from its checked parts.

        Args:
            sections: the checked sections.
            components: the checked components by their keys, `format_options` among them; those that are missing are
                taken as they were given.
            more: `base_dirs` and `warnings`.
        """
        train = {name: components[name] for name in ("optimizer", "lr_scheduler", "hooks") if name in components}
        metrics = {name: components[name] for name in ("metrics",) if name in components}
        options = components.get("format_options", {})
        dataset = sections.dataset.model_dump(exclude_none=True)
        if "corpora" in options:
            dataset["corpora"] = list(map(_with_options, dataset["corpora"], options["corpora"]))
        else:
            dataset = _with_options(dataset, options)
        own = {
            name: components.get(name, getattr(sections, name)) for name in ("model", "preprocessor", "data_collator")
        }
        return cls(
            task=sections.task,
            experiment=sections.experiment,
            dataset=dataset,
            train=sections.train.model_copy(update=train),
            evaluation=sections.evaluation and sections.evaluation.model_copy(update=metrics),
            plugins=sections.plugins,
            plugin_dirs=sections.plugin_dirs,
            parallel=sections.parallel,
            work_dir=sections.work_dir,
            **own,
            **more,
        )

    def to_dict(self, with_secrets: bool = False) -> dict[str, Any]:
        """Everything as plain dicts, lists and scalars: a configuration that loads as this one.

        Args:
            with_secrets: keep access tokens and passwords; for what is written nowhere.
        """
        content: dict[str, Any] = {
            "experiment": _section(self.experiment),
            "task": self.task,
            "plugins": self.plugins,
            "plugin_dirs": self.plugin_dirs,
            "dataset": _in_order(self.dataset),
            "preprocessor": self.preprocessor,
            "data_collator": self.data_collator,
            "model": self.model,
            "train": _section(self.train),
            "evaluation": _section(self.evaluation) if self.evaluation else None,
            "parallel": _section(self.parallel) if self.parallel else None,
            "work_dir": self.work_dir,
        }
        dispensable = ("plugins", "plugin_dirs", "parallel", "work_dir")
        kept = {key: value for key, value in content.items() if value or key not in dispensable}
        return dict(plain(kept) if with_secrets else without_secrets(plain(kept)))

    def save(self, path: str | Path) -> None:
        """Write it as YAML, whole or not at all."""
        with atomic_write(path) as file:
            file.write(to_yaml(self.to_dict()))


def _with_options(dataset: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """A corpus with all the options of its format, which stand behind its own keys."""
    return {**{key: value for key, value in dataset.items() if key not in options}, **options}


def _in_order(dataset: dict[str, Any]) -> dict[str, Any]:
    """A corpus with its own keys first, also those that a run has filled in."""
    own = [key for key in Dataset.model_fields if key in dataset]
    return {key: dataset[key] for key in (*own, *dataset)}


def _section(section: Any) -> dict[str, Any]:
    """A section with its keys in order; those that are not set are left out, in components they stay."""
    content = {name: getattr(section, name) for name in type(section).model_fields}
    return {
        name: _section(value) if hasattr(type(value), "model_fields") else value
        for name, value in content.items()
        if value is not None
    }
