"""The recipes for a workload and a trace format: one file each, followed to the letter in a copy of the packages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_PACKAGES = ("hw_specs", "tracer", "simulator", "validation")


def _recipe(first: str) -> str:
    """The indented file of CONTRIBUTING.md that begins with a line."""
    text = (_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^    {re.escape(first)}\n(?:(?:    .*)?\n)+", text, flags=re.MULTILINE)
    return re.sub(r"^    ", "", str(block), flags=re.MULTILINE).strip() + "\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run a command of a copy that has both files, in a process of its own."""
    folder = tmp_path_factory.mktemp("copy")
    for package in _PACKAGES:
        shutil.copytree(_ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    workload = _recipe('"""Two linear layers, the smallest pipeline there is."""')
    reader = _recipe('"""Kernels as lines of text: ``kernel,start in ns,duration in ns``."""')
    (folder / "tracer" / "workloads" / "two_layers.py").write_text(workload, encoding="utf-8")
    (folder / "tracer" / "formats" / "kernel_lines.py").write_text(reader, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder), "ROOFCAST_CACHE": str(folder / "cache")}

    def run(package: str, *arguments: str) -> str:
        command = [sys.executable, "-m", package, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)  # noqa: S603
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.torch
def test_the_workload_is_listed_and_simulated(run: Callable[..., str]) -> None:
    pytest.importorskip("torch", reason="a workload outside the bundle is traced")
    assert "two-layers" in run("simulator", "--list")
    report = json.loads(run("simulator", "--hw", "a100", "--model", "two-layers", "--format", "json"))
    # Two products of 8 rows, 64 by 256 and back; weights and biases of both.
    assert report["flops"] == 2 * (2 * 8 * 64 * 256)
    assert report["components"] == {"layers": 64 * 256 + 256 + 256 * 64 + 64}
    assert report["unmodelled"] == []


def test_the_trace_format_is_read(run: Callable[..., str], tmp_path: Path) -> None:
    trace = tmp_path / "lines.txt"
    trace.write_text("kernel,start,duration\nrelu,1000,2000\ngemm,4000,6000\nno kernel\n", encoding="utf-8")
    compared = json.loads(run("validation", "trace", str(trace), "--hw", "a100", "--format", "json"))
    assert compared["measured_time"] == pytest.approx(8e-6)
    assert compared["coverage"] == 0
    assert "line that is no kernel" in json.dumps(compared)
