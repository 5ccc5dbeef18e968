"""Testing a finished run again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from adaseq.config import load_config
from adaseq.data.dataset_manager import DatasetManager
from adaseq.data.feature_dataset import FeatureDataset
from adaseq.errors import AdaSeqError
from adaseq.models.model_folder import load_model_folder
from adaseq.training.build import PreparedData, build_evaluators
from adaseq.training.hooks.best_checkpoint_hook import best_model_of
from adaseq.training.initial_weights import load_initial_weights
from adaseq.training.loader import lost_workers_explained
from adaseq.training.run_folder import CONFIG
from adaseq.training.runtime import Runtime
from adaseq.utils.logging import logging_to


def test_model(
    work_dir: str | os.PathLike[str],
    device: str = "gpu",
    checkpoint_path: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Score the best model of a run on its test data, and write the predictions into the run folder.

    Args:
        work_dir: the run folder.
        device: gpu (falls back to the CPU), cpu, cuda:<number> or mps.
        checkpoint_path: other weights for the same model: a file, or a folder that holds one.

    Returns:
        The scores.

    Raises:
        AdaSeqError: it is no run folder, or its data is not there any more.
    """
    folder = Path(work_dir)
    if not (folder / CONFIG).is_file():
        raise AdaSeqError(
            f"There is no {folder / CONFIG}. -w takes the folder of a run that `adaseq train` has written."
        )
    is_main = int(os.environ.get("RANK", "0")) == 0
    with lost_workers_explained(), logging_to(console=is_main):
        config = load_config(folder / CONFIG)
        runtime = Runtime(device, config.train.precision)
        try:
            loaded = load_model_folder(best_model_of(folder, config), runtime.device)
            if checkpoint_path is not None:
                load_initial_weights(loaded.model, Path(checkpoint_path))
            with runtime.main_first():
                manager = DatasetManager.from_config(
                    config.dataset,
                    config.task,
                    base_dirs=config.base_dirs,
                    seed=config.experiment.seed,
                    has_evaluation=False,
                )
                if "test" not in manager.splits:
                    raise AdaSeqError(f"The run {folder} has no test data: its dataset.data_file names none.")
                features = FeatureDataset(manager.splits["test"], loaded.preprocessor, training=False)
            data = PreparedData(manager, loaded.preprocessor, loaded.collator, {"test": features})
            return build_evaluators(config, data, runtime, folder)["test"].evaluate(loaded.model)
        finally:
            runtime.close()
