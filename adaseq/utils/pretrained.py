"""Pretrained backbones and their tokenizers: the one place that imports transformers.

Everything is loaded from local files first; a hub is asked only for a name that is no folder and lies in no cache.
transformers reports weights that do not match and goes on with random ones; here that is an error.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaseq.errors import HubError, ModelError
from adaseq.utils.model_hubs import MODELSCOPE_OWNERS
from adaseq.utils.modelscope_client import ModelScopeModels

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

# Position ids of these start behind the padding id, which takes two places off the table of positions.
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer", "mpnet", "data2vec-text")
# StructBERT is BERT with another training objective: the same network and the same weight names. NEZHA, whose network is
# ours, has the tokenizer and the limits of BERT.
_READ_AS = {"structbert": "bert", "nezha": "bert"}
# Folders of task models, of ours and of ModelScope, can be backbones too; these are the names of their encoders' weights.
_IN_MODEL_FOLDERS = {r"^embedder\.transformer_model\.": "", r"^encoder\.(?=embeddings\.|encoder\.)": ""}
_ON_MODELSCOPE = tuple(f"{owner}/" for owner in MODELSCOPE_OWNERS)
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
# By the name of an attention function of ours, the implementation of transformers that does the same.
_STANDS_FOR: dict[str | None, str] = {}


def load_config(name_or_path: str, **kwargs: Any) -> PreTrainedConfig:
    """The configuration of a backbone.

    Raises:
        ModelError: there is no such folder or model, or it is of a kind that transformers does not know.
    """
    from transformers import AutoConfig

    name_or_path = located(name_or_path)
    raw = raw_config(name_or_path)
    if raw.get("model_type") not in _READ_AS:
        try:
            return _from_pretrained(AutoConfig, "configuration", name_or_path, kwargs)
        except ModelError:
            # What is refused may lie in the cache now, and be one of those that are read as another.
            raw = raw_config(name_or_path)
            if raw.get("model_type") not in _READ_AS:
                raise
    return AutoConfig.for_model(_READ_AS[raw["model_type"]], **{k: v for k, v in raw.items() if k != "model_type"})


def raw_config(name_or_path: str) -> dict[str, Any]:
    """What is in the `config.json` of a backbone; empty if there is none here or in the cache."""
    from transformers import PreTrainedConfig

    try:
        raw, _ = PreTrainedConfig.get_config_dict(located(name_or_path), local_files_only=True)
    except (OSError, ValueError):
        return {}
    return dict(raw)


def backbone_type(name_or_path: str) -> str | None:
    """The `model_type` that the configuration of a backbone says."""
    raw = raw_config(name_or_path)
    if not raw and not Path(name_or_path).is_dir():
        load_config(name_or_path)  # fetches it
        raw = raw_config(name_or_path)
    return raw.get("model_type")


def find_weights(name_or_path: str) -> Path:
    """The file with the weights of a backbone.

    Raises:
        ModelError: there is none.
    """
    from transformers.utils import cached_file

    for local_files_only in (True, False):
        for name in _WEIGHTS:
            try:
                found = cached_file(located(name_or_path), name, local_files_only=local_files_only)
            except (OSError, ValueError):
                continue
            if found is not None:
                return Path(found)
    raise ModelError(f"there are no weights in '{name_or_path}': neither {' nor '.join(_WEIGHTS)}")


def read_weights(name_or_path: str, names: Sequence[str]) -> dict[str, Tensor]:
    """Some weights of a backbone by their names in its file; those that it does not have are left out.

    Raises:
        ModelError: the file cannot be read.
    """
    import torch
    from safetensors import safe_open

    try:
        file = find_weights(name_or_path)
    except ModelError:
        return {}  # weights in several files: nothing but a head of its own is looked for here
    try:
        if file.suffix == ".safetensors":
            with safe_open(file, "pt") as weights:
                return {name: weights.get_tensor(name) for name in names if name in weights.keys()}  # noqa: SIM118
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 torch, pickle and safetensors each have errors of their own
        raise ModelError(f"the weights in '{file}' cannot be read: {' '.join(str(error).split())[:300]}") from None
    return {name: found[name] for name in names if name in found}


def located(name_or_path: str) -> str:
    """A folder for models that are on ModelScope, else the name or path itself, without `huggingface:`.

    Raises:
        ModelError: the model is not on ModelScope, or cannot be fetched.
    """
    if Path(name_or_path).is_dir():
        return name_or_path
    if name_or_path.startswith("huggingface:"):
        return name_or_path.partition(":")[2]
    if name_or_path.startswith("modelscope:"):
        return _on_modelscope(name_or_path.partition(":")[2])
    return _on_modelscope(name_or_path) if name_or_path.startswith(_ON_MODELSCOPE) else name_or_path


def load_tokenizer(name_or_path: str, **kwargs: Any) -> PreTrainedTokenizerBase:
    """The tokenizer of a backbone, set up for text that is already split into words.

    Byte-level BPE marks the beginning of a word by the space before it; such tokenizers are told to add one, since words
    arrive without it.

    Raises:
        ModelError: there is no such folder or model, or it has no tokenizer files.
    """
    from transformers import AutoTokenizer

    name_or_path = located(name_or_path)
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

    name_or_path = located(name_or_path)
    config = load_config(name_or_path, **{k: v for k, v in kwargs.items() if k in ("revision", "cache_dir", "token")})
    model_class = AutoModel._model_mapping.get(type(config), None)
    model_class = model_class[0] if isinstance(model_class, tuple) else model_class
    if model_class is not None and "add_pooling_layer" in inspect.signature(model_class.__init__).parameters:
        kwargs["add_pooling_layer"] = False
    refuse_code(kwargs, "weights")
    if not load_weights:
        kwargs = {k: v for k, v in kwargs.items() if k in ("add_pooling_layer", "attn_implementation", "dtype")}
        return AutoModel.from_config(config, trust_remote_code=False, **kwargs)
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
    report_left_over(name_or_path, info["unexpected_keys"])
    return model


def report_left_over(name_or_path: str, names: Iterable[str]) -> None:
    """Say which weights of a folder no part of a backbone takes: the head of the task that it was trained for.

    A pooling layer, which nearly every backbone has and none of our models uses, is passed over.
    """
    parts: dict[str, int] = {}
    for name in sorted(each for each in names if "pooler." not in each):
        part = re.split(r"\.\d+\.|\.[^.]*$", name)[0]
        parts[part] = parts.get(part, 0) + 1
    if parts:
        listed = ", ".join(f"{part} ({count})" for part, count in parts.items())
        logger.info("Not used of '%s', by parts with their number of tensors: %s.", name_or_path, listed)


def enable_gradient_checkpointing(model: nn.Module) -> None:
    """Recompute the backbone's activations in the backward pass.

    Raises:
        ModelError: it cannot.
    """
    config: Any = getattr(model, "config", None)
    if getattr(config, "use_cache", False):  # keys and values for generation, which nobody generates
        config.use_cache = False
    try:
        # The method was renamed in transformers 5.
        if hasattr(model, "activation_checkpointing_enable"):
            model.activation_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
        else:
            model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[operator]
    except (AttributeError, ValueError) as error:
        raise ModelError(f"gradient_checkpointing: a {type(model).__name__} cannot do it ({error})") from error
    # The backbone's embeddings would be made to ask for gradients, for a way of checkpointing that is not used here; with
    # frozen layers that would cost the memory which is to be saved.
    if getattr(model, "_require_grads_hook", None) is not None or getattr(model, "_require_grads_hooks", None):
        model.disable_input_require_grads()  # type: ignore[operator]


def attend_with(model: nn.Module, name: str, function: Callable[..., Any], like: str | None = None) -> None:
    """Let a backbone compute its attention with a function, if it is one of those that let themselves be told how.

    Args:
        model: the backbone; anything else stays as it is.
        name: what the function is registered as.
        function: an attention function of transformers. Its mask is what is added to the scores, unless `like` is given.
        like: the implementation of transformers whose place it takes, and whose masks it gets; backbones that attend in another
            way stay as they are.
    """
    from transformers import AttentionInterface, PreTrainedModel
    from transformers.masking_utils import AttentionMaskInterface

    if not isinstance(model, PreTrainedModel) or not getattr(model, "_supports_attention_backend", False):
        return
    if like in (None, model.config._attn_implementation):
        _STANDS_FOR[name] = like or name
        AttentionInterface.register(name, function)
        AttentionMaskInterface.register(name, AttentionMaskInterface()[like or "eager"])
        model.set_attn_implementation(name)


def attention_of(config: Any) -> str | None:
    """The implementation of attention that a backbone's configuration names, or the one whose place that has taken."""
    name = getattr(config, "_attn_implementation", None)
    return _STANDS_FOR.get(name, name)


