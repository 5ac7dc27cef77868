"""Kernels that go through their data once: elements from grid and items of a thread, operands from the functor.

ATen (aten/src/ATen/native/cuda/CUDALoops.cuh, MemoryAccess.cuh, thread_constants.h): blocks of
``vectorized_elementwise_kernel<vec, functor, array<char*, operands>>`` and of ``unrolled_elementwise_kernel<functor,
array<char*, operands>, items, ...>`` walk 4 elements a thread, since PyTorch 2.7 as many as are in a vector of 8 or 16;
those of ``elementwise_kernel<threads, items, ...>``, which has no vectors since its operands are strided, broadcast or
converted, as many as it says. All other streams leave their elements open.
"""

from __future__ import annotations

import re
from functools import partial

from tracer.events.kernel_names import STREAM, named_work
from tracer.graph import Op, TensorSpec, attributes_from

from .formats import element_dtype
from .kernel import Grid, NamedKernel, blocks_of, threads_of

__all__ = ["elementwise", "generated", "stream"]

_ITEMS = 4
_VECTORIZED = re.compile(r"vectorized_(?:templated_)?elementwise_kernel<(\d+), (?P<functor>.*)")
_UNROLLED = re.compile(r"unrolled_elementwise_kernel<(?P<functor>.*?[Aa]rray<char\*, ?\d+(?:u?l)?>, (\d+).*)")
_SINGLE = re.compile(r"(?:index_|legacy_)?elementwise_kernel(?:_manual_unroll)?<(\d+), (\d+), (?P<functor>.*)")
_OPERANDS = re.compile(r"[Aa]rray<char\*, ?(\d+)")
# Operands of functors, the result among them, where no array of addresses counts them.
_OF_FUNCTOR = (
    (1, re.compile(r"FillFunctor|arange|linspace|random|uniform|normal_")),
    (4, re.compile(r"addcmul|addcdiv|where|lerp")),
    (3, re.compile(r"BinaryFunctor|CUDAFunctor_add<|_backward|threshold|atan2|maximum|minimum|masked_fill")),
)
# Arithmetic of functors: operators with special functions, which are what a pass may be bound by beside memory.
_ARITHMETIC = (
    ("gelu", r"[Gg]elu"),
    ("silu", r"[Ss]ilu"),
    ("sigmoid", r"sigmoid"),
    ("tanh", r"tanh"),
    ("sin", r"sin_kernel"),
    ("cos", r"cos_kernel"),
    ("exp", r"exp_kernel"),
    ("rsqrt", r"rsqrt"),
    ("pow", r"pow_"),
)
_UNARY = tuple((name, re.compile(pattern)) for name, pattern in _ARITHMETIC)
# Copies from float32 that ATen has kernels of their own for (Copy.cu).
_NARROWED = re.compile(r"(b?float16)_copy_kernel")
_COPY = re.compile(r"copy|Memcpy|CatArray|transpose|nchwToNhwc|nhwcToNchw|gather|index|embedding", re.IGNORECASE)
_FILL = re.compile(r"Memset|FillFunctor|fill")
# Elements of a row that strided and broadcast operands are taken to keep together: those of an attention head.
_ROW = 64
_GENERATED = re.compile(r"triton_(poi|red|per)_fused")
_KINDS = {"poi": "pointwise", "red": "reduction", "per": "persistent_reduction"}
_MOST = 1 << 34


def elementwise(name: str, grid: Grid) -> NamedKernel | None:
    """Elementwise kernel of ATen; None where the name is of none."""
    found = _VECTORIZED.search(name)
    if found:
        items = max(int(found[1]), _ITEMS)
        return _whole(found["functor"], blocks_of(grid) * threads_of(grid) * items)
    found = _UNROLLED.search(name)
    if found:
        return _whole(found["functor"], blocks_of(grid) * threads_of(grid) * int(found[2]))
    found = _SINGLE.search(name)
    if found:
        return _whole(found["functor"], blocks_of(grid) * int(found[1]) * int(found[2]), apart=True)
    return None


def generated(name: str, grid: Grid) -> NamedKernel | None:
    """Kernel of TorchInductor without a record of its operands: one in and one out, of an open number of elements."""
    found = _GENERATED.search(name)
    if not found:
        return None
    kind = f"triton::{_KINDS[found[1]]}"
    return NamedKernel(build=partial(_generated, kind, blocks_of(grid)), least=1, most=1 << 28)


def stream(name: str, grid: Grid) -> NamedKernel | None:
    """Any other kernel that goes through its data once, as a copy or a fill of an open number of elements."""
    if named_work(name).kind != STREAM:
        return None
    operator = "fill_" if _FILL.search(name) else "clone"
    return NamedKernel(build=partial(_passed, operator, element_dtype(name)), most=_MOST)


def _whole(functor: str, elements: int, *, apart: bool = False) -> NamedKernel:
    return NamedKernel(build=lambda size: _elementwise(functor, size, apart=apart), size=elements)


def _elementwise(functor: str, elements: int, *, apart: bool) -> Op:
    """Operator of as many operands; `apart` where they do not lie alike."""
    operands, dtype = _operands(functor), element_dtype(functor)
    out = TensorSpec((-(-elements // _ROW), _ROW), dtype)
    if operands == 1:
        return Op("aten::fill_", (out,), (out,))
    if _COPY.search(functor):
        return _copied(functor, out, apart=apart)
    if operands > 2:
        second = TensorSpec((1, _ROW), dtype) if apart else out
        return Op("aten::addcmul" if operands > 3 else "aten::mul", (out, *(second,) * (operands - 2)), (out,))
    name = next((name for name, pattern in _UNARY if pattern.search(functor)), "neg")
    return Op(f"aten::{name}", (out,), (out,))


def _copied(functor: str, out: TensorSpec, *, apart: bool) -> Op:
    """Copy into another format, or of rows that lie elsewhere."""
    narrowed, source = _NARROWED.search(functor), out
    if narrowed:
        source, out = TensorSpec(out.shape, "float32"), TensorSpec(out.shape, narrowed[1])
    elif "LoadWithCast" in functor:
        source = TensorSpec(out.shape, "float32" if out.dtype != "float32" else "bfloat16")
    elif apart:
        source = TensorSpec(out.shape, out.dtype, (2 * _ROW, 1))
    return Op("aten::copy_", (out, source), (out,))


def _operands(functor: str) -> int:
    counted = _OPERANDS.search(functor)
    if counted:
        return int(counted[1])
    return next((number for number, pattern in _OF_FUNCTOR if pattern.search(functor)), 2)


def _passed(operator: str, dtype: str, elements: int) -> Op:
    data = TensorSpec((elements,), dtype)
    return Op(f"aten::{operator}", (data,), (data,))


def _generated(kind: str, blocks: int, each: int) -> Op:
    """A loop of as many elements for each block; a block of a reduction has a row."""
    elements = blocks * each
    data = TensorSpec((blocks, each), "bfloat16")
    loops = {"xnumel": elements} if kind.endswith("pointwise") else {"xnumel": blocks, "rnumel": each}
    return Op(kind, (data,), (data,), attributes_from(dict(loops)))
