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
from adaseq.training.run_folder import BACKBONE
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

    The arguments are those of `train_model`.

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
        loaded = load_model_folder(results["model"])
        save_backbone_folder(folder / BACKBONE, loaded.model, loaded.preprocessor)
        logger.info("Backbone: %s", folder / BACKBONE)
    return {**results, "backbone": str(folder / BACKBONE)}
