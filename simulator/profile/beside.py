"""A run beside the same one run otherwise: with attention the other way round, and on one device alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulator.execution import Execution, ExecutionError
from simulator.parallel.scheme import ONE_DEVICE
from simulator.report import Report
from simulator.simulation import Simulation
from tracer.lengths import attention_calls

__all__ = ["Rerun", "other_attention", "with_one_device"]

#: Predicts the run with another execution.
Rerun = Callable[[Execution], Simulation]


def other_attention(simulation: Simulation, execution: Execution, rerun: Rerun) -> dict[str, Report]:
    """Report of the same run with fused attention where it writes scores out, else the other way round, by its name.

    Parameters
    ----------
    simulation : Simulation
    execution : Execution
        Of it, as it was asked for.
    rerun : callable
    """
    if not any(True for _ in attention_calls(simulation.launches.graph)):
        return {}
    other = "flash" if execution.attention == "naive" else "naive"
    try:
        return {other: rerun(replace(execution, attention=other)).report}
    except ExecutionError:  # a split of the sequence that only fused attention knows
        return {}


def with_one_device(simulation: Simulation, execution: Execution, rerun: Rerun) -> Report:
    """Report of a run; on several devices with what one alone would take. Parameters as :func:`other_attention`."""
    report = simulation.report
    if report.sharing is None:
        return report
    alone = rerun(replace(execution, parallel=ONE_DEVICE)).report.latency
    return replace(report, sharing=report.sharing.over(alone))
