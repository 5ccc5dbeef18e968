"""Contextual word vectors from a pretrained transformer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from adaseq.metainfo import Embedders
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.scalar_mix import ScalarMix
from adaseq.registry import EMBEDDERS
from adaseq.utils.pretrained import enable_gradient_checkpointing, load_backbone

# The most pieces, padding included, that go through the backbone at once when no gradients are needed.
MOST_PIECES = 1 << 16


@EMBEDDERS.register(Embedders.TRANSFORMER)
class TransformerEmbedder(Embedder):
    """Runs a backbone over word pieces and gives each word one vector made of those of its pieces.

    A sentence that is cut into windows comes out whole: each word takes its vector from the window in which it has more
    context, so that whatever follows sees sentences of any length.

    Args:
        model_name_or_path: folder or hub name of the backbone.
        sub_module: the attribute of the loaded model to use, for models that hold their encoder inside.
        train_parameters: false freezes the backbone.
        eval_mode: keep the backbone's own dropout off in training.
        load_weights: false builds the architecture with random weights.
        scalar_mix: mix the outputs of all layers with learned weights (Peters et al. 2018, eq. 1) instead of taking the
            last: `{do_layer_norm: false, initial_scalar_parameters: null, trainable: true}`.
        gradient_checkpointing: recompute activations in the backward pass, to save memory.
        transformer_kwargs: options for the backbone's `from_pretrained`: `revision`, `attn_implementation`, …
        sub_token_mode: the vector of a word: that of its `first` or `last` piece, the mean (`avg`) or maximum (`w2max`)
            over its pieces.
    """

    def __init__(
        self,
        model_name_or_path: str,
        sub_module: str | None = None,
        train_parameters: bool = True,
        eval_mode: bool = False,
        load_weights: bool = True,
        scalar_mix: dict[str, Any] | None = None,
        gradient_checkpointing: bool = False,
        transformer_kwargs: dict[str, Any] | None = None,
        sub_token_mode: Literal["first", "last", "avg", "mean", "w2max", "max"] = "first",
    ) -> None:
        super().__init__()
        model = load_backbone(model_name_or_path, load_weights, **(transformer_kwargs or {}))
        self.transformer_model: nn.Module = getattr(model, sub_module) if sub_module else model
        config: Any = self.transformer_model.config
        self.config = config
        self.output_size = int(config.hidden_size)
        self.sub_token_mode = {"mean": "avg", "max": "w2max"}.get(sub_token_mode, sub_token_mode)
        self.eval_mode = eval_mode
        self.scalar_mix = ScalarMix(int(config.num_hidden_layers), **scalar_mix) if scalar_mix is not None else None
        if gradient_checkpointing:
            enable_gradient_checkpointing(self.transformer_model)
        if not train_parameters:
            self.transformer_model.requires_grad_(False)
        if eval_mode:
            self.transformer_model.eval()

    def train(self, mode: bool = True) -> TransformerEmbedder:
        """Set the training mode, of the backbone too unless `eval_mode`."""
        super().train(mode)
        if self.eval_mode:
            self.transformer_model.eval()
        return self

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)`."""
        pieces = self._run(tokens["input_ids"], tokens["attention_mask"].long())  # (W, S, H)
        words = pool_pieces(pieces, tokens["first_piece"], tokens["last_piece"], self.sub_token_mode)  # (W, M, H)
        if "stitch" in tokens:
            return words.flatten(0, 1)[tokens["stitch"]]
        return words

    def _run(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Piece vectors `(W, S, H)`. Without gradients the windows of very long texts go through a few at a time."""
        rows = max(MOST_PIECES // max(input_ids.shape[1], 1), 1)
        if len(input_ids) > rows and not torch.is_grad_enabled():
            parts = zip(input_ids.split(rows), attention_mask.split(rows), strict=True)
            return torch.cat([self._run(*part) for part in parts])
        outputs = self.transformer_model(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=self.scalar_mix is not None
        )
        if self.scalar_mix is None:
            return outputs.last_hidden_state
        return self.scalar_mix(outputs.hidden_states[1:])

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this embedder from a model folder."""
        return {
            **block,
            "model_name_or_path": ".",
            "load_weights": False,
            "sub_module": None,
            "transformer_kwargs": None,
        }

    def save_assets(self, folder: Path) -> None:
        """Write the backbone's `config.json` into the folder."""
        self.config.save_pretrained(folder)


def pool_pieces(pieces: Tensor, first: Tensor, last: Tensor, mode: str) -> Tensor:
    """One vector per word from those of its pieces.

    Args:
        pieces: `(W, S, H)` piece vectors.
        first: `(W, M)` the place of the first piece of each word.
        last: `(W, M)` the place of its last piece.
        mode: first, last, avg or w2max.

    Returns:
        `(W, M, H)`.
    """
    width = pieces.shape[-1]
    if mode in ("first", "last"):
        index = first if mode == "first" else last
        return pieces.gather(1, index.unsqueeze(-1).expand(-1, -1, width))
    if mode == "avg":
        sums = torch.cat(
            [pieces.new_zeros(len(pieces), 1, width, dtype=torch.float32), pieces.float().cumsum(1)], dim=1
        )
        ends = sums.gather(1, (last + 1).unsqueeze(-1).expand(-1, -1, width))
        starts = sums.gather(1, first.unsqueeze(-1).expand(-1, -1, width))
        return ((ends - starts) / (last - first + 1).unsqueeze(-1)).to(pieces.dtype)
    spread = torch.arange(int((last - first).max()) + 1, device=first.device)
    places = torch.minimum(first.unsqueeze(-1) + spread, last.unsqueeze(-1))  # (W, M, pieces of the longest word)
    gathered = pieces.gather(1, places.flatten(1).unsqueeze(-1).expand(-1, -1, width))
    return gathered.view(*places.shape, width).amax(2)
