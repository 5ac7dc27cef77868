r"""Matrix products and convolutions by their tile: ``m`` and ``n`` from tile and grid, the reduced length is open.

Names of cuBLAS and CUTLASS hold the tile of the output before that of the reduced axis: ``ampere_fp16_s16816gemm_fp16_
128x64_ldg8_f2f_stages_64x3_tn``, ``sm90_xmma_gemm_..._tilesize128x128x64_...``, ``nvjet_tst_64x16_64x16_2x4_h_bz_TNT``,
``cutlass::gemm::kernel::GemmUniversal<... cute::tuple<cute::C<128>, cute::C<256>, cute::C<64>>``; those of Tensile
``_MT128x64x32_``, of TensorRT-LLM ``_t128x16x256``. DeepGEMM compiles ``N`` and ``K`` in (``fp8_gemm_kernel<7168u,
2048u, 128u ...``, deep_gemm/jit_kernels/gemm.py; ``sm90_fp8_gemm_1d2d_impl<..., 0u, 7168u, 2048u, ...``,
csrc/jit_kernels/impls). A convolution counts as the implicit product that it is.

cuBLAS is column-major, so that the first side of a tile goes along the rows of memory, which are torch's columns.
A persistent kernel has a block for every core and not for every tile; then the open length stands for all that is more.
"""

from __future__ import annotations

import math
import re
from functools import partial

from tracer.events.kernel_names import PRODUCT, named_work
from tracer.graph import Op, TensorSpec

from .formats import multiplied_dtype
from .kernel import Grid, NamedKernel, blocks_of, threads_of

__all__ = ["matrix_vector", "multiplication", "product_of_sizes", "tile_of"]

_MOST = 1 << 17
# Where the name has no tile: the side of the one that libraries have most kernels of.
_SIDE = 128
# A tile this narrow is made for few rows: all blocks lie along the other side.
_NARROW = 32
_TILES = (
    r"tilesize(\d+)x(\d+)x\d+",
    r"_MT(\d+)x(\d+)x\d+",
    r"_t(\d+)x(\d+)x\d+",
    r"nvjet_(?:sm\d+_)?[a-z0-9]+_(\d+)x(\d+)_",
    r"tuple<(?:cute::)?C<(\d\d+)>, (?:cute::)?C<(\d+)>, (?:cute::)?C<\d\d+>",
    r"GemmShape<(\d+), (\d+), \d+>",
    r"_(\d{2,3})x(\d{1,3})(?:x\d+)*(?:_|$)",
)
_PATTERNS = tuple(re.compile(pattern) for pattern in _TILES)
_VECTOR = re.compile(r"gemv|dot_kernel|gemvx|GEMV", re.IGNORECASE)
# The reduced axis divided among blocks, whose third axis then counts parts of one product.
_DIVIDED = re.compile(r"split_?k|stream_?k|sliced|_GSU[2-9]", re.IGNORECASE)
_BUILT_IN = (
    re.compile(r"fp8_gemm_kernel<(\d+)u, (\d+)u, (\d+)u"),
    re.compile(r"(?:gemm|1d1d|1d2d)_impl<[^>]*?\d+u, (\d{3,})u, (\d{2,})u, \d+u, (\d+)u"),
)


def multiplication(name: str, grid: Grid) -> NamedKernel | None:
    """Product with an open reduced length; None where the name is of none."""
    built_in = next((match for pattern in _BUILT_IN if (match := pattern.search(name))), None)
    if built_in:
        return _built_in(*(int(text) for text in built_in.groups()))
    if named_work(name).kind != PRODUCT:
        return None
    if _VECTOR.search(name):
        return matrix_vector(name, grid)
    rows, columns = _extents(tile_of(name) or (_SIDE, _SIDE), grid[0], grid[1])
    batch = 1 if _DIVIDED.search(name) else grid[2]
    build = partial(product_of_sizes, batch, rows, columns, multiplied_dtype(name))
    return NamedKernel(build=build, most=_MOST)


def matrix_vector(name: str, grid: Grid) -> NamedKernel:
    """One row times a matrix, of which a warp computes a column."""
    columns = max(blocks_of(grid) * threads_of(grid) // 32, 1)
    return NamedKernel(build=partial(product_of_sizes, 1, 1, columns, multiplied_dtype(name)), most=1 << 22)


def tile_of(name: str) -> tuple[int, int] | None:
    """Columns and rows of a tile of the output, as cuBLAS names them; None where the name has none."""
    found = next((match for pattern in _PATTERNS if (match := pattern.search(name))), None)
    return (int(found[1]), int(found[2])) if found else None


def product_of_sizes(batch: int, rows: int, columns: int, dtype: str, reduced: int) -> Op:
    """Product of a batch of sizes."""
    lead = (batch,) if batch > 1 else ()
    first, second = TensorSpec((*lead, rows, reduced), dtype), TensorSpec((*lead, reduced, columns), dtype)
    out = TensorSpec((*lead, rows, columns), "bfloat16" if first.itemsize == 1 else dtype)
    return Op("aten::bmm" if lead else "aten::mm", (first, second), (out,))


def _extents(tile: tuple[int, int], across: int, along: int) -> tuple[int, int]:
    """Rows and columns that blocks of a tile cover.

    A grid of one axis is walked in an order that the name does not tell: few rows where the tile is made for few, else
    a square as far as the blocks allow.
    """
    wide, tall = tile
    if across > 1 and along > 1:
        return along * tall, across * wide
    blocks = across * along
    if min(tile) <= _NARROW:
        return (tall, blocks * wide) if tall <= wide else (blocks * tall, wide)
    down = max(min(round(math.sqrt(blocks * wide / tall)), blocks), 1)
    return down * tall, math.ceil(blocks / down) * wide


def _built_in(columns: int, reduced: int, tall: int) -> NamedKernel:
    """Rows are open, from a tile of them on."""
    return NamedKernel(build=partial(_rows_open, columns, reduced), least=min(tall, 64), most=1 << 20)


def _rows_open(columns: int, reduced: int, rows: int) -> Op:
    return product_of_sizes(1, rows, columns, "float8_e4m3fn", reduced)
