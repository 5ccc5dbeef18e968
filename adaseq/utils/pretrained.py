"""Pretrained backbones and their tokenizers: the one place that imports transformers.

Everything is loaded from local files first; a hub is asked only for a name that is no folder and lies in no cache.
transformers reports weights that do not match and goes on with random ones; here that is an error.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.errors import ModelError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

# Position ids of these start behind the padding id, which takes two places off the table of positions.
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer", "mpnet", "data2vec-text")
# StructBERT is BERT with another training objective: the same network and the same weight names.
_READ_AS = {"structbert": "bert"}
# A folder that holds one of our own task models can be a backbone too; these are the names of its encoder's weights.
_IN_MODEL_FOLDERS = {r"^embedder\.transformer_model\.": ""}


def load_config(name_or_path: str, **kwargs: Any) -> PreTrainedConfig:
    """The configuration of a backbone.

    Raises:
        ModelError: there is no such folder or model, or it is of a kind that transformers does not know.
    """
    from transformers import AutoConfig, PreTrainedConfig

    if Path(name_or_path).is_dir():
        raw, _ = PreTrainedConfig.get_config_dict(name_or_path)
        if raw.get("model_type") in _READ_AS:
            return AutoConfig.for_model(
                _READ_AS[raw["model_type"]], **{k: v for k, v in raw.items() if k != "model_type"}
            )
    return _from_pretrained(AutoConfig, "configuration", name_or_path, kwargs)


def load_tokenizer(name_or_path: str, **kwargs: Any) -> PreTrainedTokenizerBase:
    """The tokenizer of a backbone, set up for text that is already split into words.

    Byte-level BPE marks the beginning of a word by the space before it; such tokenizers are told to add one, since words
    arrive without it.

    Raises:
        ModelError: there is no such folder or model, or it has no tokenizer files.
    """
    from transformers import AutoTokenizer

    if Path(name_or_path).is_dir() and "config" not in kwargs and (Path(name_or_path) / "config.json").exists():
        kwargs["config"] = load_config(name_or_path)
    tokenizer = _from_pretrained(AutoTokenizer, "tokenizer", name_or_path, kwargs)
    if getattr(tokenizer, "add_prefix_space", None) is False and "add_prefix_space" not in kwargs:
        tokenizer = _from_pretrained(AutoTokenizer, "tokenizer", name_or_path, {**kwargs, "add_prefix_space": True})
    return tokenizer


def load_backbone(name_or_path: str, load_weights: bool = True, **kwargs: Any) -> nn.Module:
    """The encoder network of a backbone, without a pooling layer where it has one.

    Args:
        name_or_path: a folder, or the name of a model on the Hugging Face hub.
        load_weights: False builds the architecture with random weights.
        kwargs: for `from_pretrained`: `revision`, `attn_implementation`, …

    Raises:
        ModelError: there is no such model, or its weights do not fit its architecture.
    """
    from transformers import AutoModel

    config = load_config(name_or_path, **{k: v for k, v in kwargs.items() if k in ("revision", "cache_dir", "token")})
    model_class = AutoModel._model_mapping.get(type(config), None)
    model_class = model_class[0] if isinstance(model_class, tuple) else model_class
    if model_class is not None and "add_pooling_layer" in inspect.signature(model_class.__init__).parameters:
        kwargs["add_pooling_layer"] = False
    if not load_weights:
        kwargs = {k: v for k, v in kwargs.items() if k in ("add_pooling_layer", "attn_implementation", "dtype")}
        return AutoModel.from_config(config, **kwargs)
    if (Path(name_or_path) / "configuration.json").is_file():
        kwargs["key_mapping"] = _IN_MODEL_FOLDERS
    with _quiet_loading():
        model, info = _from_pretrained(
            AutoModel, "weights", name_or_path, {**kwargs, "config": config, "output_loading_info": True}
        )
    missing = sorted(info["missing_keys"])
    if missing:
        raise ModelError(
            f"the weights in '{name_or_path}' do not fit a {type(model).__name__}: {len(missing)} tensors are missing, "
            f"among them {', '.join(missing[:3])}. They would stay random. Is this the folder of another kind of model?"
        )
    left_over = sorted(key for key in info["unexpected_keys"] if "pooler" not in key)
    if left_over:
        logger.info("Not used of '%s': %d tensors, such as %s.", name_or_path, len(left_over), ", ".join(left_over[:3]))
    return model


def enable_gradient_checkpointing(model: nn.Module) -> None:
    """Recompute the backbone's activations in the backward pass."""
    # The method was renamed in transformers 5.
    enable: Any = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
    enable()


def position_limit(name_or_path: str, tokenizer: PreTrainedTokenizerBase) -> int | None:
    """How many pieces, special tokens included, a backbone can take; None if its positions are not limited."""
    limits = []
    if tokenizer.model_max_length < 1_000_000:
        limits.append(int(tokenizer.model_max_length))
    try:
        config = load_config(name_or_path)
    except ModelError:
        return min(limits, default=None)
    positions = getattr(config, "max_position_embeddings", None)
    if positions and positions > 0 and config.model_type not in ("xlnet",):
        limits.append(positions - 2 if config.model_type in _OFFSET_POSITIONS else positions)
    return min(limits, default=None)


def _from_pretrained(factory: Any, what: str, name_or_path: str, kwargs: Mapping[str, Any]) -> Any:
    """Call `from_pretrained`, from local files where they are, with an error that a user can act on."""
    is_folder = Path(name_or_path).is_dir()
    attempts = [True] if is_folder or _looks_local(name_or_path) else [True, False]
    reasons = []
    for local_files_only in attempts:
        try:
            return factory.from_pretrained(name_or_path, **kwargs, local_files_only=local_files_only)
        except (OSError, ValueError, KeyError) as error:
            reasons.append(" ".join(str(error).split())[:300])
    where = "in the folder" if is_folder else "for"
    advice = (
        "It must hold the files that save_pretrained writes: config.json, the weights, and the tokenizer's files."
        if is_folder
        else "It is no folder here, is in no local cache, and could not be fetched. Give the path of a folder that holds it."
    )
    raise ModelError(f"cannot load the {what} {where} '{name_or_path}'. {advice} (transformers says: {reasons[-1]})")


@contextlib.contextmanager
def _quiet_loading() -> Iterator[None]:
    """Hold back the progress bar and the table of unmatched weights; what matters in it is checked here."""
    from transformers.utils import logging as transformers_logging

    def is_error(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    report = logging.getLogger("transformers.modeling_utils")
    bar = transformers_logging.is_progress_bar_enabled()
    report.addFilter(is_error)
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        report.removeFilter(is_error)
        if bar:
            transformers_logging.enable_progress_bar()


def _looks_local(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name
