"""Chakra traces as protocol buffers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracer.formats import chakra, recognise
from tracer.graph import TensorSpec
from tracer.trace import TraceFormatError

from .wire import delimited, message

_VERSION = message((1, "0.0.4"))


def _attribute(name: str, field: int, value: int | str) -> tuple[int, bytes]:
    return 10, message((1, name), (field, value))


def _call(identity: int, name: str, start: int, duration: int, *more: tuple[int, bytes]) -> bytes:
    return message((1, identity), (2, name), (3, 4), (6, start), (7, duration), *more, _attribute("is_cpu_op", 27, 1))


def _kernel(identity: int, name: str, start: int, duration: int, around: int, kind: int = 4) -> bytes:
    dependency = (5, bytes([around]))  # Packed, as proto3 writes repeated numbers.
    times = ((6, start), (7, duration)) if start else ((7, duration),)
    return message((1, identity), (2, name), (3, kind), dependency, *times, _attribute("is_cpu_op", 27, 0))


_INPUTS = message(
    (1, "['<tensor>', '<tensor>']"), (2, "[[4, 8], [8, 2]]"), (3, "['Tensor(c10::Half)', 'Tensor(c10::Half)']")
)


def test_operators_and_kernels(tmp_path: Path) -> None:
    path = tmp_path / "rank0.et"
    path.write_bytes(
        delimited(
            _VERSION,
            _call(2, "aten::linear", 100, 50),
            _call(3, "aten::mm", 110, 30, (8, _INPUTS)),
            _kernel(4, "sm90_gemm", 130, 25, 3),
            _kernel(5, "ncclDevKernel_AllReduce", 160, 40, 9, kind=7),
        )
    )
    assert recognise(path) == "chakra"
    trace = chakra.read(path)
    gemm, reduce = trace.kernel_events()
    assert gemm.operator is not None
    assert gemm.operator.inputs == (TensorSpec((4, 8), "float16"), TensorSpec((8, 2), "float16"))
    assert gemm.duration == pytest.approx(25e-6)
    assert (reduce.name, reduce.operator) == ("ncclDevKernel_AllReduce", None)
    assert trace.calls.parent.tolist() == [-1, 0]
    assert trace.facts.settings == (("schema", "0.0.4"),)
    assert trace.has_timeline


def test_nodes_that_were_made_up_have_no_timeline(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.et"
    path.write_bytes(delimited(_VERSION, _kernel(1, "compute", 0, 25, 0), _kernel(2, "compute", 0, 30, 1)))
    trace = chakra.read(path)
    assert trace.device_time == pytest.approx(55e-6)
    assert not trace.has_timeline


def test_damage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.et"
    whole = delimited(_VERSION, _kernel(1, "compute", 5, 25, 0))
    path.write_bytes(whole[:-3])
    assert chakra.recognises(path)
    with pytest.raises(TraceFormatError, match="cut off"):
        chakra.read(path)
    for other in (b"", b"\x00", b"{}", b"\x07\x0a\x05", b"plain text of any kind"):
        path.write_bytes(other)
        assert not chakra.recognises(path)


def test_long_or_deep_lists_are_left(tmp_path: Path) -> None:
    path = tmp_path / "t.et"
    inputs = message((2, "[" * 30_000), (3, "['Tensor(float)'" + ",1" * 40_000 + "]"))
    path.write_bytes(delimited(_VERSION, _call(2, "aten::mm", 1, 5, (8, inputs)), _kernel(3, "k", 3, 5, 2)))
    assert chakra.read(path).operators[0].inputs == ()
