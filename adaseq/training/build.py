"""From a configuration to a trainer: which part is made of what."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaseq.config import Config
from adaseq.config.pairing import partners_of
from adaseq.config.sections import DataLoader as LoaderSection
from adaseq.config.sections import EvaluationDataLoader
from adaseq.data.batching import BatchSampler
from adaseq.data.corpora import JoinedExamples
from adaseq.data.data_collators.base import DataCollator
from adaseq.data.dataset_manager import DatasetManager
from adaseq.data.example import EntityForm
from adaseq.data.feature_dataset import FeatureDataset
from adaseq.data.preprocessors.base import Preprocessor
from adaseq.data.store.examples import Examples
from adaseq.errors import AdaSeqError
from adaseq.metrics.base import Dumper
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.base import Model
from adaseq.models.model_folder import save_model_folder
from adaseq.modules.quick_dropout import quicken_dropout
from adaseq.registry import HOOKS, METRICS, MODELS, TRAINERS
from adaseq.training.evaluation import Evaluator
from adaseq.training.gradient_clipping import GradientClipping
from adaseq.training.hooks.base import Hook
from adaseq.training.hooks.best_checkpoint_hook import best_hook
from adaseq.training.initial_weights import load_initial_weights
from adaseq.training.loader import BatchLoader
from adaseq.training.optimizer import build_optimizer, describe_groups, describe_parts
from adaseq.training.runtime import Runtime
from adaseq.training.schedule import build_schedule
from adaseq.training.trainer import Trainer
from adaseq.utils.memory import keep_memory
from adaseq.utils.seed import set_seed

logger = logging.getLogger(__name__)

_EVALUATED = ("valid", "test")
_FORMS: dict[EntityForm, tuple[str, str]] = {
    "nested": (
        "inside another one",
        "biaffine-ner-model with flat_ner: false, global-pointer-model and w2ner-model find them",
    ),
    "crossing": ("across another one", "global-pointer-model and w2ner-model find them"),
    "several types": (
        "with more than one type",
        "global-pointer-model and biaffine-ner-model with multi_label: true find them",
    ),
    "discontinuous": ("with gaps", "w2ner-model finds them"),
}


@dataclass(frozen=True)
class PreparedData:
    """The data of a run, encoded.

    Args:
        manager: the examples and what is known about them.
        preprocessor: what encoded them.
        collator: makes batches of them.
        splits: the features by split.
    """

    manager: DatasetManager
    preprocessor: Preprocessor
    collator: DataCollator
    splits: dict[str, FeatureDataset]


def prepare_data(config: Config, runtime: Runtime) -> PreparedData:
    """Read and encode the data; the main process does it, the others find it in the cache."""
    with runtime.main_first():
        manager = DatasetManager.from_config(
            config.dataset,
            config.task,
            base_dirs=config.base_dirs,
            seed=config.experiment.seed,
            has_evaluation=config.evaluation is not None,
        )
        if not len(manager.splits.get("train", ())):
            raise AdaSeqError("There is no training data: give dataset.data_file.train.")
        train = manager.splits["train"]
        preprocessor = build_preprocessor(
            config.preprocessor,
            config.model,
            manager.labels,
            one_label_per_word=manager.one_label_per_word,
            text_splitter=manager.text_splitter,
        )
        preprocessor.fit(_Sentences(train, preprocessor))
        splits = {"train": FeatureDataset(train, preprocessor, training=True)}
        preprocessor.limit_windows(int(splits["train"].lengths.max()))
        for name, examples in manager.splits.items():
            if name == "test" or (name != "train" and config.evaluation is not None):
                splits[name] = FeatureDataset(examples, preprocessor, training=False)
    logger.info("%s", manager.describe())
    for name, split in splits.items():
        _report_truncation(name, split, preprocessor)
    return PreparedData(manager, preprocessor, build_collator(config.data_collator, preprocessor), splits)


class _Sentences:
    """The words of each training example, as often as they are gone through."""

    def __init__(self, examples: Examples, preprocessor: Preprocessor) -> None:
        self._examples, self._preprocessor = examples, preprocessor

    def __iter__(self) -> Iterator[list[str]]:
        return map(self._preprocessor.words_of, self._examples)


def build_trainer(
    config: Config, data: PreparedData, runtime: Runtime, work_dir: Path, checkpoint_path: Path | None = None
) -> Trainer:
    """Build the model and everything that trains it.

    Args:
        config: the configuration.
        data: its data.
        runtime: device, precision and processes.
        work_dir: the run folder.
        checkpoint_path: weights to begin with.
    """
    seed = config.experiment.seed
    set_seed(seed)
    train = data.splits["train"]
    model = build_model(
        config.model,
        data.preprocessor,
        lambda: data.preprocessor.class_counts(train[index] for index in range(len(train))),
    )
    _check_labels(model, data.preprocessor)
    _report_forms(model, data.manager)
    if runtime.device.type == "cpu":
        quicken_dropout(model)
        keep_memory()
    if checkpoint_path is not None:
        load_initial_weights(model, checkpoint_path)
    if runtime.rank:
        # Each process has a dropout of its own; their weights are made equal to those of the first.
        set_seed((seed + runtime.rank) % 2**32)
    optimizer_block: dict[str, Any] = _block(config.train.optimizer)
    options = optimizer_block.get("options") or {}
    if runtime.device.type == "cpu" and any(
        each.get("capturable") for each in (optimizer_block, *(optimizer_block.get("param_groups") or []))
    ):
        raise AdaSeqError(
            "train.optimizer.capturable works on GPUs alone, and the training runs on the CPU: leave it out"
        )
    optimizer = build_optimizer(optimizer_block, model)
    logger.info("Parameters:\n%s\n%s", describe_groups(optimizer, model), describe_parts(model))
    batches = _train_loader(config, data, runtime)
    if not batches.batches_in(0):
        raise AdaSeqError(
            f"There is no batch to train on: the training data has {len(batches.dataset)} examples, fewer than "
            "train.dataloader.batch_size_per_gpu, and drop_last is set."
        )
    accumulation = int(options.get("cumulative_iters") or 1)
    hooks: list[Hook] = [HOOKS.build(block) for block in config.train.hooks or []]
    metric_key, rule = _watched(config, hooks)
    num_updates = sum(-(-batches.batches_in(epoch) // accumulation) for epoch in range(config.train.max_epochs))
    schedule = build_schedule(
        _block(config.train.lr_scheduler), optimizer, num_updates, config.train.max_epochs, metric_key, rule
    )
    schedule.check_length(num_updates, config.train.max_epochs)
    trainer_class = TRAINERS.get(config.train.trainer)
    clip, loss_keys = options.get("grad_clip"), options.get("loss_keys") or "loss"
    trainer: Trainer = trainer_class(
        model=model,
        batches=batches,
        optimizer=optimizer,
        schedule=schedule,
        evaluators=build_evaluators(config, data, runtime, work_dir),
        hooks=hooks,
        runtime=runtime,
        work_dir=work_dir,
        max_epochs=config.train.max_epochs,
        accumulation=accumulation,
        grad_clip=GradientClipping(**clip) if clip else None,
        loss_keys=[loss_keys] if isinstance(loss_keys, str) else loss_keys,
        seed=seed,
        save_model=functools.partial(
            save_model_folder, model=model, preprocessor=data.preprocessor, config=config.to_dict()
        ),
        fingerprint=_fingerprint(data, batches, accumulation),
        ema_decay=config.train.ema_decay,
    )
    return trainer


def _check_labels(model: Model, preprocessor: Preprocessor) -> None:
    """Refuse labels in the section `model` that are not those of the data."""
    stated, known = getattr(model, "id_to_label", None), getattr(preprocessor, "id_to_label", None)
    if stated is not None and known is not None and dict(stated) != dict(known):
        raise AdaSeqError(
            f"model.id_to_label says {', '.join(stated.values())}, but the data and the preprocessor have {', '.join(known.values())}; "
            "leave it out"
        )


def build_evaluators(config: Config, data: PreparedData, runtime: Runtime, work_dir: Path) -> dict[str, Evaluator]:
    """How to score the splits that are scored; only the predictions on test data are written to a file."""
    section = config.evaluation.dataloader if config.evaluation else EvaluationDataLoader.model_validate({})
    supplied = {"work_dir": str(work_dir)}
    if hasattr(data.preprocessor, "tag_scheme"):  # annotation is compared and written in the scheme of the model
        supplied["tag_scheme"] = data.preprocessor.tag_scheme
    metrics = [METRICS.build(block, **supplied) for block in _metric_blocks(config)]
    dumpers = [each for each in metrics if isinstance(each, Dumper)]
    scorers = [each for each in metrics if not isinstance(each, Dumper)]
    evaluators = {}
    for split in _EVALUATED:
        if split in data.splits:
            dataset = data.splits[split]
            sampler = BatchSampler(
                dataset.lengths,
                section.batch_size_per_gpu,
                shuffle=False,
                rank=runtime.rank,
                world_size=runtime.world_size,
            )
            loader = _loader(dataset, sampler, data, section, runtime)
            evaluators[split] = Evaluator(split, loader, scorers, dumpers if split == "test" else [], runtime)
    return evaluators


def _train_loader(config: Config, data: PreparedData, runtime: Runtime) -> BatchLoader:
    section = config.train.dataloader
    dataset = data.splits["train"]
    sampler = BatchSampler(
        dataset.lengths,
        section.batch_size_per_gpu,
        shuffle=section.shuffle,
        drop_last=section.drop_last,
        seed=config.experiment.seed,
        token_budget=section.token_budget,
        group_by_length=section.group_by_length,
        corpora=_weights(data),
        equal_shares=True,
        rank=runtime.rank,
        world_size=runtime.world_size,
    )
    return _loader(dataset, sampler, data, section, runtime)


def _weights(data: PreparedData) -> list[tuple[int, float]]:
    """How many examples each corpus has, and how often each is seen in an epoch; empty if that is once for all of them."""
    train = data.manager.splits["train"]
    if not isinstance(train, JoinedExamples) or all(weight == 1 for weight in train.weights):
        return []
    return list(zip(train.sizes, train.weights, strict=True))


def _loader(
    dataset: FeatureDataset, sampler: BatchSampler, data: PreparedData, section: LoaderSection, runtime: Runtime
) -> BatchLoader:
    pin_memory = runtime.device.type == "cuda" if section.pin_memory is None else section.pin_memory
    return BatchLoader(
        dataset,
        sampler,
        data.collator,
        workers=section.workers_per_gpu,
        pin_memory=pin_memory,
        prefetch_factor=section.prefetch_factor,
        persistent_workers=section.persistent_workers,
        timeout=section.timeout,
    )


def _metric_blocks(config: Config) -> list[dict[str, Any]]:
    if config.evaluation is not None:
        metrics = config.evaluation.metrics or []
        return [_block(each) for each in (metrics if isinstance(metrics, list) else [metrics])]
    # Nothing is evaluated while training; a test at its end takes the metrics that go with the model.
    partners = partners_of(config.model["type"], MODELS.get(config.model["type"]), config.task)
    return [*({"type": name} for name in partners.metrics), *([dict(partners.dumper)] if partners.dumper else [])]


def _watched(config: Config, hooks: list[Hook]) -> tuple[str, str]:
    """The score that decides, and whether more or less of it is better."""
    best, plateau = best_hook(hooks), config.train.lr_scheduler_hook
    return plateau.metric_key if plateau else best.metric_key, best.rule


def _fingerprint(data: PreparedData, batches: BatchLoader, accumulation: int) -> str:
    """Changes whenever the sequence of training batches does."""
    sampler = batches.sampler
    train = data.manager.splits["train"]
    order = [
        sampler.batch_size,
        sampler.token_budget,
        sampler.shuffle,
        sampler.seed,
        sampler.group_by_length,
        sampler.corpora,
        sampler.drop_last,
        accumulation,
    ]
    text = json.dumps([train.fingerprint, data.preprocessor.fingerprint(), *order])
    return hashlib.sha256(text.encode()).hexdigest()


def _report_truncation(name: str, split: FeatureDataset, preprocessor: Preprocessor) -> None:
    lost = split.truncation()
    if not lost["examples"]:
        return
    spans = f" and {lost['spans']} labelled spans" if lost["spans"] else ""
    if split.training and preprocessor.uses_windows:
        logger.warning(
            "%d training examples are longer than max_length (%d): %d words%s in them are not trained on. "
            "Evaluation and prediction use overlapping windows and lose nothing.",
            lost["examples"],
            preprocessor.max_length,
            lost["words"],
            spans,
        )
    else:
        logger.warning(
            "%d examples of %s are longer than max_length (%d): %d words%s in them, those furthest from what is judged, are "
            "not seen.",
            lost["examples"],
            name,
            preprocessor.max_length,
            lost["words"],
            spans,
        )


def _report_forms(model: Model, manager: DatasetManager) -> None:
    """Warn of entities of a form that the model does not find."""
    if model.entity_forms is None:
        return
    for form, (what, who) in _FORMS.items():
        counts = {name: each[form] for name, each in manager.form_counts.items() if each.get(form)}
        if counts and form not in model.entity_forms:
            logger.warning(
                "The model finds no entities %s: %s. The scores count them as missed; %s (docs/models_span.md).",
                what,
                ", ".join(f"{n} of {sum(manager.label_counts[name].values())} in {name}" for name, n in counts.items()),
                who,
            )


def _block(block: Mapping[str, Any] | str | None) -> dict[str, Any]:
    return {"type": block} if isinstance(block, str) else dict(block or {})