def usual_attention(*arguments: Any, **more: Any) -> tuple[Tensor, None]:
    """What backbones compute by default: the function of transformers that calls PyTorch's attention."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    result: tuple[Tensor, None] = sdpa_attention_forward(*arguments, **more)
    return result


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
    refuse_code(kwargs, what)
    kwargs = {**kwargs, "trust_remote_code": False}  # without it transformers asks, and waits for an answer
    is_folder = Path(name_or_path).is_dir()
    attempts = [True] if is_folder or _looks_local(name_or_path) else [True, False]
    reasons = []
    for local_files_only in attempts:
        try:
            return factory.from_pretrained(name_or_path, **kwargs, local_files_only=local_files_only)
        except Exception as error:  # noqa: BLE001 torch, pickle, safetensors and every class of transformers have errors of their own
            reasons.append(" ".join(str(error).split())[:300])
    where = "in the folder" if is_folder else "for"
    advice = (
        "It must hold the files that save_pretrained writes: config.json, the weights, and the tokenizer's files."
        if is_folder
        else "It is no folder here, is in no local cache, and could not be fetched. Give the path of a folder that holds it."
    )
    if _HUB_NAME.fullmatch(name_or_path) and not is_folder:
        folder = _perhaps_on_modelscope(name_or_path)
        if folder is not None:
            return factory.from_pretrained(folder, **kwargs, local_files_only=True)
    raise ModelError(f"cannot load the {what} {where} '{name_or_path}'. {advice} (transformers says: {reasons[-1]})")


def refuse_code(options: Mapping[str, Any] | None, what: str) -> None:
    """Refuse to run code that comes with a model.

    Args:
        options: for `from_pretrained`.
        what: what they are for.

    Raises:
        ModelError: they ask for it.
    """
    if (options or {}).get("trust_remote_code"):
        raise ModelError(
            f"the options of the {what} say trust_remote_code, which runs whatever program lies beside the model; AdaSeq runs none. "
            "Leave it out, and use a backbone that transformers knows by itself"
        )


@functools.cache
def _on_modelscope(name: str) -> str:
    """The folder of a model that is on ModelScope."""
    folder = ModelScopeModels().find_cached(name)
    if folder is None and is_offline():
        raise ModelError(
            f"the backbone '{name}' of ModelScope is in no local cache, and HF_HUB_OFFLINE forbids to look further. Give the "
            "path of a folder that holds it."
        )
    try:
        return str(folder or ModelScopeModels().download(name))
    except HubError as error:
        raise ModelError(
            f"cannot fetch the backbone '{name}' from ModelScope ({error}). Give the path of a folder that holds it."
        ) from error


def _perhaps_on_modelscope(name: str) -> str | None:
    try:
        return _on_modelscope(name)
    except ModelError:
        return None


def is_offline() -> bool:
    """Whether the environment forbids to ask hubs."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")


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
