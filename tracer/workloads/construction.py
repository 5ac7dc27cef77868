"""Modules of diffusers and transformers on the meta device, with the dtypes of loaded weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["diffusers_module", "meta_construction", "torch_dtype", "transformers_module"]


def torch_dtype(name: str) -> torch.dtype:
    """dtype of torch by its name.

    Raises
    ------
    ValueError
        torch has no dtype of that name.
    """
    import torch

    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype):
        raise ValueError(f"dtype is {name!r}; torch has no such dtype (valid: float16, bfloat16, float32)")
    return dtype


@contextmanager
def meta_construction(dtype: str) -> Iterator[None]:
    """Make new tensors on the meta device, at `dtype` where their maker names none.

    Buffers that a module makes in float32 by name (rotary frequencies) stay so, which a later ``.to(dtype)``
    would undo.
    """
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch_dtype(dtype))
    try:
        with torch.device("meta"):
            yield
    finally:
        torch.set_default_dtype(before)


def diffusers_module(model_class: Any, config: Mapping[str, object], dtype: str) -> nn.Module:
    """Model of diffusers from the fields of its ``config.json``, for inference.

    Parts that the class lists in ``_keep_in_fp32_modules`` stay float32, as they do when weights are loaded.
    """
    with meta_construction(dtype):
        module: nn.Module = model_class.from_config({key: _as_json(value) for key, value in config.items()})
    _cast_saved_buffers(module, dtype)
    _keep_float32(module, getattr(model_class, "_keep_in_fp32_modules", None) or ())
    return module.eval().requires_grad_(False)


def transformers_module(model_class: Any, config: object, dtype: str, *, attention: str = "sdpa") -> nn.Module:
    """Model of transformers from a configuration object, for inference.

    transformers keeps the parts in ``_keep_in_fp32_modules`` in float32 where weights are loaded as float16,
    and those in ``_keep_in_fp32_modules_strict`` in every half precision.
    """
    with meta_construction(dtype):
        module: nn.Module = model_class._from_config(config, dtype=torch_dtype(dtype), attn_implementation=attention)
    _cast_saved_buffers(module, dtype)
    kept = set(getattr(module, "_keep_in_fp32_modules_strict", None) or ())
    if dtype == "float16":
        kept |= set(getattr(module, "_keep_in_fp32_modules", None) or ())
    _keep_float32(module, kept)
    return module.eval().requires_grad_(False)


def _as_json(value: object) -> object:
    """Sequences as lists, which is what a configuration file gives and some classes insist on."""
    return [_as_json(item) for item in value] if isinstance(value, tuple | list) else value


def _cast_saved_buffers(module: nn.Module, dtype: str) -> None:
    """Buffers that a checkpoint holds are loaded at its dtype, whatever dtype they were made with."""
    saved = module.state_dict(keep_vars=True)
    for name, buffer in module.named_buffers():
        if name in saved and buffer.is_floating_point():
            buffer.data = buffer.data.to(torch_dtype(dtype))


def _keep_float32(module: nn.Module, names: Iterable[str]) -> None:
    import torch

    kept = set(names)
    for path, parameter in module.named_parameters():
        if kept & set(path.split(".")):
            parameter.data = parameter.data.to(torch.float32)
