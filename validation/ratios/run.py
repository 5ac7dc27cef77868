"""Published runs as points that can be set against one another: what each shares with others, and what may differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from simulator.quantization import UNQUANTIZED
from tracer.graph import GraphError, Workload
from tracer.workloads import UnknownWorkloadError, find_pipeline
from tracer.workloads.catalogue import resolve
from validation.published.case import Case
from validation.published.names import Names

__all__ = ["Run", "runs_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a source, which may have published it more than once.

    Attributes
    ----------
    case : Case
        The first that was published.
    measured : float
        Median of what was published. [s]
    table : str
        Table that it is part of.
    workload : Workload
        All settings, those of the pipeline included that the source leaves open.
    """

    case: Case
    measured: float
    table: str
    workload: Workload

    @property
    def values(self) -> tuple[str, ...]:
        """What it is in each of :data:`~simulator.uncertainty.ratios.CHANGES`."""
        execution, workload = self.case.execution, self.workload
        tf32 = workload.dtype == "float32" and bool(execution.get("matmul_tf32"))
        return (
            self.case.device,
            str(execution.get("attention", "")),
            str(execution.get("mode", "")),
            f"batch {workload.batch}",
            f"{workload.height} x {workload.width}",
            "tf32" if tf32 else workload.dtype,
            str(execution.get("parallel", "")) or "1 device",
            str(execution.get("quantize", UNQUANTIZED)).partition(":")[0],
        )

    @property
    def shared(self) -> tuple[object, ...]:
        """What two runs must have in common to differ in one thing alone, the release of the framework excepted.

        Whether images are decoded one by one is not among it: it follows from the batch by the source's own rule.
        """
        case = self.case
        rest = replace(self.workload, batch=1, height=None, width=None, dtype="float32")
        layout = bool(case.execution.get("channels_last"))
        return (self.table, case.model, case.quantity, case.stage, rest, layout, case.options)

    @property
    def subject(self) -> str:
        """What was timed."""
        return f"{self.case.model} {self.case.stage or 'whole'}"


def runs_of(cases: Iterable[Case], names: Names) -> tuple[list[Run], Counter[str]]:
    """Runs of cases, with those that one source published more than once as one, and how many are none, by reason."""
    published: dict[tuple[object, ...], list[Run]] = {}
    left_out: Counter[str] = Counter()
    for case in cases:
        try:
            workload = resolve(find_pipeline(case.model), case.settings)
        except (GraphError, UnknownWorkloadError) as error:
            left_out[f"cannot be predicted: {str(error).splitlines()[0]}"] += 1
            continue
        run = Run(case=case, measured=case.value, table=names.table(case.source), workload=workload)
        published.setdefault((run.shared, run.values, case.software), []).append(run)
    repeated = sum(len(runs) - 1 for runs in published.values())
    if repeated:
        left_out["the same run of the same source again: their median counts as one"] = repeated
    return [replace(runs[0], measured=median(r.measured for r in runs)) for runs in published.values()], left_out
