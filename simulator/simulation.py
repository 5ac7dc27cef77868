"""From an operator graph and an accelerator to a report: the whole path as one function."""

from __future__ import annotations

from dataclasses import dataclass

from hw_specs import Accelerator
from simulator.cost import HardwareColumns, KernelCosts, kernel_times
from simulator.cost.model import Fidelity
from simulator.execution import Execution
from simulator.host import host_of
from simulator.kernels import KernelTable
from simulator.lowering import Launches, assign_units, lower
from simulator.report import Report, make_report
from simulator.timeline import Timeline, schedule
from tracer.graph import OpGraph

__all__ = ["Simulation", "simulate"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Simulation:
    """Everything that one simulation computed, for those who want more than the report.

    ``table`` is the lowered table with contractions on the units that the accelerator has.
    """

    launches: Launches
    table: KernelTable
    hardware: HardwareColumns
    costs: KernelCosts
    timeline: Timeline
    report: Report


def simulate(
    graph: OpGraph,
    accelerator: Accelerator,
    execution: Execution | None = None,
    *,
    fidelity: Fidelity = "calibrated",
) -> Simulation:
    """Predict one run of a workload on one accelerator.

    Parameters
    ----------
    graph : OpGraph
    accelerator : Accelerator
    execution : Execution, optional
        Eager with fused attention by default.
    fidelity : {"calibrated", "roofline"}
        ``roofline`` is a lower bound from the datasheet: no overhead of kernels, of launches or of the host.

    Raises
    ------
    UnsupportedFormatError
        The accelerator has no units for a number format that the workload needs.
    """
    execution = execution or Execution()
    launches = lower(graph, execution)
    table = assign_units(launches.table, accelerator)
    hardware = HardwareColumns.from_accelerators([accelerator])
    costs = kernel_times(table, hardware, fidelity=fidelity)
    host = None if fidelity == "roofline" else host_of(execution, accelerator)
    timeline = schedule(launches, costs.time[:, 0], host)
    report = make_report(timeline, costs, accelerator, fidelity=fidelity)
    return Simulation(launches=launches, table=table, hardware=hardware, costs=costs, timeline=timeline, report=report)
