"""The model folder: one folder that holds all that a trained model needs, and nothing that runs.

    configuration.json    task, model, preprocessor and collator blocks: what rebuilds the model from this folder
    model.safetensors     all weights
    config.json           the backbone's configuration, where there is a backbone
    tokenizer files       or vocab.txt for models with a vocabulary of their own
    README.md             the model card

Folders written by the old AdaSeq 0.6 are read too: `configuration.json` with the whole training configuration, and
`pytorch_model.bin`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_file, save_model

from adaseq.config.compat import from_old_configuration
from adaseq.data.data_collators.base import DataCollator
from adaseq.data.preprocessors.base import Preprocessor
from adaseq.errors import ModelError
from adaseq.metainfo import Embedders
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.base import Model
from adaseq.models.configuration_file import CONFIGURATION_FILE, OLD_WEIGHTS_FILE, WEIGHTS_FILE, read_configuration
from adaseq.models.model_card import RunFacts, write_model_card
from adaseq.models.old_folder import text_splitter_of
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.embedders.transformer_embedder import TransformerEmbedder
from adaseq.registry import without_imports
from adaseq.utils.files import atomic_folder
from adaseq.version import __version__

# Parts of a backbone that old weight files hold and no task here uses.
_UNUSED = (".pooler.", ".position_ids")
# Files that a model begins with when it is trained, and those that it then writes beside its folder.
_FOR_TRAINING = ("source_emb_file_path", "target_emb_dir", "gazetteers", "load_parts", "model_helper_path")


@dataclass(frozen=True)
class ModelFolder:
    """A loaded model with all that it takes to use it."""

    model: Model
    preprocessor: Preprocessor
    collator: DataCollator
    config: dict[str, Any]

    @property
    def task(self) -> str:
        """What the model does: the value of `task:`."""
        return str(self.config["task"])


def save_model_folder(
    folder: str | os.PathLike[str],
    model: Model,
    preprocessor: Preprocessor,
    config: Mapping[str, Any],
    scores: Mapping[str, Any] | None = None,
    run: RunFacts | None = None,
) -> None:
    """Write a model folder, whole or not at all; what was there before is replaced.

    Args:
        folder: where.
        model: the model.
        preprocessor: its preprocessor.
        config: the configuration of the run, with `task`, `model`, `preprocessor` and `data_collator`.
        scores: test scores for the model card.
        run: what else the model card tells.

    Raises:
        AdaSeqError: the disk is full or the folder cannot be written; what was there is left as it was.
    """
    configuration = {
        "framework": "pytorch",
        "task": config["task"],
        "adaseq_version": __version__,
        "model": model.portable_config(config["model"]),
        "preprocessor": preprocessor.portable_config(config["preprocessor"]),
        "data_collator": config["data_collator"],
    }
    if model.pipeline is not None:
        configuration["pipeline"] = {"type": model.pipeline}
    with atomic_folder(folder) as beside:
        text = json.dumps(configuration, ensure_ascii=False, indent=2)
        (beside / CONFIGURATION_FILE).write_text(text + "\n", encoding="utf-8")
        _save_weights(model, beside / WEIGHTS_FILE)
        # safetensors writes files that only their owner can read.
        shutil.copymode(beside / CONFIGURATION_FILE, beside / WEIGHTS_FILE)
        model.save_assets(beside)
        preprocessor.save(beside)
        write_model_card(beside / "README.md", config, preprocessor.labels, scores, run)


def load_model_folder(folder: str | os.PathLike[str], device: torch.device | str = "cpu") -> ModelFolder:
    """Load a model folder for prediction; nothing outside it is read, and no code in it is run.

    Args:
        folder: the folder, written here or by the old AdaSeq.
        device: where to put the model.

    Raises:
        ModelError: it is no model folder, or its weights do not fit its configuration.
    """
    path = Path(folder)
    try:
        config = _usable_configuration(path)
        with without_imports():
            block = _inside(config["model"], path)
            own = _inside(config["preprocessor"], path)
            preprocessor = build_preprocessor({**own, "model_dir": str(path)}, block, own.get("labels") or [], path)
            model = build_model(block, preprocessor)
            collator = build_collator(config["data_collator"], preprocessor)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError) as error:
        file = path / CONFIGURATION_FILE
        raise ModelError(f"'{file}' does not describe a model: {type(error).__name__}: {error}") from error
    _load_weights(model, path)
    model.to(device).eval()
    return ModelFolder(model, preprocessor, collator, config)


def _usable_configuration(path: Path) -> dict[str, Any]:
    config = read_configuration(path)
    if "adaseq_version" in config:
        return config
    config = from_old_configuration(config)
    # It names the backbone that the training began with; its architecture lies in the folder, its weights are the model's.
    config["model"]["embedder"].update(model_name_or_path=".", load_weights=False)
    config["preprocessor"].setdefault("text_splitter", text_splitter_of(path))
    return config


def _inside(block: Any, folder: Path) -> Any:
    """The block in which a `model_name_or_path` that is `.` or begins with `./` is a place in the folder.

    Other files are not needed any more when a model is loaded, and must be neither read nor written; adapters alone stand on a
    backbone elsewhere.
    """
    if isinstance(block, dict):
        backbone = block.get("model_name_or_path")
        if (
            isinstance(backbone, str)
            and not _is_inside(backbone)
            and not block.get("peft")
            and block.get("type", Embedders.TRANSFORMER) in (Embedders.TRANSFORMER, Embedders.EMBEDDING)
        ):
            raise ModelError(
                f"'{folder / CONFIGURATION_FILE}' names a backbone elsewhere, '{backbone}'; a model folder holds its own, and "
                "nothing outside it is read"
            )
        return {
            key: str(folder / value)
            if key == "model_name_or_path" and _is_inside(value)
            else None
            if key in _FOR_TRAINING and not isinstance(value, int)
            else _inside(value, folder)
            for key, value in block.items()
        }
    return [_inside(each, folder) for each in block] if isinstance(block, list) else block


def external_weights(model: Model) -> set[str]:
    """The names of the weights that building the model brings, so that its folder leaves them out."""
    return {
        f"{prefix}.{name}"
        for prefix, module in model.named_modules()
        if isinstance(module, Embedder)
        for name in module.external_weights()
    }


def merge_model_folder(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Write a model folder in which adapters are merged into the backbone, complete in itself, from one that has some.

    Args:
        source: the model folder; its backbone must be where it was.
        target: the folder to write.

    Raises:
        ModelError: there is no such folder, or its adapters cannot be merged.
    """
    loaded = load_model_folder(source)
    for module in loaded.model.modules():
        if isinstance(module, TransformerEmbedder):
            module.merge_adapters()
    save_model_folder(target, loaded.model, loaded.preprocessor, loaded.config)
    card = Path(source) / "README.md"
    if card.is_file():
        shutil.copyfile(card, Path(target) / "README.md")


