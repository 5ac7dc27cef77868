"""``validate trace`` with parts and with another trace; a run on a processor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def _event(name: str, place: int, *, duration: int = 400, shapes: bool = True) -> dict[str, Any]:
    recorded = {"Input Dims": [[512, 512], [512, 512]], "Input type": ["float", "float"]} if shapes else {}
    return {
        "ph": "X", "cat": "cpu_op", "name": f"aten::{name}", "pid": 1, "tid": 1, "ts": 1000.0 * place,
        "dur": duration, "args": {"External id": place + 1, **recorded},
    }  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """File of a run on a processor: one encoder call, then steps of ``mm``, ``add``, ``mul``."""

    def build(name: str, *, duration: int = 400, shapes: bool = True) -> Path:
        names = ["sub", *("mm", "add", "mul") * 4]
        events = [_event(op, i, duration=duration if op == "mm" else 10, shapes=shapes) for i, op in enumerate(names)]
        path = tmp_path / name
        path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}), encoding="utf-8")
        return path

    return build


@pytest.mark.torch
def test_a_run_on_a_processor_is_measured_times(run: Callable[..., Any], write: Callable[..., Path]) -> None:
    pytest.importorskip("torch")
    plain = json.loads(run("trace", write("cpu.json"), "--hw", "xeon-8480plus", "--format", "json").out)
    assert plain["measured_time"] == pytest.approx(4 * 400e-6 + 9 * 10e-6)
    assert plain["coverage"] == 1.0
    done = run("trace", write("bare.json", shapes=False), "--hw", "xeon-8480plus")
    assert done.status == 2
    assert "record_shapes=True" in done.err


@pytest.mark.torch
def test_two_traces_and_two_parts_need_no_accelerator(run: Callable[..., Any], write: Callable[..., Path]) -> None:
    pytest.importorskip("torch")
    old, new = write("old.json"), write("new.json", duration=300)
    plain = json.loads(run("trace", new, "--against", old, "--format", "json").out)
    assert set(plain) == {"against"}
    assert plain["against"]["time"] - plain["against"]["time_before"] == pytest.approx(-400e-6)
    text = run("trace", new, "--part", "step 2", "--against", old, "--against-part", "step 2").out
    assert "device time 420.0 us before, 320.0 us after: -100.0 us (-23.8%)" in text
    assert "step " in run("trace", new, "--parts").out
    both = json.loads(run("trace", new, "--against", old, "--hw", "xeon-8480plus", "--format", "json").out)
    assert {"against", "measured_time"} <= set(both)
    done = run("trace", new, "--part", "decoder", "--hw", "xeon-8480plus")
    assert (done.status, "it has before steps, step (1 to 4)" in done.err) == (2, True)


@pytest.mark.torch
def test_operators_are_held_against_a_graph_without_an_accelerator(
    run: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    from tracer import save_graph, trace_module

    square = torch.empty(512, 512, device="meta")
    graph = tmp_path / "step.npz"
    save_graph(trace_module(lambda a: (a @ a + a) * a, square), graph)
    done = run("trace", write("cpu.json"), "--part", "step 2", "--graph", graph, "--format", "json")
    assert done.status == 0, done.err
    assert set(json.loads(done.out)) == {"graph"}
