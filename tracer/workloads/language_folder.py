"""Language models from a folder with a ``config.json`` of transformers, for models that have no file here.

Weights and code of the folder are not read: classes come from transformers alone, by the name under ``architectures``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tracer.graph import Workload

from .causal_lm import ATTENTION_KINDS, LENGTHS_ASSUMED, causal_lm_stages, language_defaults
from .folder_parts import FolderError, explained, read_json
from .pipeline import Limits, Pipeline, StageSpec

__all__ = ["ARCHITECTURES", "language_model_from_folder"]

#: Decoders of transformers whose layers keep keys and values, attend causally and need no other input than tokens.
ARCHITECTURES = (
    "LlamaForCausalLM",
    "MistralForCausalLM",
    "MixtralForCausalLM",
    "OlmoeForCausalLM",
    "Olmo2ForCausalLM",
    "Phi3ForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen2MoeForCausalLM",
    "Qwen3ForCausalLM",
    "Qwen3MoeForCausalLM",
)

# What a configuration must say, and the most that each of these sizes may be: an order of magnitude above any published
# model, and little enough that a wrong digit does not build for hours.
_NEEDED = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "vocab_size")
_MOST = {
    "hidden_size": 2**18,
    "intermediate_size": 2**20,
    "moe_intermediate_size": 2**20,
    "shared_expert_intermediate_size": 2**20,
    "num_attention_heads": 2**12,
    "num_key_value_heads": 2**12,
    "head_dim": 2**13,
    "num_hidden_layers": 2**10,
    "vocab_size": 2**24,
    "max_position_embeddings": 2**27,
    "num_local_experts": 2**13,
    "num_experts": 2**13,
    "num_experts_per_tok": 2**13,
}
_DTYPES = ("float16", "bfloat16", "float32")
_ROUTING = "Tokens choose their experts by themselves and each expert as often as any other."
# Of a checkpoint, of training, or code: nothing of the forward pass that is built.
_UNREAD = ("quantization_config", "auto_map", "transformers_version", "torch_dtype", "dtype", "use_cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """What a folder says.

    Attributes
    ----------
    path : Path
    architecture : str
        Class of transformers.
    config : mapping
        Fields of its ``config.json``.
    """

    path: Path
    architecture: str
    config: Mapping[str, Any]

    @property
    def window(self) -> int | None:
        """Keys that a query can attend to, where it is not all before it."""
        found = self.config.get("sliding_window") if self.config.get("use_sliding_window", True) else None
        return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None

    @property
    def experts(self) -> bool:
        """Whether it is a mixture of experts."""
        return any(name in self.config for name in ("num_experts", "num_local_experts"))


def language_model_from_folder(path: str | Path) -> Pipeline:
    """Language model that the ``config.json`` of a folder describes.

    Lengths of prompt and answer are those that :func:`~tracer.workloads.causal_lm.language_defaults` assumes, and
    positions at most those of the configuration. A window of attention bounds the sequence: up to its length it
    changes nothing.

    Parameters
    ----------
    path : str or Path
        Folder with a ``config.json`` of transformers. Nothing else in it is read.

    Raises
    ------
    FolderError
        The file is missing or malformed, of an architecture that is not supported, or of sizes that no model has; one
        line says which.
    """
    folder = _read(Path(path))
    config = folder.config
    positions = [n for n in (config.get("max_position_embeddings"), folder.window) if isinstance(n, int)]
    return Pipeline(
        name=folder.path.resolve().name,
        title=folder.architecture,
        defaults=_defaults(folder, min(positions, default=None)),
        build=partial(_build, folder),
        sources=(str(folder.path), f"transformers, {folder.architecture}"),
        parameters={},
        limits=Limits(sequence=min(positions)) if positions else Limits(),
        attention_kinds=ATTENTION_KINDS,
        choices=tuple(_choices(folder)),
        family="language",
        architecture="transformer",
    )


def _read(path: Path) -> _Folder:
    config = read_json(path / "config.json")
    folder = _Folder(path=path, architecture=_architecture(path, config), config=config)
    for name in _NEEDED:
        if name not in config:
            raise FolderError(f"{path}: config.json has no {name}; needed: {', '.join(_NEEDED)}")
    for name, most in _MOST.items():
        _check_size(path, name, config.get(name), most)
    _check_heads(path, config)
    return folder


def _architecture(path: Path, config: Mapping[str, Any]) -> str:
    named = config.get("architectures")
    if isinstance(named, list):
        named = next(iter(named), None)
    first = named or config.get("_class_name") or config.get("model_type")
    if first in ARCHITECTURES:
        return str(first)
    raise FolderError(
        f"{path}: config.json is of architecture {str(first)[:80]!r}, which is not supported; "
        f"valid: {', '.join(ARCHITECTURES)}"
    )


def _check_size(path: Path, name: str, value: object, most: int) -> None:
    if value is None and name not in _NEEDED:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise FolderError(
            f"{path}: {name} of config.json is {str(value)[:80]!r}; valid: whole numbers from 1 to {most}"
        )


def _check_heads(path: Path, config: Mapping[str, Any]) -> None:
    """Queries share keys in groups of one size, and heads the width, where their own is not given."""
    heads = config["num_attention_heads"]
    keys = config.get("num_key_value_heads") or heads
    if heads % keys:
        raise FolderError(f"{path}: num_attention_heads {heads} is no multiple of num_key_value_heads {keys}")
    if not config.get("head_dim") and config["hidden_size"] % heads:
        raise FolderError(f"{path}: hidden_size {config['hidden_size']} is no multiple of num_attention_heads {heads}")
    chosen, experts = config.get("num_experts_per_tok"), config.get("num_experts") or config.get("num_local_experts")
    if chosen and experts and chosen > experts:
        raise FolderError(f"{path}: num_experts_per_tok {chosen} is more than its {experts} experts")


def _defaults(folder: _Folder, positions: int | None) -> Workload:
    """The lengths of all language models, shorter where the model has no room for them."""
    stated = folder.config.get("dtype") or folder.config.get("torch_dtype")
    defaults = language_defaults(dtype=stated if stated in _DTYPES else "bfloat16")
    prompt, new = defaults.prompt_length or 1, defaults.max_new_tokens or 1
    if positions is None or prompt + new <= positions:
        return defaults
    new = min(new, max(positions // 2, 1))
    return replace(defaults, prompt_length=max(positions - new, 1), max_new_tokens=new)


def _choices(folder: _Folder) -> list[str]:
    said = [*LENGTHS_ASSUMED]
    if folder.experts:
        said.append(_ROUTING)
    if folder.window is not None:
        said.append(f"Sequences up to the window of {folder.window} tokens alone: beyond it attention is another.")
    if "quantization_config" in folder.config:
        said.append("The checkpoint's quantisation is not read: the weights are those of dtype, or of --quantize.")
    return said


def _build(folder: _Folder, workload: Workload) -> list[StageSpec]:
    import transformers

    with explained(folder.path, folder.architecture):
        family = getattr(transformers, folder.architecture)
        fields = {name: value for name, value in folder.config.items() if name not in _UNREAD}
        # A sequence is never longer than the window.
        fields |= {"sliding_window": None, "use_sliding_window": False} if folder.window else {}
        config = family.config_class.from_dict(fields)
        stages = causal_lm_stages(config, workload, folder.architecture)
    return [replace(stage, run=partial(_explained_run, folder.path, stage)) for stage in stages]


def _explained_run(path: Path, stage: StageSpec, module: Any, repeat: int) -> object:
    with explained(path, stage.name):
        return stage.run(module, repeat)
