"""Kill a sweep fifty times at random moments, and count every row: ``python benchmarks/kill_sweep.py [KILLS]``."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from simulator import sweep

CONTENT = {
    "title": "killed",
    "models": "stable-diffusion",
    "hw": "h100",
    "fidelity": "roofline",
    "fields": {
        "memory.dram.bandwidth": {"low": "0.5x", "high": "2x", "scale": "log"},
        "cores.count": {"low": 66, "high": 264},
        "attention": ["flash", "naive"],
    },
}


def main(kills: int) -> None:
    designs = 6_000 * kills
    content = {**CONTENT, "sampling": {"method": "latin-hypercube", "samples": designs, "seed": 1}}
    rng, done, kept = random.Random(7), 0, dict[str, int]()  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        path, output = Path(folder) / "study.yaml", Path(folder) / "results"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        while done < kills and _killed(path, output, rng):
            done += 1
            there = {part.name: part.stat().st_mtime_ns for part in output.glob("part-*.parquet")}
            assert {name: there.get(name) for name in kept} == kept, "a part was written twice, or lost"
            kept = there
            print(f"killed {done} times, {len(kept)} parts of {-(-designs // 512)} there", flush=True)
        finished = sweep(path, output)
        rows = finished.results.table(["design"]).column("design").to_pylist()
        assert rows == list(range(designs)), "a row is missing, or there twice"
    print(f"killed {done} times; {designs} rows, each once; {finished.summary.failures} failures")


def _killed(path: Path, output: Path, rng: random.Random) -> bool:
    """Run a sweep and kill it, now and then as it starts, else soon after it wrote a part; whether it still ran."""
    command = [sys.executable, "-m", "simulator.whatif", "sweep", str(path), "-o", str(output)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    before, begun, early = _parts(output), time.monotonic(), rng.random() < 0.1
    while process.poll() is None and _parts(output) == before and not (early and time.monotonic() > begun + 1.5):
        time.sleep(0.002)
    time.sleep(rng.uniform(0.0, 0.4))
    if process.poll() is not None:
        return False
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return True


def _parts(output: Path) -> int:
    return sum(1 for _ in output.glob("part-*.parquet"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
