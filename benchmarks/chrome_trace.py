"""Time and memory to read a Chrome trace of any size, made here.

``python benchmarks/chrome_trace.py [MB] [FOLDER] [small]``; ``small``: nothing but operator calls, launches and kernels
of 130 bytes each, the most events that a file can hold.

The trace has the shape of PyTorch's own: for each kernel two nested operator calls, a launch, an arrow, and Python
calls around them; times and numbers climb as in a run. It is written to the folder (a temporary one by default), then
read in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PROBE = """
import resource, sys, time
from pathlib import Path
from tracer.formats import read_trace
began = time.perf_counter()
trace = read_trace(Path(sys.argv[1]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(f"{len(trace.calls)} calls, {len(trace.kernels)} device events: {time.perf_counter() - began:.0f} s, "
      f"peak {peak / 1e6:.0f} MB")
"""
_DIMS = {"Input Dims": [[64, 4096], [4096, 4096]], "Input type": ["c10::Half", "c10::Half"]}


def events() -> Iterator[dict[str, object]]:
    """Events of a run that never ends."""
    number = 0
    while True:
        number += 1
        at = 1_700_000_000_000.0 + 60.0 * number
        host = {"pid": 4321, "tid": 4321}
        device = {"pid": 0, "tid": 7}
        for depth in range(6):
            where = {**host, "ts": at + 0.5 * depth, "dur": 50.0 - depth}
            arguments = {"Python parent id": depth, "Python id": 9 * number + depth}
            yield {"ph": "X", "cat": "python_function", "name": "torch/nn/modules/module.py(1751): call", **where,
                   "args": arguments}  # fmt: skip
        for depth, name in enumerate(("aten::linear", "aten::mm")):
            where = {**host, "ts": at + 5.0 + depth, "dur": 30.0 - 2 * depth}
            arguments = {"External id": 2 * number + depth, "Record function id": 0, "Ev Idx": 2 * number, **_DIMS}
            yield {"ph": "X", "cat": "cpu_op", "name": name, **where, "args": arguments}
        tied = {"External id": 2 * number + 1, "cbid": 211, "correlation": number}
        yield {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", **host, "ts": at + 12, "dur": 5.0,
               "args": tied}  # fmt: skip
        yield {"ph": "s", "id": number, **host, "ts": at + 12, "cat": "ac2g", "name": "ac2g"}
        shape = {"grid": [64, 1, 1], "block": [128, 1, 1], "shared memory": 49152, "warps per SM": 2.4}
        kernel = "sm90_xmma_gemm_f16f16_f16f32_f32_tn_n_tilesize64x64x64_warpgroupsize1x1x1_execute_segment_k_off"
        yield {"ph": "X", "cat": "kernel", "name": kernel, **device, "ts": at + 20, "dur": 12.5,
               "args": {**tied, "device": 0, "stream": 7, **shape}}  # fmt: skip
        yield {"ph": "f", "id": number, **device, "ts": at + 20, "cat": "ac2g", "name": "ac2g", "bp": "e"}


def small_events() -> Iterator[dict[str, object]]:
    """The same with as few bytes for an event as there can be."""
    number = 0
    while True:
        number += 1
        at = 1000 + 10 * number
        yield {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": at, "dur": 8,
               "args": {"External id": number}}  # fmt: skip
        yield {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": at + 2, "dur": 3,
               "args": {"correlation": number}}  # fmt: skip
        yield {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": at + 4, "dur": 5,
               "args": {"correlation": number, "External id": number, "device": 0, "stream": 7}}  # fmt: skip


def write(path: Path, size: int, made: Iterator[dict[str, object]]) -> None:
    """Write a trace of some bytes."""
    written = 0
    with path.open("w", encoding="utf-8") as stream:
        stream.write('{"schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "NVIDIA H100"}], "traceEvents": [\n')
        for event in made:
            line = json.dumps(event)
            stream.write(line + ",\n")
            written += len(line)
            if written > size:
                break
        stream.write(json.dumps({"ph": "M", "name": "end", "pid": 0}) + "]}")


def main(megabytes: int, folder: Path, *, small: bool = False) -> None:
    """Write, read, print."""
    path = folder / f"{'small' if small else 'generated'}_{megabytes}.pt.trace.json"
    if not path.is_file():
        write(path, megabytes * 1_000_000, small_events() if small else events())
    command = [sys.executable, "-c", _PROBE, str(path)]
    read = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # this interpreter
    print(f"{path.stat().st_size / 1e6:.0f} MB: {read.stdout}", end="")


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    if len(sys.argv) > 2:
        main(size, Path(sys.argv[2]), small="small" in sys.argv[3:])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(size, Path(temporary))
