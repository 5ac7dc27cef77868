"""aiconfigurator: operators of serving frameworks, repeated in a CUDA graph, so that inputs are warm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hw_specs import Accelerator, torch_dtype
from simulator.execution import FRAMEWORKS_CHOICE, Execution
from simulator.kernels import Kernel
from tracer.graph import Op, TensorSpec
from tracer.operators import Kind, kind_of
from validation.measured.records import Record, latency_of
from validation.measured.row import Row

from .source import Source, named_attention

__all__ = ["SOURCE", "one_byte_messages"]

_NAME = "aiconfigurator"

#: Copies of the weights that its linear benchmark cycles through.
_WEIGHT_COPIES = 6
#: Calls of a benchmark before and while it is timed.
_RUNS = 9.0
_EIGHT_BIT = "float8_e4m3fn"
#: Choices in place of which vLLM runs the kernel that pages.
_PAGES = (FRAMEWORKS_CHOICE, "flash2")


def one_byte_messages(records: Sequence[Record]) -> Sequence[Record]:
    """Records with the collectives whose elements have one byte marked so; the file says float16 for them.

    The source times each message of ``n`` elements as half and as int8, and the file keeps no difference. Of two
    rows of one size the faster is int8; the largest size is there once, as int8: its time continues that series.
    """
    rows: dict[tuple[str, str, str, str], list[tuple[float, int]]] = {}
    for index, record in enumerate(records):
        if record["op"].startswith("c10d::"):
            try:
                seconds = latency_of(record)
            except ValueError:
                continue
            key = (record["op"], record["input_shapes"], record["attributes"], record["dtype"])
            rows.setdefault(key, []).append((seconds, index))
    narrow = {min(same)[1] for same in rows.values()}
    return [{**record, "dtype": "int8"} if index in narrow else record for index, record in enumerate(records)]


def _operators(row: Row) -> Sequence[Op]:
    """8-bit layers quantise their bf16 input first; attention of vLLM also writes keys and values to a paged cache."""
    if row.op == "aten::linear" and torch_dtype(row.dtype) == _EIGHT_BIT:
        return (_quantisation(row), row.operator())
    return (row.operator(), _paged_write(row)) if _is_paged(row) else (row.operator(),)


def _quantisation(row: Row) -> Op:
    shape = tuple(row.shapes[0])
    data, scaled = TensorSpec(shape, "bfloat16"), TensorSpec(shape, _EIGHT_BIT)
    return Op("_C::dynamic_per_token_scaled_fp8_quant", (data,), (scaled,))


def _is_paged(row: Row) -> bool:
    """Attention of language models; vision encoders keep no cache."""
    return (
        kind_of(row.op) is Kind.ATTENTION and row.kernel.startswith("vllm_") and not row.kernel.startswith("vllm_vit")
    )


def _paged_write(row: Row) -> Op:
    dtype, tokens = torch_dtype(row.dtype), row.shapes[1][0] * row.shapes[1][2]
    new = tuple(TensorSpec((tokens, heads, width), dtype) for _, heads, _, width in row.shapes[1:3])
    return Op("_C_cache_ops::reshape_and_cache_flash", (*new, *new, TensorSpec((tokens,), "int64")), ())


def _execution(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    """vLLM takes the newest kernel that it has on the part (its fa_utils.py); one that pages, unless it is newer."""
    if not row.kernel:
        return replace(execution, attention=accelerator.traits.attention.newest)
    named = named_attention(row, accelerator, execution)
    return replace(named, attention="flash2_paged") if _is_paged(row) and named.attention in _PAGES else named


def _resident_bytes(row: Row, op: Op, kernel: Kernel, accelerator: Accelerator) -> float:
    """All inputs; of the weights of a linear layer what the cache holds while their copies take turns. [B]

    What goes to a paged cache comes from nowhere near: its rows fit cold keys and values (A100 5.1 %, GB200 7.8 %)
    better than warm ones (5.7 and 9.0 %).
    """
    kind = kind_of(op.name)
    if kind is Kind.PAGED_WRITE:
        return kernel.resident_bytes
    if row.source != _NAME or kind not in (Kind.LINEAR, Kind.PRODUCT):
        return kernel.bytes_read
    weights = float(op.inputs[1].nbytes)
    cycled = kernel.bytes_read + kernel.bytes_written + (_WEIGHT_COPIES - 1) * weights
    level = accelerator.memory.l2
    capacity = level.capacity if level else 1.0
    return kernel.bytes_read - weights * (1.0 - float(np.clip(2.5 - 2.0 * cycled / capacity, 0.0, 1.0)))


SOURCE = Source(
    name=_NAME,
    # Weights of the layers are what the memory held (``RowParallelLinear`` without a checkpoint, "to evaluate random
    # weights impact": collector/vllm/collect_gemm.py). Of long products of a GB200 some keep 1,400 TFLOP/s at the limit
    # of the board and others 1,850 at two thirds of it.
    unknown_data=frozenset({"aten::linear"}),
    citation="github.com/ai-dynamo/aiconfigurator: measured operator calls, CUDA graph, warm (Apache-2.0)",
    amended=one_byte_messages,
    operators=_operators,
    execution=_execution,
    resident_bytes=_resident_bytes,
    # Three calls to warm up and six that are timed, each of all copies of a layer (collector/helper.py,
    # collector/vllm/collect_gemm.py and collect_attn.py).
    calls_in_a_row={"aten::linear": _RUNS * _WEIGHT_COPIES},
    usual_calls=_RUNS,
)
