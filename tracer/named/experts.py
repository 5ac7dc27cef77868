"""Fused experts whose weights are no arguments of their operator, by the grids of the kernels that it launched.

``vllm::moe_forward(hidden_states, router_logits, layer_name)`` and its like say how many tokens, how wide, and how many
experts there are. Grids tell the rest.

TensorRT-LLM's generated products (``bmm_MxE4m3_MxE2m1MxE4m3_Fp32_t128x16x256..._transOut_..._swiGlu_dynBatch``, through
flashinfer/csrc/trtllm_fused_moe_kernel_launcher.cu) launch a block for each tile of the weights' rows, and along the
other axis as many tiles of tokens as experts may need: with ``r`` rows of all choices, at least ``min(r, E)``, and one
more for each further tile of rows (``getMaxNumCtasInBatchDim``).

``fused_moe_kernel`` of vLLM and SGLang (fused_moe.py) has blocks of one size for both products, so that the ratio of
their grids is that of their weights' rows; the gate between them (``act_and_mul_kernel``) has a block for each choice
of each token.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from tracer.graph import Op, TensorSpec

from .kernel import Grid, believable, blocks_of

__all__ = ["experts_of"]

#: Operator of the completed call; inputs as those of ``vllm::outplace_fused_experts``.
EXPERTS = "serving::fused_experts"

_FORMAT = r"(?:Mx|Nv)?(E2m1|E4m3|Bfloat16|Fp16)"
# Formats of results, weights and tokens, of which equal ones are named once, and the tile.
_GENERATED = re.compile(rf"bmm_\w+?_{_FORMAT}(?:{_FORMAT})?_\w*?_t(?P<rows>\d+)x(?P<tokens>\d+)x\d+")
_ACTIVATED = re.compile(r"swiGlu|geGlu|_act")
_TRITON = re.compile(r"fused_moe_kernel")
_GATE = re.compile(r"act_and_mul")
_DTYPES = {"E2m1": "float4_e2m1fn_x2", "E4m3": "float8_e4m3fn", "Bfloat16": "bfloat16", "Fp16": "float16"}


class _Sizes(NamedTuple):
    """Rows of the first weight, choices of a token, and dtypes of weights and tokens."""

    gated: int
    choices: int
    dtype: str
    tokens: str


def experts_of(op: Op, launched: Sequence[tuple[str, Grid]]) -> Op | None:
    """Operator with its weights and choices; None where its kernels do not tell them.

    Parameters
    ----------
    op : Op
        Its first two inputs are tokens ``(tokens, width)`` and the router's scores ``(tokens, experts)``.
    launched : sequence of (str, tuple of int)
        Kernels of one call, by name and grid.
    """
    shapes = [t.shape for t in op.inputs[:2]]
    if len(shapes) < 2 or any(len(shape) != 2 for shape in shapes) or shapes[0][0] != shapes[1][0]:
        return None
    (tokens, width), (_, experts) = shapes
    known = [(name, grid) for name, grid in launched if believable(grid)]
    sizes = _of_generated(known, tokens, experts) or _of_triton(known, tokens, width, op.inputs[0].dtype)
    if sizes is None or not 0 < sizes.choices <= experts or sizes.gated < 2:
        return None
    half = sizes.gated // 2
    first = TensorSpec((experts, 2 * half, width), sizes.dtype)
    second = TensorSpec((experts, width, half), sizes.dtype)
    choices = (TensorSpec((tokens, sizes.choices), "float32"), TensorSpec((tokens, sizes.choices), "int32"))
    return Op(EXPERTS, (TensorSpec((tokens, width), sizes.tokens), first, second, *choices), (op.inputs[0],))


def _of_generated(launched: Sequence[tuple[str, Grid]], tokens: int, experts: int) -> _Sizes | None:
    products = [(name, grid, found) for name, grid in launched if (found := _GENERATED.search(name))]
    first = next((each for each in products if _ACTIVATED.search(each[0])), None)
    if first is None or "transOut" not in first[0]:
        return None
    _, grid, found = first
    rows, tiles = grid[0] * int(found["rows"]), grid[1]
    further = max(tiles - experts, 0) * int(found["tokens"])
    chosen = min(tiles, experts) + further
    return _Sizes(rows, -(-chosen // tokens), _DTYPES[found[1]], _DTYPES[found[2] or found[1]])


def _of_triton(launched: Sequence[tuple[str, Grid]], tokens: int, width: int, dtype: str) -> _Sizes | None:
    products = [blocks_of(grid) for name, grid in launched if _TRITON.search(name)]
    gates = [blocks_of(grid) for name, grid in launched if _GATE.search(name)]
    if len(products) != 2 or not gates:
        return None
    return _Sizes(round(width * products[0] / products[1]), gates[0] // tokens, dtype, dtype)
