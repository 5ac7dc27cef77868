"""Peaks and bandwidths from a clock with known times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

torch = pytest.importorskip("torch")

from validation.machine.probe.rates import bandwidth_sweep, level_bandwidth, measure_peaks  # noqa: E402

CPU = torch.device("cpu")
Call = Callable[[], object]


class _Constant:
    """Every call takes as long."""

    def __init__(self, time: float) -> None:
        self.time = time
        self.calls = 0

    def prepare(self, calls: Sequence[Call], *, keep: bool) -> Call:
        for call in calls[:1]:
            call()
        return lambda: len(calls)

    def elapsed(self, run: Call, *, flush: bool) -> float:
        return int(str(run())) * self.time


def _quiet(what: str) -> None:
    del what


def test_peaks_are_flops_of_a_product_over_its_time() -> None:
    peaks = measure_peaks(CPU, _Constant(1e-3), matrix_formats=frozenset({"bf16"}), say=_quiet, largest=256)
    assert peaks.vector["fp32"] == pytest.approx(2 * 256**3 / 1e-3)
    assert peaks.matrix["bf16"] == pytest.approx(2 * 256**3 / 1e-3)
    assert "bf16" not in peaks.vector
    assert peaks.special["fp32"] == pytest.approx(2**16 / 1e-3)


def test_a_format_that_torch_cannot_multiply_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(a: object, b: object) -> object:
        raise RuntimeError("not on this device\nmore")

    monkeypatch.setattr(torch, "_int_mm", refuse)
    peaks = measure_peaks(CPU, _Constant(1e-3), matrix_formats=frozenset(), say=_quiet, largest=256)
    assert peaks.refused == {"int8": "not on this device"}
    assert "int8" not in peaks.vector


class _Linear:
    """A copy takes a microsecond and a nanosecond for every 10 bytes."""

    def __init__(self) -> None:
        self.bytes = 0

    def prepare(self, calls: Sequence[Call], *, keep: bool) -> Call:
        target = calls[0]()
        assert isinstance(target, torch.Tensor)
        moved = 2 * target.numel() * 4
        return lambda: len(calls) * (1e-6 + moved * 1e-10)

    def elapsed(self, run: Call, *, flush: bool) -> float:
        return float(str(run()))


def test_bandwidth_counts_read_and_write_without_the_call() -> None:
    points = bandwidth_sweep(CPU, _Linear(), largest=2**20, say=_quiet)
    assert points
    assert all(bandwidth == pytest.approx(1e10, rel=0.05) for _, bandwidth in points)
    # 32 KiB take 3.3 us of which one is the call: too short to tell.
    assert min(size for size, _ in points) > 2**14


def test_a_level_is_what_the_nearer_one_does_not_hold() -> None:
    points = [(2**10, 100.0), (2**12, 50.0), (2**13, 40.0), (2**20, 10.0), (2**21, 9.0)]
    assert level_bandwidth(points, 0, 2**12) == 100.0
    assert level_bandwidth(points, 2**11, 2**16) == 50.0
    assert level_bandwidth(points, 2**16, None) == 10.0
    assert level_bandwidth(points, 2**14, 2**16) is None
