"""A study from its file to its results: what is missing is computed, and nothing twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simulator.whatif.study.study import Study, load_study

from .folder import ResultFolder
from .pools import on_cluster, on_threads
from .results import Results, open_results

__all__ = ["Sweep", "SweepSummary", "run_study", "sweep"]

#: Told after each part how many designs are there, and how many there are in all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSummary:
    """What a sweep did.

    Attributes
    ----------
    designs : int
        In the results, each on every model.
    seconds : float
        That this call took. [s]
    designs_per_second : float
        That this call computed. [1/s]
    failures : int
        Rows of the results that have a reason in place of figures.
    """

    designs: int
    seconds: float
    designs_per_second: float
    failures: int

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Results of a study, and what it took to get them."""

    results: Results
    summary: SweepSummary


def sweep(
    study: Study | str | Path | Mapping[str, Any],
    output: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Figures of every design of a study, in a folder.

    Parameters
    ----------
    study : Study, path of a study file, or mapping
        A mapping has the content of a study file.
    output : path
        Folder of the results; what is there of the same study is kept and not computed again.
    workers : int, optional
        Threads; as many as there are cores by default.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers compute in place of threads.
    progress : callable, optional
        Told after each part how many designs are there, and how many there are in all.

    Raises
    ------
    StudyError
        With every complaint about the study.
    OutputError
        The folder cannot be written, or holds results of another study.
    """
    if not isinstance(study, Study):
        study = load_study(Path(study) if isinstance(study, str) else study)
    summary = run_study(study, Path(output), workers=workers, scheduler=scheduler, progress=progress)
    return Sweep(results=open_results(output), summary=summary)


def run_study(
    study: Study,
    output: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> SweepSummary:
    """Compute what a folder lacks of a study. Parameters and errors are those of :func:`sweep`."""
    folder, begun = ResultFolder(output, study), time.perf_counter()
    total, computed = len(study.designs), 0
    with folder.open():
        missing = list(folder.missing())
        there = total - sum(_size(study, number) for number in missing)
        parts = on_cluster(study, missing, scheduler) if scheduler else on_threads(study, missing, workers)
        for number, data, _ in parts:
            folder.write(number, data)
            computed += _size(study, number)
            if progress is not None:
                progress(there + computed, total)
        failures = folder.failures()
    seconds = time.perf_counter() - begun
    return SweepSummary(
        designs=total, seconds=seconds, designs_per_second=computed / max(seconds, 1e-9), failures=failures
    )


def _size(study: Study, number: int) -> int:
    start, stop = study.chunk(number)
    return stop - start
