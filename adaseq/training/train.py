"""One training, from the configuration to the tested model."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adaseq.config import Config, load_config
from adaseq.errors import AdaSeqError
from adaseq.models.model_card import write_model_card
from adaseq.training.build import PreparedData, build_trainer, prepare_data
from adaseq.training.card import LabelScores, run_facts
from adaseq.training.checkpoint import Checkpoints
from adaseq.training.hooks.best_checkpoint_hook import best_hook, best_model_of
from adaseq.training.loader import lost_workers_explained
from adaseq.training.record import FAILED, FINISHED, INTERRUPTED, RunRecord
from adaseq.training.run_folder import CHECKPOINTS, CONFIG, RunFolder, log_file
from adaseq.training.runtime import Runtime
from adaseq.training.summary import changed_keys, summary
from adaseq.training.trainer import Trainer
from adaseq.utils.logging import logging_to

logger = logging.getLogger(__name__)


def train_model(
    config: str | os.PathLike[str] | Mapping[str, Any] | Config | None = None,
    work_dir: str | os.PathLike[str] | None = None,
    run_name: str | None = None,
    force: bool = False,
    checkpoint_path: str | os.PathLike[str] | None = None,
    resume: bool = False,
    seed: int | None = None,
    device: str = "gpu",
    use_fp16: bool = False,
    use_bf16: bool = False,
    overrides: Sequence[str] = (),
    imports: Sequence[str] = (),
) -> dict[str, Any]:
    """Train, choose and test a model.

    Args:
        config: a configuration file, or its content; may be left out when a run is resumed by its folder.
        work_dir: the run folder, instead of `<exp_dir>/<exp_name>/<run_name>`.
        run_name: the name of the run; by default the time of its start.
        force: overwrite what an earlier run has left in the folder.
        checkpoint_path: weights to begin with: a file, a model folder or a run folder.
        resume: go on with a run that was stopped.
        seed: overrides that of the configuration.
        device: gpu (falls back to the CPU), cpu, cuda:<number> or mps.
        use_fp16: compute in half precision.
        use_bf16: compute in bfloat16.
        overrides: `key=value` texts that override the configuration.
        imports: modules to import beside those under `plugins:`.

    Returns:
        `work_dir`; `model`, the folder of the best model; `best_epoch` and `best` (the validation scores of that epoch), where
        there was an evaluation; `test` (the test scores), where there is test data.

    Raises:
        AdaSeqError: something in the configuration, the data or the arguments is not right.
        TrainingInterrupted: Ctrl-C or SIGTERM; the run can be resumed.
    """
    if use_fp16 and use_bf16:
        raise AdaSeqError("Give --use_fp16 or --use_bf16, not both.")
    if resume and force:
        raise AdaSeqError("Give --resume to go on with a run, or --force to overwrite it, not both.")
    precision = "fp16" if use_fp16 else "bf16" if use_bf16 else None
    is_main = int(os.environ.get("RANK", "0")) == 0
    with lost_workers_explained(), logging_to(console=is_main):
        loaded = _load(config, work_dir, resume, seed, precision, overrides, imports)
        parallel = loaded.parallel.model_dump(exclude={"type"}) if loaded.parallel else None
        runtime = Runtime(device, loaded.train.precision, parallel)
        try:
            with runtime.together(), _run_folder(loaded, runtime, work_dir, run_name, force, resume) as folder:
                return _train(loaded, runtime, folder, checkpoint_path, resume)
        finally:
            runtime.close()


def _load(
    config: str | os.PathLike[str] | Mapping[str, Any] | Config | None,
    work_dir: str | os.PathLike[str] | None,
    resume: bool,
    seed: int | None,
    precision: str | None,
    overrides: Sequence[str],
    imports: Sequence[str],
) -> Config:
    if isinstance(config, Config):
        config = config.to_dict(with_secrets=True)
    if config is None:
        if not (resume and work_dir):
            raise AdaSeqError("A configuration is needed: -c FILE. Only --resume -w RUN_FOLDER finds it by itself.")
        config = Path(work_dir) / CONFIG
        if not config.is_file():
            raise AdaSeqError(f"Cannot resume: there is no {config}. Is {work_dir} the folder of a run?")
    extra: dict[str, Any] = {}
    if seed is not None:
        extra["experiment.seed"] = seed
    if precision is not None:
        extra["train.precision"] = precision
    return load_config(config, overrides, extra=extra, imports=imports)


@contextlib.contextmanager
def _run_folder(
    config: Config,
    runtime: Runtime,
    work_dir: str | os.PathLike[str] | None,
    run_name: str | None,
    force: bool,
    resume: bool,
) -> Iterator[Path]:
    """The folder of the run, held by the main process, with the log files open."""
    held: list[RunFolder] = []

    def take() -> str:
        chosen = work_dir or (config.work_dir if run_name is None else None)
        if chosen:
            held.append(RunFolder.open(Path(chosen), force, resume))
        else:
            parent = Path(config.experiment.exp_dir) / config.experiment.exp_name
            held.append(RunFolder.create(parent, run_name or config.experiment.run_name, force, resume))
        return str(held[0].path)

    path = Path(runtime.on_main(take))
    try:
        with logging_to(console=False, file=log_file(path, runtime.rank)):
            logger.info("Run folder: %s", path)
            yield path
    finally:
        for folder in held:
            folder.release()


def _train(
    config: Config,
    runtime: Runtime,
    folder: Path,
    checkpoint_path: str | os.PathLike[str] | None,
    resume: bool,
) -> dict[str, Any]:
    record = RunRecord(folder)
    if resume and runtime.broadcast(record.is_finished):
        logger.info("This run has finished already; there is nothing to resume.")
        if not config.train.keep_checkpoints:
            runtime.on_main(Checkpoints(folder / CHECKPOINTS).remove)
        return _results(config, record.values, folder)
    try:
        data = prepare_data(config, runtime)
        if data.manager.labels:  # plain text has none
            config.dataset["labels"] = list(data.manager.labels)
        if resume:
            _report_changed_data(data, record)
        else:
            runtime.on_main(lambda: config.save(folder / CONFIG))
        # A run that was stopped before its first checkpoint begins with the same weights again.
        given = os.path.abspath(checkpoint_path) if checkpoint_path else None
        initial = runtime.broadcast(given or (record.values.get("initial_weights") if resume else None))
        runtime.on_main(lambda: record.start(runtime, config.experiment.seed, data.manager.fingerprints, initial))
        if initial and resume and runtime.on_main(Checkpoints(folder / CHECKPOINTS).latest):
            initial = None  # a checkpoint has all weights, and those that the run began with may be gone
        trainer = build_trainer(config, data, runtime, folder, Path(initial) if initial else None)
        if resume:
            if not trainer.resume():
                logger.info("There is no checkpoint: the run was stopped before its first one and begins anew.")
            # Not before: a configuration that does not fit the checkpoint must not take the place of the one that does.
            runtime.on_main(lambda: _replace_config(config, folder / CONFIG))
        trainer.run()
        values = _finish(config, trainer, data, folder, record)
    except BaseException as error:
        try:
            _note_the_end(record, error, runtime)
        except RuntimeError:  # torch has told in the midst of it that a worker has died; it tells so once
            _note_the_end(record, error, runtime)
        raise
    runtime.on_main(lambda: record.end(FINISHED, **values))
    if not config.train.keep_checkpoints:
        runtime.on_main(trainer.checkpoints.remove)
    if runtime.is_main:
        logger.info("%s", summary(folder, best_model_of(folder, config), values))
    return _results(config, values, folder)


def _finish(config: Config, trainer: Trainer, data: PreparedData, folder: Path, record: RunRecord) -> dict[str, Any]:
    """Test the best model and complete its card; what `run.json` says about the end."""
    best = best_hook(trainer.hooks)
    values: dict[str, Any] = {}
    if best.best_score is not None:
        values = {"best_epoch": best.best_epoch, "best": best.best_scores}
    label_scores = LabelScores()
    if "test" in trainer.evaluators:
        trainer.evaluators["test"].dumpers.append(label_scores)
        values["test"] = trainer.test()

    def write_card() -> None:
        facts = run_facts(data, record.values, values, label_scores)
        card = best_model_of(folder, config) / "README.md"
        write_model_card(card, config.to_dict(), data.preprocessor.labels, values.get("test"), facts)

    trainer.runtime.on_main(write_card)
    return values


def _report_changed_data(data: PreparedData, record: RunRecord) -> None:
    before = record.values.get("data") or {}
    changed = [name for name, each in data.manager.fingerprints.items() if before.get(name, each) != each]
    if changed:
        logger.warning(
            "The data has changed since the run began (%s): scores from before cannot be compared with those to come.",
            ", ".join(changed),
        )


def _replace_config(config: Config, path: Path) -> None:
    changed = changed_keys(path, config.to_dict()) if path.is_file() else []
    if changed:
        logger.warning(
            "The configuration is not that of the run so far; the result will not be that of a run that was never "
            "stopped. Changed: %s. What is in the checkpoint, such as the learning rate, stays as it was.",
            ", ".join(changed),
        )
    config.save(path)


def _note_the_end(record: RunRecord, error: BaseException, runtime: Runtime) -> None:
    if not runtime.is_main:
        return
    try:
        record.end(INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED)
    except AdaSeqError as problem:
        # Most likely the disk is full, and the error under way says so.
        logger.debug("%s", problem)


def _results(config: Config, values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    scores = {key: values[key] for key in ("best_epoch", "best", "test") if key in values}
    return {"work_dir": str(folder), "model": str(best_model_of(folder, config)), **scores}
