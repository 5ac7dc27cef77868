"""Sweeps from the file to the folder: resumed, and killed at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import simulator
from simulator.whatif.sweep.run import sweep

from .conftest import CONTENT

pytest.importorskip("pyarrow")


def test_a_sweep_says_what_it_did(study, tmp_path):
    told: list[tuple[int, int]] = []
    done = sweep(study, tmp_path, workers=1, progress=lambda *there: told.append(there))
    assert told == [(8, 20), (16, 20), (20, 20)]
    assert list(done.summary.to_dict()) == ["designs", "seconds", "designs_per_second", "failures"]
    assert (done.summary.designs, done.summary.failures) == (20, 0)
    assert done.summary.designs_per_second == pytest.approx(20 / done.summary.seconds)
    assert done.results.table().num_rows == 20


def test_what_is_there_is_not_computed_again(study, tmp_path):
    sweep(study, tmp_path, workers=1)
    (tmp_path / "part-00000001.parquet").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("part-*")}
    told: list[tuple[int, int]] = []
    again = sweep(study, tmp_path, workers=2, progress=lambda *there: told.append(there))
    assert told == [(20, 20)]
    assert again.summary.designs == 20
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("part-*")}
    assert len(after) == 3
    assert {name: after[name] for name in before} == before


def test_threads_compute_what_one_does(study, tmp_path):
    one, two = (sweep(study, tmp_path / str(n), workers=n).results.path for n in (1, 2))
    names = sorted(path.name for path in one.glob("part-*"))
    assert len(names) == 3
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def test_a_study_of_python_or_of_a_file(tmp_path):
    content = {**CONTENT, "sampling": {"method": "latin-hypercube", "samples": 4}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    of_file = simulator.sweep(path, tmp_path / "a", workers=1).results.table()
    assert of_file.equals(simulator.sweep(content, tmp_path / "b", workers=1).results.table())
    assert of_file.equals(simulator.sweep(str(path), tmp_path / "c", workers=1).results.table())


def _killed(path: Path, output: Path, after: float) -> bool:
    """Run a sweep and kill it some time after it wrote a part; whether it was still running."""
    command = [sys.executable, "-m", "simulator.whatif", "sweep", str(path), "-o", str(output), "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603
    before = len(list(output.glob("part-*")))
    while process.poll() is None and len(list(output.glob("part-*"))) == before:
        time.sleep(0.002)
    time.sleep(after)
    running = process.poll() is None
    if running:
        os.kill(process.pid, signal.SIGKILL)
    errors = process.communicate()[1]
    assert running or process.returncode == 0, errors
    return running


def test_a_sweep_that_is_killed_keeps_every_row_once(tmp_path):
    """Kills at random moments, in the middle of whatever; benchmarks/kill_sweep.py does it fifty times."""
    content = {
        **CONTENT,
        "fidelity": "roofline",
        "sampling": {"method": "latin-hypercube", "samples": 24_000},
        "chunk": 512,
    }
    path, output = tmp_path / "study.yaml", tmp_path / "results"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    rng, kills, end = random.Random(1), 0, time.monotonic() + 20  # noqa: S311
    while kills < 5 and time.monotonic() < end and _killed(path, output, rng.uniform(0.0, 0.2)):
        kills += 1
        kept = {part.name: part.stat().st_mtime_ns for part in output.glob("part-*.parquet")}
    assert kills
    assert kept
    done = sweep(path, output)
    after = {part.name: part.stat().st_mtime_ns for part in output.glob("part-*.parquet")}
    assert {name: after[name] for name in kept} == kept
    assert done.results.table(["design"]).column("design").to_pylist() == list(range(24_000))
    assert json.loads((output / "_manifest.json").read_text(encoding="utf-8"))["designs"] == 24_000
