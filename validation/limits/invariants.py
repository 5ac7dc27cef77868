"""What must hold of every accelerator of a catalogue, as rates and times of predicted kernels.

Fused attention multiplies with the units that products multiply with, and does more beside: it is never the faster one,
counted in FLOPs that are executed. A part with more of everything is never slower. What a kernel does in its time is no
more than the datasheet says. Parts that run a call with the same kernels are predicted at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, CalibrationPool
from simulator.cost import HardwareColumns, UnsupportedFormatError, hardware_columns
from simulator.cost.energies import amounts
from simulator.cost.model import KernelCosts, costs_at_boost, within_power
from simulator.cost.power_limit import power_at
from simulator.cost.roofline import roofline_terms
from simulator.execution import Execution
from simulator.kernels import AttentionTable, FamilyTable, KernelTables
from simulator.lowering import assign_units, execution_on, kernels_of
from tracer.graph import Op, TensorSpec

__all__ = [
    "Predicted",
    "attention_rates",
    "better_pairs",
    "datasheet_shares",
    "fastest_dtype",
    "power_shares",
    "predicted",
    "product",
    "product_rates",
    "small_calls",
    "total_times",
]

FloatArray = NDArray[np.float64]
Calls = Callable[[Accelerator], Sequence[Op]]

#: Number formats that models compute in, and the dtype of operands.
_FORMATS: Mapping[str, str] = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
#: Units and memory levels of which the datasheet has rates, as the roofline names them.
_LEVELS = ("matrix", "vector", "special", "l2", "dram")
#: Large products (m, n, k), of which the best is what a part sustains.
_LARGE = ((4096,) * 3, (8192,) * 3, (16384,) * 3, (65536,) * 3)
#: Batch, heads, length and head dimension of large attentions, of few rows and of many.
_ATTENTIONS = ((4, 16, 4096, 64), (2, 16, 8192, 128), (1, 24, 16384, 128))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Predicted:
    """Calls on parts that run them with the same kernels.

    `at` are positions of the parts, `boost` times without a power limit.
    """

    at: NDArray[np.int64]
    kernels: KernelTables
    hardware: HardwareColumns
    costs: KernelCosts
    boost: FloatArray


def predicted(
    parts: Sequence[Accelerator], calls: Calls, calibrations: CalibrationPool, *, repeats: float = np.inf
) -> Iterator[Predicted]:
    """Times of some calls within the power limit, on parts that have the number formats; the others are left out.

    Each is repeated so often in a row; for ever by default, so that the limit holds its own power.
    """
    hardware = hardware_columns(parts, calibrations).repeated(repeats)
    groups: dict[tuple[object, ...], tuple[KernelTables, list[int]]] = {}
    for at, part in enumerate(parts):
        try:
            kernels = _kernels_on(part, calls(part))
        except UnsupportedFormatError:
            continue
        groups.setdefault(tuple(kernels.keys()), (kernels, []))[1].append(at)
    for kernels, members in groups.values():
        columns = hardware.select(np.array(members))
        boost = costs_at_boost(kernels, columns)
        costs = within_power(boost, columns)
        yield Predicted(at=np.array(members), kernels=kernels, hardware=columns, costs=costs, boost=boost.time)


def _kernels_on(part: Accelerator, ops: Sequence[Op]) -> KernelTables:
    execution = execution_on(part, Execution())
    return assign_units(KernelTables.from_kernels([k for op in ops for k in kernels_of(op, execution)]), part)


def fastest_dtype(part: Accelerator) -> str:
    """Dtype that a part multiplies fastest, of those that models compute in."""
    units = (part.peak.matrix, part.peak.vector)
    return max(_FORMATS.items(), key=lambda item: max(unit.get(item[0], 0.0) for unit in units))[1]


def product_rates(
    parts: Sequence[Accelerator],
    calibrations: CalibrationPool,
    shapes: Sequence[tuple[int, int, int]] = _LARGE,
    dtype: str | None = None,
    *,
    repeats: float = np.inf,
) -> FloatArray:
    """Best rate of dense products of some shapes (m, n, k) on each part, NaN without the format. [FLOP/s]

    In its fastest dtype, unless one is named; repeated for ever, or so often that the board does not reach its limit.
    """
    rates = np.full(len(parts), np.nan)
    flops = np.array([2.0 * m * n * k for m, n, k in shapes])

    def calls(part: Accelerator) -> list[Op]:
        return [product(*shape, dtype or fastest_dtype(part)) for shape in shapes]

    for found in predicted(parts, calls, calibrations, repeats=repeats):
        rates[found.at] = (flops[:, None] / found.costs.time).max(axis=0)
    return rates


def attention_rates(parts: Sequence[Accelerator], calibrations: CalibrationPool) -> FloatArray:
    """Best rate of the products of large fused attentions on each part, 0 where the framework picks none. [FLOP/s]"""
    rates = np.zeros(len(parts))
    flops = np.array([4.0 * batch * heads * length**2 * head for batch, heads, length, head in _ATTENTIONS])

    def calls(part: Accelerator) -> list[Op]:
        return [_attention(*shape, fastest_dtype(part)) for shape in _ATTENTIONS]

    for found in predicted(parts, calls, calibrations):
        if all(isinstance(table, AttentionTable) for table in found.kernels.tables):
            rates[found.at] = (flops[:, None] / found.costs.time).max(axis=0)
    return rates


def total_times(parts: Sequence[Accelerator], calibrations: CalibrationPool, dtype: str) -> FloatArray:
    """Time of small calls of every family one after another on each part, NaN without the format. [s]"""
    times = np.full(len(parts), np.nan)
    for found in predicted(parts, lambda _: small_calls(dtype), calibrations):
        times[found.at] = found.costs.time.sum(axis=0)
    return times


def datasheet_shares(found: Predicted) -> dict[str, FloatArray]:
    """Highest share of the rates of the datasheet that a kernel does in its time, by unit and level, a part each.

    Arithmetic on matrix and vector units, special functions, and bytes from the common cache and the DRAM; none of what
    no rate is published of. Least amounts of all: what an algorithm saves, and what caches keep, is not done.
    """
    shares = {name: np.zeros(len(found.at)) for name in _LEVELS}
    for table, rows in found.kernels:
        terms = roofline_terms(table, found.hardware) | {"dram": _dram_time(table, found.hardware)}
        for name in _LEVELS:
            share = (terms[name] / found.costs.time[rows]).max(axis=0, initial=0.0)
            shares[name] = np.maximum(shares[name], share)
    return shares


def _dram_time(table: FamilyTable, hardware: HardwareColumns) -> FloatArray:
    """Time of the traffic that energy is counted for, at the rate of the datasheet. [s]"""
    time: FloatArray = amounts(table, hardware.cache_capacity)["dram"] / hardware.dram_bandwidth
    return time


def power_shares(found: Predicted) -> FloatArray:
    """Highest power over the limit of the board that a kernel draws for ever repeated, a part each; 0 without a limit.

    Of kernels that go with the clock of the cores, which is the one that their time tells: :math:`T = t + c (1/f - 1)`
    beside the time at boost. Others give way to a limit at no cost, and nothing tells their clock.
    """
    draw, limit = found.costs.draw, found.hardware.power_limit
    slower = np.maximum(found.costs.time - found.boost, 0.0)
    clock = np.where(draw.clocked > 0.0, draw.clocked / np.maximum(slower + draw.clocked, 1e-30), 1.0)
    drawn = found.hardware.power_idle + power_at(clock, found.boost, draw)
    shares: FloatArray = np.nan_to_num(np.where(draw.clocked > 0.0, drawn / limit, 0.0).max(axis=0))
    return shares


def better_pairs(parts: Sequence[Accelerator]) -> list[tuple[int, int]]:
    """Positions of pairs of which the first is no older, and has no less of anything that is stated of the second.

    Of one kind of engine: figures of others say something else.
    """
    figures = [_figures(part) for part in parts]
    return [
        (better, worse)
        for better, worse in permutations(range(len(parts)), 2)
        if parts[better].traits.engine == parts[worse].traits.engine
        and (parts[better].year or 0) >= (parts[worse].year or 0)
        and _has_all(figures[better], figures[worse])
    ]


def _has_all(more: Mapping[str, float], less: Mapping[str, float]) -> bool:
    return less.keys() <= more.keys() and all(more[name] >= value for name, value in less.items())


def _figures(part: Accelerator) -> dict[str, float]:
    """Rates of every unit and format, cores, clock, power, and bandwidth and capacity of every level."""
    found: dict[str, float] = {
        f"{unit}.{name}": rate
        for unit in ("matrix", "vector", "special")
        for name, rate in getattr(part.peak, unit).items()
    }
    found |= {"cores": float(part.cores.count or 0), "clock": part.cores.clock or 0.0}
    for level in ("shared", "l2", "llc", "dram"):
        stated = getattr(part.memory, level)
        for figure in ("capacity", "bandwidth", "measured_bandwidth"):
            value = None if stated is None else getattr(stated, figure)
            found |= {} if value is None else {f"{level}.{figure}": value}
    board = None if part.power is None else part.power.board
    return found if board is None else found | {"power": board}


def small_calls(dtype: str) -> list[Op]:
    """A call of each family, as small as in a U-Net at the lowest resolution that its images have."""
    tokens, image = TensorSpec((2, 1024, 1280), dtype), TensorSpec((2, 320, 64, 64), dtype)
    width, channels = TensorSpec((1280,), dtype), TensorSpec((320,), dtype)
    scores, filters = TensorSpec((32, 1024, 1024), dtype), TensorSpec((320, 320, 3, 3), dtype)
    return [
        *(product(rows, 1280, 5120, dtype) for rows in (77, 2048)),
        _attention(2, 20, 1024, 64, dtype),
        Op("aten::add", (tokens, tokens), (tokens,)),
        Op("aten::gelu", (tokens,), (tokens,)),
        Op("aten::native_layer_norm", (tokens, width, width), (tokens,)),
        Op("aten::native_group_norm", (image, channels, channels), (image,)),
        Op("aten::_softmax", (scores,), (scores,)),
        Op("aten::convolution", (image, filters), (image,), (("padding", (1, 1)), ("stride", (1, 1)))),
    ]


def product(m: int, n: int, k: int, dtype: str) -> Op:
    """A dense product."""
    operands = (TensorSpec((m, k), dtype), TensorSpec((k, n), dtype))
    return Op("aten::mm", operands, (TensorSpec((m, n), dtype),))


def _attention(batch: int, heads: int, length: int, head: int, dtype: str) -> Op:
    tensor = TensorSpec((batch, heads, length, head), dtype)
    return Op("aten::scaled_dot_product_attention", (tensor,) * 3, (tensor,))
