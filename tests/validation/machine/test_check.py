"""A machine against its own specification."""

from __future__ import annotations

import numpy as np
import pytest

from hw_specs import Accelerator, Calibration, CalibrationPool, Evidence, FittedCalibration, load_accelerator
from simulator.lowering import execution_on
from simulator.projection.operator_times import operator_times
from tracer.event_columns import CallColumns, HostColumns, KernelColumns
from tracer.graph import Op, TensorSpec
from tracer.trace import KernelKind, RunFacts, Trace
from validation.machine.check import check_probe

_SQUARE = TensorSpec((512, 512), "float32")
_OPS = (
    Op("aten::mm", (_SQUARE, _SQUARE), (_SQUARE,)),
    Op("aten::add", (_SQUARE, _SQUARE), (_SQUARE,)),
    Op("aten::view", (_SQUARE,), (_SQUARE,)),
)


@pytest.fixture(scope="module")
def accelerator() -> Accelerator:
    return load_accelerator("xeon_8480plus")


@pytest.fixture(scope="module")
def calibration(accelerator: Accelerator) -> FittedCalibration:
    entry = Calibration(
        name="here",
        accelerators=(accelerator.name,),
        groups={"host": (accelerator.name,)},
        parameters={"host.view": 1e-6, "host.module": 3e-6},
        sources=("test",),
    )
    return FittedCalibration(entry, Evidence(name="here"))


def _trace(durations: tuple[float, float], *, elapsed: float | None = 1.0) -> Trace:
    """A product and a sum in two modules, and a view between them."""
    count = len(_OPS)
    settings = () if elapsed is None else (("elapsed.unet", elapsed), ("runs.unet", 2))
    ones, zeros = np.ones(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    return Trace(
        name="run",
        facts=RunFacts(settings=settings),
        operators=_OPS,
        modules=("a", "b"),
        stages=("unet",),
        kernel_names=("aten::mm", "aten::add"),
        host_names=(),
        calls=CallColumns(
            operator=np.array([0, 2, 1]),
            module=np.array([0, 0, 1]),
            stage=zeros,
            parent=-ones,
            thread=zeros,
            start=np.arange(count) * 1.0,
            duration=np.array([durations[0], 1e-6, durations[1]]),
            repeats=ones,
        ),
        kernels=KernelColumns(
            name=np.array([0, 1]),
            kind=np.full(2, int(KernelKind.HOST)),
            call=np.array([0, 2]),
            launch=-ones[:2],
            correlation=-ones[:2],
            device=zeros[:2],
            stream=zeros[:2],
            start=np.array([0.0, 2.0]),
            duration=np.array(durations),
            repeats=ones[:2],
            grid=-ones[:2],
        ),
        host=HostColumns(
            **dict.fromkeys(("name", "call", "thread", "correlation"), zeros[:0]),
            **{name: np.zeros(0) for name in ("start", "duration")},
        ),
    )


def _predicted(accelerator: Accelerator) -> tuple[float, float]:
    product, addition = operator_times(
        _OPS[:2], accelerator, execution_on(accelerator), calibrations=CalibrationPool.shipped()
    ).time.tolist()
    return product, addition


def test_a_run_as_long_as_predicted_has_no_error(accelerator: Accelerator, calibration: FittedCalibration) -> None:
    product, addition = _predicted(accelerator)
    check = check_probe(_trace((product, addition)), accelerator, calibration)
    assert check.error == pytest.approx(0.0, abs=1e-9)
    assert check.time_weighted_error == pytest.approx(0.0, abs=1e-9)
    assert check.covered == pytest.approx(check.measured)
    assert list(check.by_operator) == ["aten::mm", "aten::add"]
    assert check.by_operator["aten::mm"].calls == 1
    assert check.interval.low < check.predicted < check.interval.high


def test_errors_that_cancel_count_in_the_time_weighted_one(
    accelerator: Accelerator, calibration: FittedCalibration
) -> None:
    product, addition = _predicted(accelerator)
    check = check_probe(_trace((product + addition / 2, addition / 2)), accelerator, calibration)
    assert check.error == pytest.approx(0.0, abs=1e-9)
    assert check.time_weighted_error == pytest.approx(addition / (product + addition))


def test_views_and_modules_are_in_the_elapsed_time(accelerator: Accelerator, calibration: FittedCalibration) -> None:
    check = check_probe(_trace(_predicted(accelerator)), accelerator, calibration)
    # One view, and two modules entered.
    assert check.predicted_elapsed - check.predicted == pytest.approx(1e-6 + 2 * 3e-6)
    assert check.elapsed == 2.0


def test_a_trace_that_does_not_tell_has_no_elapsed_time(
    accelerator: Accelerator, calibration: FittedCalibration
) -> None:
    check = check_probe(_trace((1.0, 1.0), elapsed=None), accelerator, calibration)
    assert np.isnan(check.elapsed)
