"""``--dtype auto``: the number format of a workload, or the nearest one that an accelerator has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hw_specs import Accelerator, format_bits, number_format, torch_dtype
from simulator.lowering.products.compiled_graphs import is_compiled
from tracer.library.graphs import pipeline_of

__all__ = ["AUTO", "dtype_of", "dtype_on", "settings_on"]

#: What asks for the choice in place of a dtype.
AUTO = "auto"
# What pipelines can be traced in, and torch multiplies matrices in as they are.
_FORMATS = ("fp64", "fp32", "bf16", "fp16")


def dtype_of(name: str) -> str:
    """torch's name of a dtype, or :data:`AUTO`. Raises as :func:`hw_specs.torch_dtype`."""
    return AUTO if name.lower() == AUTO else torch_dtype(name)


def settings_on(model: str, accelerator: Accelerator, settings: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Settings of a workload with the dtype chosen where it is :data:`AUTO`, and a remark where it is another.

    Parameters
    ----------
    model : str
        Name of a pipeline, or path of a folder of a diffusers pipeline or a language model.
    accelerator : Accelerator
    settings : mapping
        As :func:`tracer.graph_of` takes them.

    Raises
    ------
    UnknownWorkloadError
        No such pipeline.
    """
    if settings.get("dtype") != AUTO:
        return dict(settings), ""
    wanted = pipeline_of(model).defaults.dtype
    chosen = dtype_on(accelerator, wanted)
    if chosen == wanted:
        return {**settings, "dtype": wanted}, ""
    has, lacks = number_format(chosen), number_format(wanted)
    return {**settings, "dtype": chosen}, f"{model} is in {lacks}, which {accelerator.name} lacks: {has} in its place"


def dtype_on(accelerator: Accelerator, dtype: str) -> str:
    """The dtype, or the one nearest to it in which an accelerator multiplies matrices; itself if there is none.

    Nearest is one as wide, then the narrowest of those that are wider, then the widest of all.

    Examples
    --------
    >>> from hw_specs import load_accelerator
    >>> dtype_on(load_accelerator("t4"), "bfloat16"), dtype_on(load_accelerator("tpu-v4"), "float16")
    ('float16', 'bfloat16')
    """
    has, bits = _formats_of(accelerator), format_bits(dtype)
    if number_format(dtype) in has:
        return dtype
    known = [(format_bits(name), name) for name in _FORMATS if name in has]
    wide = [entry for entry in known if entry[0] >= bits]
    best = min(wide) if wide else max(known, default=None)
    return dtype if best is None else torch_dtype(best[1])


def _formats_of(accelerator: Accelerator) -> set[str]:
    """Formats in which an accelerator multiplies matrices, or its compiler does in their place."""
    if not is_compiled(accelerator.traits):
        return {*accelerator.peak.matrix, *accelerator.peak.vector}
    own = {"fp32"} if accelerator.traits.array.float32_as is not None else set()
    return {*accelerator.peak.matrix, *own}
