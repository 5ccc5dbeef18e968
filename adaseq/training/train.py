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
from adaseq.training.hooks.best_checkpoint_hook import BestCkptSaverHook
from adaseq.training.loader import lost_workers_explained
from adaseq.training.record import FAILED, FINISHED, INTERRUPTED, RunRecord
from adaseq.training.run_folder import BEST_MODEL, BEST_WEIGHTS, CHECKPOINTS, CONFIG, RunFolder, log_file
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
        `work_dir`; `best_epoch` and `best` (the validation scores of that epoch), where there was an evaluation; `test`
        (the test scores), where there is test data.

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
        config = config.to_dict()
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
        return _results(record.values, folder)
    try:
        data = prepare_data(config, runtime)
        if data.manager.labels:  # plain text has none
            config.dataset["labels"] = list(data.manager.labels)
        runtime.on_main(lambda: _save_config(config, folder, resume))
        # A run that was stopped before its first checkpoint begins with the same weights again.
        initial = runtime.broadcast(checkpoint_path or (record.values.get("initial_weights") if resume else None))
        runtime.on_main(lambda: record.start(runtime, config.experiment.seed, data.manager.fingerprints, initial))
        trainer = build_trainer(config, data, runtime, folder, Path(initial) if initial else None)
        if resume and not trainer.resume():
            logger.info("There is no checkpoint: the run was stopped before its first one and begins anew.")
        trainer.run()
        values = _finish(config, trainer, data, folder, record)
    except BaseException as error:
        if runtime.is_main:
            _note_the_end(record, INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED)
        else:
            logger.error("%s: %s", type(error).__name__, error)
        raise
    runtime.on_main(lambda: record.end(FINISHED, **values))
    if not config.train.keep_checkpoints:
        runtime.on_main(trainer.checkpoints.remove)
    if runtime.is_main:
        logger.info("%s", summary(folder, values))
    return _results(values, folder)


def _finish(config: Config, trainer: Trainer, data: PreparedData, folder: Path, record: RunRecord) -> dict[str, Any]:
    """Complete the outputs and test the best model; what `run.json` says about the end."""
    best = next((hook for hook in trainer.hooks if isinstance(hook, BestCkptSaverHook)), None)
    values: dict[str, Any] = {}
    if best is None:
        trainer.save_weights(folder / BEST_WEIGHTS)
        trainer.save_model_folder(folder / BEST_MODEL)
    elif best.best_score is not None:
        values = {"best_epoch": best.best_epoch, "best": best.best_scores}
    label_scores = LabelScores()
    if "test" in trainer.evaluators:
        trainer.evaluators["test"].dumpers.append(label_scores)
        values["test"] = trainer.test()
    model = folder / (best.folder_name if best else BEST_MODEL)
    trainer.runtime.on_main(lambda: _write_card(model, config, data, record, values, label_scores))
    return values


def _write_card(
    model: Path,
    config: Config,
    data: PreparedData,
    record: RunRecord,
    values: Mapping[str, Any],
    label_scores: LabelScores,
) -> None:
    if model.is_dir():
        facts = run_facts(data, record.values, values, label_scores)
        write_model_card(model / "README.md", config.to_dict(), data.preprocessor.labels, values.get("test"), facts)


def _save_config(config: Config, folder: Path, resume: bool) -> None:
    path = folder / CONFIG
    if resume and path.is_file():
        changed = changed_keys(path, config.to_dict())
        if changed:
            logger.warning(
                "The configuration is not that of the run so far; the result will not be that of a run that was never "
                "stopped. Changed: %s",
                ", ".join(changed),
            )
    config.save(path)


def _note_the_end(record: RunRecord, status: str) -> None:
    try:
        try:
            record.end(status)
        except RuntimeError:  # torch has told in the midst of it that a worker has died; it tells so once
            record.end(status)
    except AdaSeqError as error:
        # Most likely the disk is full, and the error under way says so.
        logger.debug("%s", error)


def _results(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return {"work_dir": str(folder), **{key: values[key] for key in ("best_epoch", "best", "test") if key in values}}
