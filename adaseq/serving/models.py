"""The models of a server: loaded once, by names that are looked up in a dict and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adaseq.errors import AdaSeqError, ModelError, nearest
from adaseq.hub.resolve import resolve_model
from adaseq.inference.text_predictor import TextPredictor
from adaseq.metainfo import Tasks
from adaseq.runtime.folder import EXPORT_FILE

Runtime = Literal["torch", "onnx", "auto"]

DEFAULT = "default"
_EXTRA = {Tasks.RELATION_EXTRACTION: "entities", Tasks.ENTITY_TYPING: "mentions", Tasks.TEXT_CLASSIFICATION: "pair"}


@dataclass(frozen=True)
class ModelOptions:
    """How models are run.

    Attributes:
        runtime: torch, onnx, or what the folder is made for.
        device: of torch.
        threads: how many threads compute a batch; None for one per core.
        batch_tokens: the most pieces in a batch, padding included; None for the default.
    """

    runtime: Runtime = "auto"
    device: str = "cpu"
    threads: int | None = None
    batch_tokens: int | None = None


@dataclass(frozen=True)
class ServedModel:
    """A model that is loaded.

    Attributes:
        name: what requests call it.
        predictor: it.
        runtime: torch or onnx.
    """

    name: str
    predictor: TextPredictor
    runtime: str

    def shown(self) -> dict[str, Any]:
        """What clients are told about it."""
        task = self.predictor.task
        return {
            "name": self.name,
            "task": task,
            "runtime": self.runtime,
            "types": list(self.predictor.types),
            "text_splitter": self.predictor.preprocessor.text_splitter,
            "extra_input": _EXTRA.get(task),
        }


def read_names(given: list[str]) -> dict[str, str]:
    """Folders by names, from `folder` or `name=folder`; the first without a name is `default`.

    Raises:
        AdaSeqError: two have the same name, or one has none.
    """
    folders: dict[str, str] = {}
    for each in given:
        name, separator, folder = each.partition("=")
        if not separator or Path(each).exists():
            name, folder = DEFAULT if DEFAULT not in folders else Path(each).resolve().name, each
        if not name or not folder:
            raise AdaSeqError(f"a model is given as FOLDER, or as NAME=FOLDER; received '{each}'")
        if name in folders:
            raise AdaSeqError(f"two models have the name '{name}'; give names: -m first=FOLDER -m second=FOLDER")
        folders[name] = folder
    return folders


def load_model(name: str, folder: str, options: ModelOptions) -> ServedModel:
    """Load a model.

    Args:
        name: what requests call it.
        folder: the model folder or exported folder, or a name on a hub.
        options: how it is run.

    Raises:
        AdaSeqError: it cannot be loaded, or is not made for the runtime that was asked for.
    """
    path = Path(resolve_model(folder))
    is_exported = (path / EXPORT_FILE).is_file()
    runtime = options.runtime if options.runtime != "auto" else "onnx" if is_exported else "torch"
    if runtime == "onnx" and not is_exported:
        raise ModelError(f"'{path}' is not an exported model: `adaseq export -m {path} --to onnx` makes one of it")
    if runtime == "torch" and is_exported:
        raise ModelError(
            f"'{path}' is an exported model, which torch does not run; give the model folder, or --runtime onnx"
        )
    predictor: TextPredictor
    if runtime == "onnx":
        from adaseq.runtime.predictor import load as load_exported

        predictor = load_exported(path, threads=options.threads, batch_tokens=options.batch_tokens)
    else:
        predictor = _load_torch(path, options)
    return ServedModel(name, predictor, runtime)


def _load_torch(path: Path, options: ModelOptions) -> TextPredictor:
    try:
        import torch
    except ImportError as error:
        raise AdaSeqError(
            f"'{path}' needs torch, which is not installed here; serve an exported model: `adaseq export -m {path} --to onnx`"
        ) from error
    from adaseq.inference.predictor import load

    if options.threads is not None:
        torch.set_num_threads(options.threads)
    return load(path, options.device, batch_tokens=options.batch_tokens)


def no_such_model(name: str, models: Mapping[str, Any]) -> str:
    """The message about a name that no model has."""
    return f"there is no model {name!r}{nearest(name, models) or ';'} known: {', '.join(models)}"
