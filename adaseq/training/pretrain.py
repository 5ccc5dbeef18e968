"""Pretraining: a training whose result is a backbone."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adaseq.config import Config
from adaseq.models.backbone_folder import save_backbone_folder
from adaseq.models.model_folder import load_model_folder
from adaseq.training.run_folder import BACKBONE, BEST_MODEL
from adaseq.training.train import train_model

logger = logging.getLogger(__name__)


def pretrain_model(
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
    """Train a model, and write its backbone into the folder `backbone` of the run: one that `AutoModel` loads, and that any
    `model_name_or_path` can name.

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
        What `train_model` returns, and `backbone`, the folder.

    Raises:
        AdaSeqError: something in the configuration, the data or the arguments is not right.
        TrainingInterrupted: Ctrl-C or SIGTERM; the run can be resumed.
    """
    results = train_model(
        config,
        work_dir=work_dir,
        run_name=run_name,
        force=force,
        checkpoint_path=checkpoint_path,
        resume=resume,
        seed=seed,
        device=device,
        use_fp16=use_fp16,
        use_bf16=use_bf16,
        overrides=overrides,
        imports=imports,
    )
    folder = Path(results["work_dir"])
    if int(os.environ.get("RANK", "0")) == 0:
        loaded = load_model_folder(folder / BEST_MODEL)
        save_backbone_folder(folder / BACKBONE, loaded.model, loaded.preprocessor)
        logger.info("Backbone: %s", folder / BACKBONE)
    return {**results, "backbone": str(folder / BACKBONE)}
