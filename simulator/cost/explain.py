"""How the time of one kernel came about, term by term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simulator.kernels import KernelTables

from .convolution import ALGORITHMS
from .families import GROUPS, PARAMETERS, group_cost, groups_of
from .hardware import BASES, HardwareColumns
from .model import kernel_times
from .roofline import BOUNDS, roofline_terms

__all__ = ["ExplainError", "Term", "explain"]


class ExplainError(ValueError):
    """More or less than one kernel or accelerator to explain."""


class Term(NamedTuple):
    """One line of an explanation.

    Attributes
    ----------
    name : str
    value : float | str
    unit : str
        ``s`` for times, ``1`` for counts and shares, empty for text.
    formula : str
        How it was computed, or what it is.
    """

    name: str
    value: float | str
    unit: str
    formula: str


_FORMULAS: Mapping[str, str] = {
    "bytes of one access": "widest that divides the rows of all matrices, at most 16",
    "tile rows": "chosen among the library's tiles by its rule, else by predicted time",
    "tile columns": "chosen among the library's tiles by predicted time",
    "splits of the reduced length": "blocks that share one output tile",
    "thread blocks": "batch * ceil(m / tile rows) * ceil(n / tile columns) * splits",
    "waves": "ceil(ceil(blocks / cores) / resident blocks)",
    "arithmetic": "busiest core: blocks * the larger of multiplying and moving a tile, under the power limit",
    "exposed prologues and epilogues": "waves * fill + blocks * bytes of a tile / (store * DRAM rate)",
    "L2 traffic": "blocks * operand tiles / (share * L2 bandwidth)",
    "DRAM traffic": "(bytes not in the cache, re-reads included) / (share * DRAM rate)",
    "splitting": "split latency + partial sums through L2",
    "floor": "shortest duration",
    "tile of queries": "tile tables of the algorithm by architecture and head dimension",
    "tile of keys": "tile tables of the algorithm by architecture and head dimension",
    "splits of the keys": "parts of the keys, where there are fewer blocks than cores",
    "products": "blocks * mean steps * 2 * tile * (passes * head dimension + values' dimension) / (rate * peak)",
    "exponentials": "blocks * mean steps * tile * exponential / special-function rate",
    "shared memory": "blocks * mean steps * bytes that warps read and write / (cores * bandwidth of shared memory)",
    "cores, with waves and fill": "the three above joined, times steps of the busiest core, masked steps, and fill",
    "algorithm": "fastest of " + ", ".join(ALGORITHMS),
    "transforms of unfused Winograd": "transformed image, filter, and output through DRAM",
    "bytes in flight": "bytes / (active cores * bandwidth of one core)",
    "index arithmetic": "elements * (element + axes * operands * offset) / (cores * clock), more in small grids",
    "transcendental functions": "44 instructions of a vector lane each, joined with the rest by an exponent of 6",
    "rows on the cores": "rows / cores * (row + passes * width / elements), or waves of waiting blocks",
    "not overlapped": "the smaller of the two above, for the first waves of blocks, which run in step",
    "gathering of few channels": "waves * taps * a step of 256 x 64 tiles, multiplied or gathered, padding included",
    "row latency": "ceil(rows / resident blocks of all cores) * latency of one block",
    "transfer": "bytes sent / (share * link bandwidth)",
    "pipeline": "pipeline * sent / (sent + chunk)",
    "steps and floor": "floor + steps of the algorithm * step latency",
}

_COUNTS = frozenset(
    {
        *("bytes of one access", "tile rows", "tile columns", "splits of the reduced length"),
        *("thread blocks", "waves"),
        *("tile of queries", "tile of keys", "splits of the keys", "algorithm"),
    }
)


def explain(kernel: KernelTables, hardware: HardwareColumns) -> tuple[Term, ...]:
    """Terms of the calibrated time of one kernel on one accelerator, in the order of the computation.

    The roofline's terms come first, then the mechanisms' terms, the result, what bounds it and on what ground it
    stands, and last the parameters that were used.

    Parameters
    ----------
    kernel : KernelTables
        A single row, see :meth:`KernelTables.select`.
    hardware : HardwareColumns
        A single accelerator.
    """
    if len(kernel) != 1 or len(hardware) != 1:
        raise ExplainError(f"expected one kernel on one accelerator, got {len(kernel)} on {len(hardware)}")
    (table,) = kernel.tables
    group = GROUPS[int(groups_of(table)[0])]
    costs = kernel_times(kernel, hardware, fidelity="calibrated")
    roofline = [
        Term(f"roofline: {name}", float(time[0, 0]), "s", "work / datasheet rate")
        for name, time in roofline_terms(table, hardware).items()
        if time[0, 0] > 0
    ]
    shown = group_cost(group, table, hardware).terms
    terms = [_term(name, float(values[0, 0])) for name, values in shown.items()]
    result = [
        Term("time", float(costs.time[0, 0]), "s", "the terms joined, and no less than the roofline"),
        Term("bound", BOUNDS[int(costs.bound[0, 0])], "", "largest term"),
        Term("basis", BASES[int(costs.basis[0, 0])], "", f"ground of the parameters of {group}"),
    ]
    return (*roofline, *terms, *result, *_parameters(group, hardware))


def _term(name: str, value: float) -> Term:
    if name == "algorithm":
        return Term(name, ALGORITHMS[int(value)], "", _FORMULAS[name])
    unit = "1" if name in _COUNTS else "s"
    return Term(name, value, unit, _FORMULAS.get(name, "candidate; the fastest is taken"))


def _parameters(group: str, hardware: HardwareColumns) -> tuple[Term, ...]:
    return tuple(
        Term(name, float(hardware.parameter(name)[0]), parameter.unit, parameter.meaning)
        for name, parameter in PARAMETERS.items()
        if parameter.group == group
    )
