"""The predictor for exported models."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from adaseq.data.example import Example
from adaseq.inference.least_probability import LeastProbability, Threshold
from adaseq.inference.text_predictor import Features, Prediction, TextPredictor
from adaseq.runtime.collation import collate, place_of, stitched
from adaseq.runtime.folder import DAMAGES, MODEL_FILE, RuntimeFolder, damaged, read_folder
from adaseq.runtime.graph import Graph
from adaseq.runtime.grids import BiaffineHead, PointerHead
from adaseq.runtime.heads import Head, RelationHead, TaggerHead, TextHead, TypingHead

# The most pieces in a batch, padding included. onnxruntime gains nothing from more, and keeps the memory that the largest took.
BATCH_TOKENS = 512

HEADS: dict[str, Callable[..., Head]] = {
    "tagger": TaggerHead,
    "biaffine": BiaffineHead,
    "pointer": PointerHead,
    "text": TextHead,
    "relation": RelationHead,
    "typing": TypingHead,
}


def load(
    folder: str | os.PathLike[str],
    *,
    batch_tokens: int | None = None,
    min_probability: LeastProbability = None,
    text_splitter: str | None = None,
    window_overlap: int | None = None,
    threads: int | None = None,
) -> RuntimePredictor:
    """A predictor from a folder that `adaseq export` wrote. Nothing outside the folder is read, and no code in it is run.

    Args:
        folder: the exported folder.
        batch_tokens: the most pieces in a batch, padding included; 512 by default.
        min_probability: leave out what is less probable: a number; or one for each type, and under `*` for all others.
        text_splitter: how raw text becomes words, instead of the model's own way: char, word, blank.
        window_overlap: how many pieces neighbouring windows of a long text share, instead of the model's own number.
        threads: how many threads compute; by default one per core.

    Raises:
        ModelError: it is no exported folder, or is damaged.
        AdaSeqError: onnxruntime is not installed, or an option is not what it should be.
    """
    return RuntimePredictor(
        read_folder(Path(folder)),
        batch_tokens=batch_tokens,
        min_probability=min_probability,
        text_splitter=text_splitter,
        window_overlap=window_overlap,
        threads=threads,
    )


class RuntimePredictor(TextPredictor):
    """What `adaseq.load` gives, for an exported model: the same inputs, the same results. Threads may share it.

    Args:
        folder: what was read of the exported folder.
        batch_tokens: the most pieces in a batch, padding included; 512 by default.
        min_probability: leave out what is less probable.
        text_splitter: how raw text becomes words, instead of the model's own way.
        window_overlap: how many pieces neighbouring windows of a long text share.
        threads: how many threads compute; by default one per core.

    Attributes:
        graphs: the graphs by their files.
    """

    def __init__(
        self,
        folder: RuntimeFolder,
        *,
        batch_tokens: int | None = None,
        min_probability: LeastProbability = None,
        text_splitter: str | None = None,
        window_overlap: int | None = None,
        threads: int | None = None,
    ) -> None:
        facts = folder.facts
        try:
            task, types, backbones = facts["task"], list(facts["types"]), facts["backbones"]
            self.head = HEADS[facts["family"]](facts, folder.arrays)
            self._answers_by_window: bool = facts["answers_by_window"]
        except DAMAGES as error:
            raise damaged(folder.path, error) from error
        super().__init__(
            task,
            folder.preprocessor,
            types,
            Threshold(min_probability, types),
            text_splitter,
            BATCH_TOKENS if batch_tokens is None else batch_tokens,
            window_overlap,
        )
        files = {MODEL_FILE, *backbones.values()}
        self.graphs = {file: Graph(folder.path / file, threads) for file in sorted(files)}
        self._backbones = {name: self.graphs[file] for name, file in backbones.items()}
        self._graph = self.graphs[MODEL_FILE]

    def prepared(self) -> Callable[[Sequence[Example]], list[Prediction]]:
        """What predicts for some texts."""
        return partial(self.in_batches, decode=self._decode, answers_empty=self.head.answers_empty)

    def _decode(self, features: list[Features], examples: list[Example]) -> list[Prediction]:
        batch = collate(features, self.preprocessor.pad_token_id, self.preprocessor.inputs)
        if "mentions" in batch and not len(batch["mentions"]):
            return [{"spans": []} for _ in features]
        return self.head.predictions(self.outputs(batch), batch)

    def outputs(self, batch: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What the network says of a batch, that of windows put together.

        Args:
            batch: what `collate` made; the vectors of backbones are added to it.
        """
        if self._answers_by_window:
            tokens = _tokens(batch, "")
            return [stitched(self._graph.in_parts(tokens, self.batch_tokens), tokens.get("stitch"))]
        for name, backbone in self._backbones.items():
            tokens = _tokens(batch, name if name in self.preprocessor.inputs else "")
            rows = backbone.in_parts(tokens, self.batch_tokens)
            batch[f"{place_of(name)}vectors"] = stitched(rows, tokens.get("stitch"))
        return self._graph(batch)


def _tokens(batch: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """What a backbone reads."""
    place = place_of(name)
    tokens = {key[len(place) :]: each for key, each in batch.items() if key.startswith(place)}
    tokens.setdefault("token_type_ids", np.zeros_like(tokens["input_ids"]))
    return tokens
