"""Execution traces, as torch itself writes them and by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.formats import execution_trace
from tracer.graph import TensorSpec
from tracer.trace import TraceFormatError


def _node(identity: int, name: str, above: int, **sides: Any) -> dict[str, Any]:
    schema = sides.pop("schema", "")
    empty = {"values": [], "shapes": [], "types": [], "strides": []}
    return {
        "id": identity,
        "name": name,
        "ctrl_deps": above,
        "inputs": {**empty, **sides.get("inputs", {})},
        "outputs": {**empty, **sides.get("outputs", {})},
        "attrs": [{"name": "op_schema", "type": "string", "value": schema}, {"name": "tid", "value": 1}],
    }


_TENSOR = [4, 5, 0, 12, 4, "cpu"]


def _nodes() -> list[dict[str, Any]]:
    """Children come before their parents, as the observer writes nodes when they end."""
    return [
        _node(
            7,
            "aten::_softmax",
            6,
            schema="aten::_softmax(Tensor self, int dim, bool half_to_float) -> Tensor",
            inputs={
                "values": [_TENSOR, -1, False],
                "shapes": [[3, 4], [], []],
                "types": ["Tensor(float)", "Int", "Bool"],
                "strides": [[1, 3], [], []],
            },
            outputs={
                "values": [_TENSOR],
                "shapes": [[3, 4]],
                "types": ["Tensor(float)"],
                "strides": [[4, 1]],
            },
        ),
        _node(6, "aten::softmax", 3, inputs={"values": [_TENSOR], "shapes": [[3, 4]], "types": ["Tensor(float)"]}),
        _node(3, "## forward ##", 2),
        _node(2, "[pytorch|profiler|execution_trace|thread]", 1),
    ]


def _write(path: Path, nodes: list[Any], schema: str = "1.1.1-chakra.0.0.4") -> Path:
    path.write_text(json.dumps({"schema": schema, "pid": 1, "nodes": nodes}), encoding="utf-8")
    return path


def test_nodes_become_calls_in_order(tmp_path: Path) -> None:
    path = _write(tmp_path / "et.json", _nodes())
    assert execution_trace.recognises(path)
    trace = execution_trace.read(path)
    outer, inner = (trace.operators[i] for i in trace.calls.operator)
    assert (outer.name, inner.name) == ("aten::softmax", "aten::_softmax")
    assert trace.calls.parent.tolist() == [-1, 0]
    assert inner.inputs == (TensorSpec((3, 4), "float32", (1, 3)),)
    assert inner.outputs == (TensorSpec((3, 4), "float32"),)
    assert inner.attributes == (("dim", -1), ("half_to_float", False))
    assert trace.device_time == 0


def test_defaults_with_commas_do_not_shift_names() -> None:
    schema = (
        "aten::conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], "
        "SymInt[2] padding=[0, 0], *, int groups=1) -> Tensor"
    )
    assert execution_trace._names(schema) == ("input", "weight", "bias", "stride", "padding", "groups")


def test_nodes_of_older_versions_are_flat(tmp_path: Path) -> None:
    node = {
        "id": 2,
        "name": "aten::add",
        "parent": 1,
        "tid": 1,
        "inputs": [_TENSOR, _TENSOR, 1],
        "input_shapes": [[3], [3], []],
        "input_types": ["Tensor(float)", "Tensor(float)", "Int"],
        "outputs": [_TENSOR],
        "output_shapes": [[3]],
        "output_types": ["Tensor(float)"],
        "op_schema": "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
    }
    trace = execution_trace.read(_write(tmp_path / "et.json", [node], schema="1.0.1"))
    (op,) = trace.operators
    assert len(op.inputs) == 2
    assert op.outputs == (TensorSpec((3,), "float32"),)
    assert op.attribute("alpha") == 1


def test_nodes_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    broken = _node(9, "aten::add", 6)
    broken["inputs"] = {"values": 5, "shapes": None, "types": "x", "strides": 0}
    trace = execution_trace.read(_write(tmp_path / "et.json", [*_nodes(), broken, {"name": "aten::mm"}, 4]))
    assert trace.skipped == {"node whose arguments cannot be read": 1, "node without a number": 2}
    assert len(trace.calls) == 2


def test_a_trace_of_no_operators_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match="no operator among the nodes"):
        execution_trace.read(_write(tmp_path / "et.json", _nodes()[2:]))
    whole = _write(tmp_path / "et.json", _nodes()).read_bytes()
    (tmp_path / "cut.json").write_bytes(whole[:300])
    with pytest.raises(TraceFormatError, match="cut off"):
        execution_trace.read(tmp_path / "cut.json")


_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.integers(-2, 5), max_size=3)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    position=st.integers(0, 3),
    name=st.sampled_from(["id", "name", "ctrl_deps", "inputs", "outputs", "attrs"]),
    value=_VALUES | st.dictionaries(st.sampled_from(["values", "shapes", "types", "strides"]), st.lists(_VALUES)),
)
def test_any_damage_to_a_node_is_refused_or_counted(tmp_path: Path, position: int, name: str, value: object) -> None:
    nodes = _nodes()
    nodes[position][name] = value
    try:
        trace = execution_trace.read(_write(tmp_path / "et.json", nodes))
    except TraceFormatError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        assert len(trace.calls) <= 3


@pytest.mark.torch
def test_what_torch_writes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "et.json"
    observer = torch.profiler.ExecutionTraceObserver()
    observer.register_callback(str(path))
    data, weight = torch.randn(2, 3, 8, 8), torch.randn(4, 3, 3, 3)
    observer.start()
    with torch.no_grad():
        y = torch.nn.functional.conv2d(data, weight, padding=1)
        torch.cat([y, y], 1)
    observer.stop()
    observer.unregister_callback()
    capfd.readouterr()  # The observer announces itself on standard error.
    assert execution_trace.recognises(path)
    trace = execution_trace.read(path)
    by_name = {op.name: op for op in trace.operators}
    assert by_name["aten::conv2d"].attribute("padding") == (1, 1)
    assert by_name["aten::conv2d"].outputs == (TensorSpec((2, 4, 8, 8), "float32"),)
    assert by_name["aten::cat"].inputs == (TensorSpec((2, 4, 8, 8), "float32"),) * 2
    assert trace.skipped == {}
