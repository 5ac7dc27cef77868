"""Spaces of the XLA profiler."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tracer.formats import recognise, xplane
from tracer.trace import KernelKind, TraceFormatError

from .wire import message


def _event(name: int, offset: int, duration: int) -> tuple[int, bytes]:
    return 4, message((1, name), (2, offset), (3, duration), (4, message((1, 9), (3, 5))))


def _line(identity: int, name: str, start: int, *events: tuple[int, bytes]) -> tuple[int, bytes]:
    return 3, message((1, identity), (2, name), (3, start), *events, (9, 10**6))


def _named(field: int, number: int, name: str, shown: str = "") -> tuple[int, bytes]:
    more = ((4, shown),) if shown else ()
    return field, message((1, number), (2, message((1, number), (2, name), *more)))


def _tpu(number: int) -> bytes:
    """A loop of 90 us around two products and a copy, and the same again by module."""
    return message(
        (1, number + 2),
        (2, f"/device:TPU:{number}"),
        _line(1, "XLA Modules", 5000, _event(1, 0, 100_000_000)),
        _line(
            2,
            "XLA Ops",
            5000,
            _event(4, 0, 90_000_000),
            _event(2, 1_000_000, 30_000_000),
            _event(2, 40_000_000, 20_000_000),
            _event(3, 95_000_000, 2_500_400),
        ),
        _named(4, 1, "jit_step"),
        _named(4, 2, "%fusion.3 = bf16[8,128] fusion(...)", "fusion.3"),
        _named(4, 3, "copy-start.1"),
        _named(4, 4, "while.7"),
        _named(5, 9, "device_type_string"),
        (6, message((1, 9), (5, "TPU v4"))),
    )


def _space(*planes: bytes) -> bytes:
    return message(*((1, plane) for plane in planes), (4, "host-0"))


_HOST = message((2, "/host:CPU"), _line(7, "python", 100, _event(1, 0, 500)))


@pytest.mark.parametrize("packed", [False, True])
def test_operations_of_a_tpu(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("t.xplane.pb.gz" if packed else "t.xplane.pb")
    data = _space(_tpu(0), _HOST)
    path.write_bytes(gzip.compress(data) if packed else data)
    assert recognise(path) == "xplane"
    trace = xplane.read(path)
    events = list(trace.kernel_events())
    assert [(e.name, e.kind) for e in events] == [
        ("fusion.3", KernelKind.KERNEL),
        ("fusion.3", KernelKind.KERNEL),
        ("copy-start.1", KernelKind.MEMCPY),
    ]
    assert [round(e.duration * 1e9) for e in events] == [30_000, 20_000, 2_500]
    assert trace.kernels.start.tolist() == pytest.approx([0.0, 39e-6, 94e-6])
    assert (trace.name, trace.facts.device, trace.facts.num_devices) == ("t", "TPU v4", 1)
    assert trace.skipped == {"operation around others, which are read": 1, "plane /host:CPU": 1}


def test_streams_of_a_gpu(tmp_path: Path) -> None:
    plane = message(
        (2, "/device:GPU:1"),
        _line(13, "Stream #13(Compute)", 2000, _event(1, 0, 4_000_000)),
        _line(14, "Stream #14(MemcpyH2D)", 2000, _event(2, 1_000_000, 3_000_000)),
        _line(3, "XLA Ops", 2000, _event(1, 0, 4_000_000)),
        _named(4, 1, "gemm_fusion"),
        _named(4, 2, "MemcpyH2D"),
    )
    path = tmp_path / "t.xplane.pb"
    path.write_bytes(_space(plane))
    trace = xplane.read(path)
    assert [(e.name, e.stream, e.device) for e in trace.kernel_events()] == [
        ("gemm_fusion", 13, 1),
        ("MemcpyH2D", 14, 1),
    ]


def test_what_is_damaged_or_has_no_device(tmp_path: Path) -> None:
    path = tmp_path / "t.xplane.pb"
    path.write_bytes(_space(_HOST))
    with pytest.raises(TraceFormatError, match="no plane of a device"):
        xplane.read(path)
    whole = _space(_tpu(0))
    path.write_bytes(whole[: len(whole) // 2])
    assert xplane.recognises(path)
    with pytest.raises(TraceFormatError, match="cut off"):
        xplane.read(path)
    for other in (b"", b"\n", b"\n\xff\xff\xff", b"{}", b"\x08\x01"):
        path.write_bytes(other)
        assert not xplane.recognises(path)
