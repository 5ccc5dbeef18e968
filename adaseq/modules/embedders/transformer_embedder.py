"""Contextual word vectors from a pretrained transformer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from adaseq.errors import ModelError, nearest
from adaseq.metainfo import Embedders
from adaseq.modules.adapters import Adapters, adapter_config, merge_adapters
from adaseq.modules.added_pieces import extend_vocabulary, knows_segments
from adaseq.modules.backbones import load_encoder, stated_sizes
from adaseq.modules.bert_layers import BertLayers
from adaseq.modules.embedders.base import Embedder
from adaseq.modules.embedders.vector_storage import Place, VectorStorage
from adaseq.modules.layers import freeze_lowest, too_few_layers
from adaseq.modules.scalar_mix import ScalarMix, check_scalar_mix
from adaseq.registry import EMBEDDERS
from adaseq.utils.pretrained import enable_gradient_checkpointing, refuse_code
from adaseq.utils.ranges import Natural

# The most pieces, padding included, that go through the backbone at once when no gradients are needed.
MOST_PIECES = 1 << 16


@EMBEDDERS.register(Embedders.TRANSFORMER, supplied=("num_pieces",))
class TransformerEmbedder(Embedder):
    """Runs a backbone over word pieces and gives each word one vector made of those of its pieces.

    A sentence that is cut into windows comes out whole: each word takes its vector from the window in which it has more
    context, so that whatever follows sees sentences of any length.

    Args:
        model_name_or_path: the backbone: a folder, a task model's folder too; or a name on a hub, with `modelscope:` or
            `huggingface:` in front where both have it.
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
        freeze_layers: freeze the embeddings and this many of the lowest layers; 0 freezes the embeddings alone.
        storage: keep what a frozen backbone computes for a sentence for the next time: `cpu` in memory, `gpu` on the device,
            `disk` in a file of the cache folder that goes with the process. Its dropout is off then.
        peft: train adapters in a frozen backbone: `{type: lora, r: 8, lora_alpha: 16, …}`, any method of the package peft
            that changes layers, with its options. The model folder holds the adapters and the name of the backbone; with
            `save_backbone: true` it is complete in itself.
        num_pieces: the size of the vocabulary, where the preprocessor has added pieces to it.
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
        freeze_layers: Natural | None = None,
        storage: Place = "none",
        peft: dict[str, Any] | None = None,
        num_pieces: int | None = None,
    ) -> None:
        super().__init__()
        arguments = {"train_parameters": train_parameters, "eval_mode": eval_mode, "storage": storage, "peft": peft}
        options = {"gradient_checkpointing": gradient_checkpointing, "scalar_mix": scalar_mix}
        self.check_arguments({**arguments, **options, "freeze_layers": freeze_layers})
        self.name_or_path = model_name_or_path
        self.head_source = model_name_or_path if load_weights else None
        model = load_encoder(model_name_or_path, load_weights, **(transformer_kwargs or {}))
        self.transformer_model: nn.Module = _part(model, sub_module)
        if num_pieces is not None:
            extend_vocabulary(self.transformer_model, num_pieces)
        config: Any = getattr(self.transformer_model, "config", model.config)
        self.config: Any = model.config
        self.output_size = int(config.hidden_size)
        self.sub_token_mode = {"mean": "avg", "max": "w2max"}.get(sub_token_mode, sub_token_mode)
        self.eval_mode = eval_mode or storage != "none"
        self.scalar_mix = ScalarMix(int(config.num_hidden_layers), **scalar_mix) if scalar_mix is not None else None
        self.knows_segments = knows_segments(self.transformer_model)
        self.storage = VectorStorage(storage) if storage != "none" else None
        if gradient_checkpointing:
            enable_gradient_checkpointing(self.transformer_model)
        if not train_parameters:
            self.transformer_model.requires_grad_(False)
        elif freeze_layers is not None:
            freeze_lowest(self.transformer_model, freeze_layers)
        self.adapters = Adapters(self.transformer_model, peft) if peft is not None else None
        self._bert_layers = BertLayers(self.transformer_model)
        if self.eval_mode:
            self.transformer_model.eval()

    @staticmethod
    def check_arguments(arguments: Mapping[str, Any]) -> None:
        """Refuse what contradicts itself, before anything is loaded.

        Raises:
            ModelError: something does.
        """
        if arguments.get("model_name_or_path") == "":
            raise ModelError(
                "embedder.model_name_or_path is empty; it is the folder of a backbone, or its name on a hub"
            )
        is_frozen = arguments.get("train_parameters") is False
        peft, storage = arguments.get("peft"), arguments.get("storage", "none")
        if arguments.get("freeze_layers") is not None and (is_frozen or peft is not None):
            other = "peft" if peft is not None else "train_parameters: false"
            raise ModelError(f"embedder.freeze_layers has no effect with {other}, which freezes the whole backbone")
        if storage != "none" and (not is_frozen or peft is not None):
            raise ModelError(
                f"embedder.storage: {storage} keeps what a frozen backbone computes: set train_parameters: false"
                + (", and leave out peft" if peft is not None else "")
            )
        if arguments.get("gradient_checkpointing") and arguments.get("eval_mode"):
            raise ModelError("embedder.gradient_checkpointing works in training mode only: leave out eval_mode")
        check_scalar_mix(arguments.get("scalar_mix"), "embedder.scalar_mix")
        refuse_code(arguments.get("transformer_kwargs"), "backbone")
        if peft is not None:
            adapter_config(peft)

    @classmethod
    def width_of(cls, block: Mapping[str, Any]) -> int | None:
        """The width of the vectors, where the backbone is in a folder here."""
        return None if block.get("sub_module") else stated_sizes(block["model_name_or_path"]).width

    @classmethod
    def check_backbone(cls, block: Mapping[str, Any]) -> None:
        """Refuse more layers than the backbone has, where it is in a folder here.

        Raises:
            ModelError: it has fewer.
        """
        layers = None if block.get("sub_module") else stated_sizes(block["model_name_or_path"]).num_layers
        if layers is None:
            return
        if (block.get("freeze_layers") or 0) > layers:
            raise too_few_layers(block["freeze_layers"], layers)
        check_scalar_mix(block.get("scalar_mix"), "embedder.scalar_mix", layers)

    def train(self, mode: bool = True) -> TransformerEmbedder:
        """Set the training mode, of the backbone too unless `eval_mode`."""
        super().train(mode)
        if self.eval_mode:
            self.transformer_model.eval()
        return self

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """The word vectors `(B, L, H)`."""
        pieces = self._mixed(tokens["input_ids"], tokens["attention_mask"], self._segments(tokens))  # (W, S, H)
        words = pool_pieces(pieces, tokens["first_piece"], tokens["last_piece"], self.sub_token_mode)  # (W, M, H)
        if "stitch" in tokens:
            return words.flatten(0, 1)[tokens["stitch"]]
        return words

    def _segments(self, tokens: dict[str, Tensor]) -> Tensor | None:
        """The segments of pieces, where there are several and the backbone knows segments."""
        segments = tokens.get("token_type_ids")
        return segments if segments is not None and self.knows_segments else None

    def _mixed(self, input_ids: Tensor, attention_mask: Tensor, segments: Tensor | None) -> Tensor:
        """Piece vectors `(W, S, H)`, of the last layer or of the mixture of all."""
        if self.storage is None:
            layers = self._run(input_ids, attention_mask, segments)
        else:
            if any(each.requires_grad for each in self.transformer_model.parameters()):
                raise ModelError("embedder.storage needs a frozen backbone, but a parameter group has thawed it")
            with torch.no_grad():
                layers = self.storage.through(self._run, input_ids, attention_mask, segments)
        return layers if self.scalar_mix is None else self.scalar_mix(layers.unbind(2))

    def _run(self, input_ids: Tensor, attention_mask: Tensor, segments: Tensor | None = None) -> Tensor:
        """Piece vectors `(W, S, H)` of the last layer, or `(W, S, layers, H)` of all if they are to be mixed.

        Without gradients the windows of very long texts go through a few at a time.
        """
        rows = max(MOST_PIECES // max(input_ids.shape[1], 1), 1)
        if len(input_ids) > rows and not torch.is_grad_enabled():
            given = [input_ids, attention_mask, *([] if segments is None else [segments])]
            parts = zip(*(each.split(rows) for each in given), strict=True)
            return torch.cat([self._run(*part) for part in parts])
        all_layers = self.scalar_mix is not None
        if not torch.is_grad_enabled():
            layers = self._bert_layers.run(input_ids, attention_mask, segments, all_layers)
            if layers is not None:
                return torch.stack(layers, 2) if all_layers else layers[-1]
        outputs = self.transformer_model(
            input_ids=input_ids,
            attention_mask=attention_mask.long(),
            output_hidden_states=all_layers,
            **({} if segments is None else {"token_type_ids": segments}),
        )
        if not all_layers:
            return outputs.last_hidden_state
        return torch.stack(outputs.hidden_states[1:], 2)

    def merge_adapters(self) -> None:
        """Add the adapters to the backbone's weights, so that none are left."""
        if self.adapters is not None:
            merge_adapters(self.transformer_model)
            self.adapters = None

    def external_weights(self) -> set[str]:
        """With adapters, the weights of the backbone, which are not in the model folder."""
        if self.adapters is None or self.adapters.keeps_backbone:
            return set()
        return {f"transformer_model.{name}" for name in self.adapters.frozen_weights(self.transformer_model)}

    def portable_config(self, block: dict[str, Any]) -> dict[str, Any]:
        """The block that rebuilds this embedder from a model folder."""
        portable = {**block, "storage": "none", "transformer_kwargs": None}
        if self.adapters is None:
            return {**portable, "model_name_or_path": ".", "load_weights": False, "peft": None}
        if self.adapters.keeps_backbone:
            return {**portable, "model_name_or_path": ".", "load_weights": False}
        path = Path(self.name_or_path)
        name = str(path.resolve()) if path.is_dir() else self.name_or_path
        return {
            **portable,
            "model_name_or_path": name,
            "transformer_kwargs": block.get("transformer_kwargs"),
            "peft": {**block["peft"], "digest": self.adapters.digest},
        }

    def save_assets(self, folder: Path) -> None:
        """Write the backbone's `config.json` into the folder."""
        self.config.save_pretrained(folder)

    def _load_from_state_dict(self, *arguments: Any) -> None:
        if self.storage is not None:
            self.storage.clear()
        super()._load_from_state_dict(*arguments)

    def _apply(self, *arguments: Any, **options: Any) -> TransformerEmbedder:
        if self.storage is not None:
            self.storage.clear()
        return super()._apply(*arguments, **options)


def has_backbone(embedder: Embedder) -> bool:
    """Whether an embedder is a backbone, or has one among its parts."""
    return any(isinstance(part, TransformerEmbedder) for part in embedder.modules())


def _part(model: nn.Module, name: str | None) -> nn.Module:
    try:
        return model.get_submodule(name) if name else model
    except AttributeError:
        names = [each for each, _ in model.named_children()]
        raise ModelError(
            f"embedder.sub_module: a {type(model).__name__} has no '{name}'{nearest(name or '', names) or ';'} it has "
            f"{', '.join(names)}"
        ) from None


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
            [pieces.new_zeros(pieces.shape[0], 1, width, dtype=torch.float32), pieces.float().cumsum(1)], dim=1
        )
        ends = sums.gather(1, (last + 1).unsqueeze(-1).expand(-1, -1, width))
        starts = sums.gather(1, first.unsqueeze(-1).expand(-1, -1, width))
        return ((ends - starts) / (last - first + 1).unsqueeze(-1)).to(pieces.dtype)
    # A tensor, so that an exported graph takes words of any length.
    longest: Any = (last - first).max() + 1
    spread = torch.arange(longest, device=first.device)
    places = torch.minimum(first.unsqueeze(-1) + spread, last.unsqueeze(-1))  # (W, M, pieces of the longest word)
    gathered = pieces.gather(1, places.flatten(1).unsqueeze(-1).expand(-1, -1, width))
    return gathered.view(*places.shape, width).amax(2)
