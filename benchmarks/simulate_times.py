"""CPU time of ``simulate``, in one process and in a new one, and of ``sensitivity``.

``python benchmarks/simulate_times.py [MODEL ...]``. Warm calls have the report, the interval and the energy. On the
same accelerator what the graph lowers to and what is known of the part are kept from the call before; on a new one (a
number of it changed) the latter is made anew.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from hw_specs import apply_overrides, load_accelerator
from simulator import sensitivity, simulate
from tracer.library.bundle import bundled_graph
from tracer.workloads import find_pipeline

_REPEATS = 7


def _seconds(call: Callable[[int], object]) -> float:
    """Median CPU time of a call, after two that count for nothing."""
    times = []
    for number in range(_REPEATS + 2):
        before = time.process_time()
        call(number)
        times.append(time.process_time() - before)
    return statistics.median(times[2:])


def main(models: list[str]) -> None:
    part = load_accelerator("h100")
    variants = [apply_overrides(part, [f"memory.dram.bandwidth={1 + 0.01 * n}x"]) for n in range(1, _REPEATS + 3)]
    for model in models:
        graph = bundled_graph(model, find_pipeline(model).defaults)
        if graph is None:
            continue
        same = _seconds(lambda _, graph=graph: simulate(graph, part))
        new = _seconds(lambda number, graph=graph: simulate(graph, variants[number]))
        fields = _seconds(lambda _, model=model: sensitivity(model, part))
        print(
            f"{model:20} same part {1e3 * same:5.0f} ms, a new part {1e3 * new:5.0f} ms, sensitivity {fields:.2f} s",
            flush=True,
        )
    cold = _of_processes(models[0], "--format", "json")
    print(f"{models[0]:20} new process {cold:.2f} s; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        paged = _of_processes(models[-1], "--report", f"{folder}/report.html")
    print(f"{models[-1]:20} new process with a page {paged:.2f} s")


def _of_processes(model: str, *options: str) -> float:
    """Mean CPU time of new processes that predict a model. [s]"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(_REPEATS):
        command = [sys.executable, "-m", "simulator", "--hw", "h100", "--model", model, *options]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / _REPEATS


if __name__ == "__main__":
    main(sys.argv[1:] or ["stable-diffusion", "flux-dev", "make-a-video"])
