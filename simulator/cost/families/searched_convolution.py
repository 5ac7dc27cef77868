"""Convolutions of a library that has tried its solvers on each shape, and launches the fastest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.cost.hardware import HardwareColumns
from simulator.cost.solvers import SOLVERS, SearchedConvolutionParameters, solver_costs
from simulator.kernels import SearchedConvolutionTable
from simulator.recording import UnrecordableError, is_recorded

from .family import Family, FamilyCost, Formula, ParameterGroup, bound_of, every

__all__ = ["SEARCHED_CONVOLUTIONS", "searched_convolution_cost"]

FloatArray = NDArray[np.float64]

#: Share of the multiplications that Winograd's algorithm does: 16 of 36.
_WINOGRAD_DONE = 16.0 / 36.0


def searched_convolution_cost(
    table: SearchedConvolutionTable, hardware: HardwareColumns, parameters: SearchedConvolutionParameters
) -> FamilyCost:
    """The solver that was the fastest when the library tried them, and its time in a run.

    Each trial is timed alone and from the host, which calls another library for products: that counts in the choice,
    and in times that were measured so.

    Raises
    ------
    UnrecordableError
        Numbers of the accelerators are not known yet.
    """
    if is_recorded(hardware.cores, hardware.clock, hardware.dram_achievable_read, *hardware.matrix.values()):
        raise UnrecordableError("solvers of convolutions are compared by their numbers")
    costs = solver_costs(table, hardware, parameters)
    tried = np.stack([cost.time + cost.host for cost in costs])
    chosen = tried.argmin(axis=0)

    def of_chosen(name: str) -> FloatArray:
        values = np.stack([np.broadcast_to(getattr(cost, name), chosen.shape) for cost in costs])
        picked: FloatArray = np.take_along_axis(values, chosen[None], axis=0)[0]
        return picked

    time = of_chosen("time") + np.where(table.timed[:, None], of_chosen("host"), 0.0)
    clocked, dram = of_chosen("clocked"), of_chosen("dram")
    fast = np.array([name.startswith("Winograd") for name in SOLVERS])[chosen]
    return FamilyCost(
        time=time,
        bound=bound_of({"matrix": clocked, "dram": dram}),
        terms={
            "solver": chosen.astype(np.float64),
            **{
                f"time of {name}": np.where(np.isinf(cost), 0.0, cost)
                for name, cost in zip(SOLVERS, tried, strict=True)
            },
            "cores": clocked,
            "DRAM": dram,
        },
        clocked=clocked,
        done=np.where(fast, _WINOGRAD_DONE, 1.0),
    )


_FORMULAS = {
    "solver": Formula("fastest of " + ", ".join(SOLVERS), "", tuple(SOLVERS)),
    **{f"time of {name}": Formula("candidate as it is tried; 0 where it does not take the call") for name in SOLVERS},
    "cores": Formula("blocks of the busiest core * (start + steps * (gathering + multiplying))"),
    "DRAM": Formula("bytes not in the cache / (share * DRAM rate)"),
}

SEARCHED_CONVOLUTIONS = Family(
    table=SearchedConvolutionTable,
    groups=(
        ParameterGroup(
            name="searched_convolution",
            parameters=SearchedConvolutionParameters,
            holds=every,
            cost=searched_convolution_cost,
        ),
    ),
    formulas=_FORMULAS,
)
