"""Large inputs of every kind, at four sizes: ``python benchmarks/load.py [KIND ...] [--part 1] [--folder FOLDER]``.

Kinds are ``chrome`` (1 GB of a Chrome trace), ``kernels`` (5 million of a database of Nsight Systems), ``operators``
(100,000 distinct ones in a graph), ``rows`` (a table of 1,000,000 measured calls) and ``accelerators`` (10,000 swept).
Each runs at an eighth, a quarter, half and all of that (times ``--part``), in a process of its own. Printed are its
processor time and peak memory, and by which power of the size the time grows between the last two: 1 is linear.
Files are made here and deleted afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import math
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
import chrome_trace

_ROOT = Path(__file__).parents[1]
_READ = "import sys; from pathlib import Path; from tracer.formats import read_trace; read_trace(Path(sys.argv[1]))"
_SIMULATE = (
    "import sys; from pathlib import Path; from hw_specs import load_accelerator; from simulator import simulate;"
    "from tracer.storage.graph_file import load_graph;"
    "print(simulate(load_graph(Path(sys.argv[1])), load_accelerator('h100')).report.latency)"
)


class Load(NamedTuple):
    """A kind of large input: how many there are of what, how a file of some is made, and what reads it."""

    most: int
    unit: str
    make: Callable[[Path, int], None]
    command: Callable[[Path], list[str]]


def _python(script: str) -> Callable[[Path], list[str]]:
    return lambda path: [sys.executable, "-c", script, str(path)]


def chrome(path: Path, megabytes: int) -> None:
    """A Chrome trace as PyTorch writes it."""
    chrome_trace.write(path, megabytes * 1_000_000, chrome_trace.events())


def kernels(path: Path, number: int) -> None:
    """A database of Nsight Systems: kernels of a hundred names, each with its launch."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT);"
            "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INT, end INT, deviceId INT, streamId INT, "
            "correlationId INT, demangledName INT, globalPid INT, "
            "gridX INT, gridY INT, gridZ INT, blockX INT, blockY INT, blockZ INT);"
            "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INT, end INT, nameId INT, globalTid INT,"
            " correlationId INT);"
        )
        names = [(n, f"void gemm_kernel_{n}<float>(float *, int)") for n in range(100)]
        database.executemany("INSERT INTO StringIds VALUES (?, ?)", [*names, (100, "cudaLaunchKernel_v7000")])
        rows = ((9 * n + 5, 9 * n + 12, 0, 7, n, n % 100, 1 << 24, 64, 1, 1, 128, 1, 1) for n in range(1, number + 1))
        database.executemany(f"INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES ({','.join('?' * 13)})", rows)  # noqa: S608
        calls = ((9 * n, 9 * n + 3, 100, (1 << 24) + 1, n) for n in range(1, number + 1))
        database.executemany("INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (?, ?, ?, ?, ?)", calls)
        database.commit()


def operators(path: Path, number: int) -> None:
    """A graph of products and sums, no two of which are of one shape, each reading what the one before wrote."""
    import numpy as np

    from tracer.graph import Component, Op, OpGraph, Stage, StorageRole, TensorSpec, Workload
    from tracer.storage.graph_file import save_graph

    def tensor(*shape: int) -> TensorSpec:
        return TensorSpec(shape, "float16")

    weight, heights = number + 1, [64 + n // 2 for n in range(number + 1)]
    distinct = tuple(
        Op("aten::add" if n % 2 else "aten::mm", (tensor(h, 64), tensor(h if n % 2 else 64, 64)), (tensor(h, 64),))
        for n, h in enumerate(heights[:-1])
    )
    stage = Stage(
        name="stage",
        component="model",
        repeats=1,
        operators=np.arange(number),
        modules=np.arange(number) % 50,
        inputs=np.array([[n, n if n % 2 else weight] for n in range(number)]).ravel(),
        outputs=np.arange(1, number + 1),
    )
    graph = OpGraph(
        name="load",
        workload=Workload(dtype="float16"),
        operators=distinct,
        modules=tuple(f"net.{n}" for n in range(50)),
        stages=(stage,),
        components=(Component("model", 4096, 8192),),
        storage_bytes=np.array([*(128 * h for h in heights), 8192]),
        storage_roles=np.array(
            [int(StorageRole.INPUT), *[int(StorageRole.ACTIVATION)] * number, int(StorageRole.PARAMETER)]
        ),
    )
    save_graph(graph, path)


def rows(path: Path, number: int) -> None:
    """A table of measured calls: ten thousand shapes on two devices."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["device", "op", "input_shapes", "dtype", "attributes", "latency_s", "kernel", "source"])
        for n in range(number):
            m = 128 + n // 2 % 5000
            shapes = json.dumps([[m, 1024], [1024, 1024]])
            writer.writerow(
                ["a100" if n % 2 else "h100", "aten::mm", shapes, "float16", "{}", 1e-6 * (5 + m / 100), "g", "m"]
            )


def accelerators(path: Path, number: int) -> None:
    """A study of accelerators that differ in three numbers."""
    path.write_text(
        json.dumps(
            {
                "title": "load",
                "models": ["stable-diffusion"],
                "hw": "h100",
                "sampling": {"method": "latin-hypercube", "samples": number, "seed": 1},
                "fields": {
                    "memory.dram.bandwidth": {"low": "1x", "high": "4x", "scale": "log"},
                    "cores.count": {"low": 100, "high": 300},
                    "cores.clock": {"low": "0.8x", "high": "1.5x"},
                },
            }
        ),
        encoding="utf-8",
    )


def _swept(path: Path) -> list[str]:
    results = f"{path}.results"
    return [sys.executable, "-m", "simulator.whatif", "sweep", str(path), "-o", results, "--workers", "1"]


def _validated(path: Path) -> list[str]:
    return [sys.executable, "-m", "validation", "kernels", str(path), "--format", "json"]


LOADS = {
    "chrome": Load(1_000, "MB", chrome, _python(_READ)),
    "kernels": Load(5_000_000, "kernels", kernels, _python(_READ)),
    "operators": Load(100_000, "operators", operators, _python(_SIMULATE)),
    "rows": Load(1_000_000, "rows", rows, _validated),
    "accelerators": Load(10_000, "accelerators", accelerators, _swept),
}
_SUFFIX = {"chrome": ".json", "kernels": ".sqlite", "operators": ".npz", "rows": ".csv", "accelerators": ".yaml"}


def measured(command: list[str]) -> tuple[float, float]:
    """Processor time [s] and peak memory [MB] of a command in a process of its own."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=_ROOT)  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: status {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def sizes(load: Load, part: float) -> Iterator[int]:
    """An eighth, a quarter, half and all of a load."""
    return (max(int(load.most * part / share), 1) for share in (8, 4, 2, 1))


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python benchmarks/load.py", description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", choices=[*LOADS, []], default=[])
    parser.add_argument("--part", type=float, default=1.0, help="of every size, to try it")
    parser.add_argument("--folder", type=Path, help="where files are made (the temporary folder)")
    given = parser.parse_args(words)
    for kind in given.kinds or list(LOADS):
        load, points = LOADS[kind], []
        for size in sizes(load, given.part):
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                path = Path(folder) / f"{kind}{_SUFFIX[kind]}"
                load.make(path, size)
                seconds, memory = measured(load.command(path))
            points.append((size, seconds))
            print(f"{kind}: {size} {load.unit}: {seconds:.1f} s, peak {memory:.0f} MB", flush=True)
        (before, early), (after, late) = points[-2:]
        print(f"{kind}: time grows by the power {math.log(late / early) / math.log(after / before):.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