def _save_weights(model: Model, path: Path) -> None:
    external = external_weights(model)
    if not external:
        save_model(model, str(path), metadata={"format": "pt"})
        return
    kept = {name: value.detach().clone() for name, value in model.state_dict().items() if name not in external}
    save_file(kept, path, metadata={"format": "pt"})


def _is_inside(value: Any) -> bool:
    return isinstance(value, str) and (value == "." or value.startswith("./")) and ".." not in Path(value).parts


def _load_weights(model: Model, path: Path) -> None:
    try:
        if (path / WEIGHTS_FILE).is_file():
            missing, unexpected = load_model(model, str(path / WEIGHTS_FILE), strict=False)
        elif (path / OLD_WEIGHTS_FILE).is_file():
            weights = torch.load(path / OLD_WEIGHTS_FILE, map_location="cpu", weights_only=True)
            missing, unexpected = model.load_state_dict(model.upgraded(weights), strict=False)
        else:
            raise ModelError(f"the model folder '{path}' has no weights: neither {WEIGHTS_FILE} nor {OLD_WEIGHTS_FILE}")
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001 torch, pickle and safetensors each have errors of their own
        raise ModelError(f"the weights in '{path}' cannot be loaded: {' '.join(str(error).split())[:400]}") from None
    missing = [key for key in missing if key not in external_weights(model)]
    left_over = [key for key in unexpected if not any(part in key for part in _UNUSED)]
    if missing or left_over:
        raise ModelError(
            f"the weights in '{path}' do not fit its {CONFIGURATION_FILE}: missing {sorted(missing)[:5] or 'none'}, "
            f"left over {sorted(left_over)[:5] or 'none'}"
        )
