"""The recipe for an operator of a known kind: one line in one file, and graphs and traces with it are predicted."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tracer.operators import kind_of

_ROOT = Path(__file__).parent.parent
_PACKAGES = ("hw_specs", "tracer", "simulator")

# A call of softshrink on 1024 x 1024 halves as a profiler records it, twice in a row, in all that asks what it is.
_SCRIPT = """
import json
import numpy as np
from hw_specs import CalibrationPool, load_accelerator
from simulator import Execution, simulate
from simulator.hosts.costs import KIND_COST
from simulator.lowering import category_of, lower
from simulator.work import work_of
from tracer.events.operator_arguments import RecordedArguments, operator_from
from tracer.graph import Component, OpGraph, Stage, Workload
from tracer.operators import kind_of

arguments = RecordedArguments(shapes=([1024, 1024], []), types=("c10::Half", "Scalar"), values=("", "0.5"))
op = operator_from("aten::softshrink", arguments)
work = work_of(op)
column = lambda *values: np.array(values, dtype=np.int64)
stage = Stage(name="all", component="model", repeats=1, operators=column(0, 0), modules=column(0, 0),
              inputs=column(0, 1), outputs=column(1, 2))
graph = OpGraph(name="two", workload=Workload(), operators=(op,), modules=("model.act",), stages=(stage,),
                components=(Component("model", 0, 0),), storage_bytes=column(2**21, 2**21, 2**21),
                storage_roles=column(2, 3, 3))
found = {
    "attributes": dict(op.attributes),
    "output": [list(op.outputs[0].shape), op.outputs[0].dtype],
    "work": [work.vector_flops, work.bytes_read, work.bytes_written],
    "category": category_of(op, "model.act"),
    "host": KIND_COST[kind_of("aten::softshrink_")],
}
for mode in ("eager", "compiled"):
    launches = lower(graph, Execution(mode=mode))
    read = launches.kernels.numbers(lambda table: table.bytes_read).tolist()
    pool = CalibrationPool.shipped()
    latency = simulate(graph, load_accelerator("a100"), Execution(mode=mode), calibrations=pool).report.latency
    found[mode] = [len(launches.stages[0].calls), launches.unmodelled, read, latency]
print(json.dumps(found))
"""


def _line_of_the_recipe() -> str:
    """The line that CONTRIBUTING.md shows."""
    (line,) = re.findall(r"^    (_elementwise\(\"softshrink\".*\),)$", _read("CONTRIBUTING.md"), re.MULTILINE)
    return str(line)


def _read(path: str) -> str:
    return (_ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of the packages with that one line says of the operator, in a process of its own."""
    folder = tmp_path_factory.mktemp("copy")
    for package in _PACKAGES:
        shutil.copytree(_ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    file = folder / "tracer" / "operators" / "elementwise.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("OPERATORS = (\n", f"OPERATORS = (\n    {_line_of_the_recipe()}\n"), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", _SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)  # noqa: S603
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_operator_of_the_recipe_is_none_that_is_declared_already() -> None:
    assert kind_of("aten::softshrink") is None


def test_arguments_and_output_are_inferred(predicted: dict[str, Any]) -> None:
    assert predicted["attributes"] == {"lambd": 0.5}
    assert predicted["output"] == [[1024, 1024], "float16"]


def test_work_category_and_host_cost_follow(predicted: dict[str, Any]) -> None:
    assert predicted["work"] == [2 * 2**20, 2**21, 2**21]
    assert predicted["category"] == "elementwise"
    assert predicted["host"] == "operator"


def test_eager_launches_both_calls_and_compiled_one_kernel(predicted: dict[str, Any]) -> None:
    launched, unmodelled, _, eager = predicted["eager"]
    assert (launched, unmodelled) == (2, {})
    launched, unmodelled, read, compiled = predicted["compiled"]
    assert (launched, unmodelled, read) == (1, {}, [2**21])
    assert 0 < compiled < eager
