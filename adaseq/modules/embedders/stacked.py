"""Several embedders side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError
from adaseq.metainfo import Embedders
from adaseq.modules.embedders.base import Embedder
from adaseq.registry import EMBEDDERS


@EMBEDDERS.register(Embedders.STACKED)
class StackedEmbedder(Embedder):
    """The vectors of any number of embedders, concatenated (Akbik et al. 2018).

    Args:
        embedders: the embedders, each a block with a `type` of its own.
    """

    def __init__(self, embedders: list[Embedder]) -> None:
        super().__init__()
        self.check_arguments({"embedders": embedders})
        self.embedders = nn.ModuleList(embedders)
        self.output_size = sum(each.output_size for each in embedders)

    @classmethod
    def parts(cls, block: Mapping[str, Any]) -> list[Mapping[str, Any] | str]:
        """The blocks of the embedders."""
        return list(block.get("embedders") or [])

    @classmethod
    def width_of(cls, block: Mapping[str, Any]) -> int | None:
        """The sum of the widths of the parts; None if one of them cannot be told."""
        parts = [{"type": each} if isinstance(each, str) else each for each in cls.parts(block)]
        widths = [EMBEDDERS.get(each["type"]).width_of(each) for each in parts]  # type: ignore[attr-defined]
        return None if None in widths else sum(widths)

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse a stack of nothing.

        Raises:
            ModelError: it is one.
        """
        if not arguments.get("embedders"):
            raise ModelError("a stacked embedder needs at least one embedder under 'embedders'")

    def forward(self, tokens: dict[str, Any]) -> Tensor:
        """The word vectors `(B, L, H)`; a part reads `tokens[<its number>]` if there is such, else `tokens` itself."""
        vectors = []
        for number, embedder in enumerate(self.embedders):
            own = tokens.get(str(number))
            vectors.append(embedder(tokens if own is None else {"mask": tokens["mask"], **own}))
        return torch.cat(vectors, -1)

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this embedder from a model folder; each part has a folder in it."""
        parts = []
        for number, embedder, part in self._numbered(block):
            named = {"type": part} if isinstance(part, str) else dict(part)
            parts.append(_moved(embedder.portable_config(named), f"embedders/{number}"))
        return {**block, "embedders": parts}

    def save_assets(self, folder: Path) -> None:
        """Write what each part needs into its folder."""
        for number, embedder in enumerate(self.embedders):
            place = folder / "embedders" / str(number)
            place.mkdir(parents=True, exist_ok=True)
            embedder.save_assets(place)  # type: ignore[operator]
            if not any(place.iterdir()):
                place.rmdir()

    def _numbered(self, block: Mapping[str, Any]) -> list[tuple[int, Any, Any]]:
        parts = self.parts(block)
        return [(number, self.embedders[number], part) for number, part in enumerate(parts)]


def _moved(value: Any, place: str) -> Any:
    """A block in which the places in the model folder lie in a folder of it."""
    if isinstance(value, dict):
        return {
            key: _moved_path(each, place) if key == "model_name_or_path" else _moved(each, place)
            for key, each in value.items()
        }
    return [_moved(each, place) for each in value] if isinstance(value, list) else value


def _moved_path(path: Any, place: str) -> Any:
    if path == ".":
        return f"./{place}"
    return f"./{place}/{path[2:]}" if isinstance(path, str) and path.startswith("./") else path
