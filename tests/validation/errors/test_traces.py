"""Traces compared with predictions: totals by hand, remainders by reason."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw_specs import CalibrationPool, SpecError, load_accelerator
from simulator.projection.operator_times import operator_times
from tracer.event_columns import no_kernels
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.storage.trace_file import save_trace
from tracer.trace import RunFacts, Trace, TraceFormatError
from validation.errors.operator_groups import UNMODELLED
from validation.errors.traces import FITTED, compare, compare_trace

SHIPPED = CalibrationPool.shipped()

_H100 = load_accelerator("h100_sxm5_80gb")


def test_totals(measured_trace: Trace) -> None:
    found = compare(measured_trace, calibrations=SHIPPED)
    mm, add = operator_times(measured_trace.operators[:2], _H100, calibrations=SHIPPED).time
    assert found.accelerator == "H100-SXM5-80GB"
    assert found.measured_time == pytest.approx(29e-6)
    assert found.covered_time == pytest.approx(23e-6)
    assert found.coverage == pytest.approx(23 / 29)
    assert found.predicted_time == pytest.approx(2 * mm + add)
    assert found.total_error == pytest.approx((2 * mm + add) / 23e-6 - 1)
    difference = abs(2 * mm - 20e-6) + abs(add - 3e-6)
    assert found.time_weighted_error == pytest.approx(difference / 23e-6)
    assert found.mape == pytest.approx((abs(mm / 10e-6 - 1) + abs(add / 3e-6 - 1)) / 2)


def test_time_is_conserved(measured_trace: Trace) -> None:
    found = compare(measured_trace, calibrations=SHIPPED)
    apart = sum(row.time for row in found.remainders if not row.reason.startswith("left out"))
    assert found.covered_time + apart == pytest.approx(found.measured_time)
    by_category = sum(part.measured for part in found.by_category.values())
    on_link = next(row.time for row in found.remainders if row.reason == "copy between host and device")
    assert by_category + on_link == pytest.approx(found.measured_time)
    assert sum(part.measured for part in found.by_operator.values()) == pytest.approx(by_category)


def test_categories_come_from_operator_and_module(measured_trace: Trace) -> None:
    found = compare(measured_trace, calibrations=SHIPPED).by_category
    assert list(found) == ["linear", "normalization", UNMODELLED]
    assert found["linear"].calls == 2
    assert found[UNMODELLED].coverage == 0


def test_remainders_have_reasons(measured_trace: Trace) -> None:
    rows = {row.reason: (row.events, row.time) for row in compare(measured_trace, calibrations=SHIPPED).remainders}
    assert rows == {
        "other::thing: no formula": (1, pytest.approx(4e-6)),
        "copy between host and device": (1, pytest.approx(2e-6)),
        "left out by the reader: event given as begin and end": (1, pytest.approx(5e-7)),
    }


def test_what_was_left_out_is_a_share_of_all_that_there_was(measured_trace: Trace) -> None:
    """Ten times the measured time was left out: ten parts of eleven."""
    left_out = 10 * measured_trace.device_time
    trace = replace(measured_trace, skipped={"event without end": 3}, skipped_time={"event without end": left_out})
    (row,) = (r for r in compare(trace, calibrations=SHIPPED).remainders if r.events == 3)
    assert row.share == pytest.approx(10 / 11)


def test_idle_time_comes_from_the_timeline(measured_trace: Trace) -> None:
    found = compare(measured_trace, calibrations=SHIPPED)
    assert found.elapsed_time == pytest.approx(82e-6)
    assert found.idle_time == pytest.approx(82e-6 - 29e-6)
    # All launches lie before the first kernel ends.
    assert found.host_bound_time == 0
    unknown = replace(measured_trace, kernels=replace(measured_trace.kernels, start=np.full(5, np.nan)))
    assert compare(unknown, calibrations=SHIPPED).idle_time is None


def test_the_largest_difference_comes_first(measured_trace: Trace) -> None:
    found = compare(measured_trace, calibrations=SHIPPED)
    differences = [abs(row.predicted - row.measured) for row in found.operators]
    assert differences == sorted(differences, reverse=True)
    assert found.worst == found.operators[:10]


def test_the_plain_form_is_json(measured_trace: Trace) -> None:
    plain = json.loads(json.dumps(compare(measured_trace, calibrations=SHIPPED).to_dict()))
    wanted = {"measured_time", "predicted_time", "time_weighted_error", "mape", "coverage", "by_category", "worst"}
    assert wanted <= set(plain)
    assert plain["by_category"]["linear"]["measured"] == pytest.approx(20e-6)


def test_a_trace_that_is_the_prediction_has_no_error(measured_trace: Trace) -> None:
    calls = measured_trace.calls.operator[measured_trace.kernels.call]
    times = np.nan_to_num(operator_times(measured_trace.operators, _H100, calibrations=SHIPPED).time)[calls]
    found = compare(
        replace(measured_trace, kernels=replace(measured_trace.kernels, duration=times)), _H100, calibrations=SHIPPED
    )
    assert found.time_weighted_error == pytest.approx(0.0, abs=1e-12)
    assert found.within_10_percent == 1.0


def test_the_prediction_has_an_interval_and_operators_have_ranges(measured_trace: Trace) -> None:
    comparison = compare(measured_trace, calibrations=SHIPPED)
    assert comparison.interval is not None
    assert comparison.interval.low < comparison.predicted_time < comparison.interval.high
    inside = [row.low <= row.measured <= row.high for row in comparison.operators]
    assert comparison.within_range == sum(inside) / len(inside)
    bound = compare(measured_trace, fidelity="roofline", calibrations=SHIPPED)
    assert (bound.interval, bound.within_range) == (None, None)
    assert json.loads(json.dumps(bound.to_dict(), allow_nan=False))["operators"][0]["low"] is None


def test_what_cannot_be_compared_is_refused(measured_trace: Trace) -> None:
    with pytest.raises(TraceFormatError, match="has no device events"):
        compare(replace(measured_trace, kernels=no_kernels()), calibrations=SHIPPED)
    with pytest.raises(SpecError):
        compare(replace(measured_trace, facts=RunFacts(device="Imaginary 3000")), calibrations=SHIPPED)


def test_files_of_any_format(measured_trace: Trace, tmp_path: Path) -> None:
    save_trace(measured_trace, tmp_path / "run.trace")
    assert compare_trace(tmp_path / "run.trace", calibrations=SHIPPED) == compare(measured_trace, calibrations=SHIPPED)


_TRACES = {
    "flux1_dev_mi300x_8gpu_ulysses_compiled.csv.gz": 0.99,
    "timesformer_h100_eager.csv.gz": 0.97,
    "qwen1.5_0.5b_h100_eager.csv.gz": 0.99,
    "vit_h100_eager.csv.gz": 0.99,
    "kineto/h100_gaunernst_bert-small-uncased__1016001.json.gz": 0.99,
    "kineto/h100_Qwen_Qwen1.5-0.5B-Chat__1016005.json.gz": 0.99,
    "kineto/h100_Falconsai_nsfw_image_detection__1016002.json.gz": 0.99,
    "kineto/b200_eager_trace.json.gz": 0.15,
}


@pytest.mark.measured
@pytest.mark.parametrize("name", _TRACES)
def test_nearly_all_time_of_real_runs_is_covered(name: str) -> None:
    """Of the B200 trace, a mixture of experts in a serving framework, most time is in operators without a formula."""
    path = Path(__file__).parents[4] / "shared/measured/traces" / name
    if not path.is_file():
        pytest.skip("the measurements in ../shared/measured are absent")
    found = compare_trace(path, calibrations=SHIPPED)
    assert found.coverage > _TRACES[name]
    apart = sum(row.time for row in found.remainders if not row.reason.startswith("left out"))
    assert found.covered_time + apart == pytest.approx(found.measured_time)


def _run(*durations: int, device: tuple[int, ...] = ()) -> Trace:
    """Products in a row on the host's clock, with so many nanoseconds on the device each."""
    builder = TraceBuilder()
    arguments = RecordedArguments(shapes=[[64, 64]] * 2, types=["c10::Half"] * 2)
    start = 0
    for number, duration in enumerate(durations, start=1):
        builder.add_call("aten::mm", arguments, start=start, duration=50)
        builder.add_host_call("launch", start=start + 10, duration=5, correlation=number)
        on = device[number - 1] if device else 0
        builder.add_kernel("gemm", start=start + 60, duration=duration, correlation=number, device=on)
        start += 100
    return builder.build("t", RunFacts(device="NVIDIA H100 80GB HBM3"))


def test_operators_of_no_time_have_no_error() -> None:
    found = compare(_run(0, 0), _H100, calibrations=SHIPPED)
    plain = found.to_dict()
    assert [row["error"] for row in plain["operators"]] == [None]
    assert "Infinity" not in json.dumps(plain, allow_nan=False)


def test_what_took_as_long_stands_in_the_order_of_its_rows() -> None:
    """However texts are hashed: two runs of one command give the same bytes."""
    names = ["aten::mul", "aten::relu", "aten::sin", "aten::add", "aten::exp", "aten::cos", "aten::tanh", "aten::abs"]
    builder = TraceBuilder()
    for number, name in enumerate(names, start=1):
        arguments = RecordedArguments(shapes=[[64, 64]] * 2, types=["c10::Half"] * 2)
        builder.add_call(name, arguments, start=100 * number, duration=50)
        builder.add_host_call("launch", start=100 * number + 10, duration=5, correlation=number)
        builder.add_kernel("kernel", start=100 * number + 60, duration=40, correlation=number)
    found = compare(builder.build("t", RunFacts(device="NVIDIA H100 80GB HBM3")), _H100, calibrations=SHIPPED)
    assert set(found.by_operator) == set(names)
    assert list(found.by_operator) == [row.operator for row in found.operators]


def test_one_event_with_nearly_all_of_the_time_is_remarked() -> None:
    assert compare(_run(1000, 1000, 1000, 1000), _H100, calibrations=SHIPPED).remarks == ()
    (remark,) = compare(_run(1000, 1000, 2_000_000, 1000), _H100, calibrations=SHIPPED).remarks
    assert remark == "one event has 99.9% of the device time: gemm, 0.002 s"


def test_several_devices_are_told_apart() -> None:
    found = compare(_run(100, 40, device=(0, 1)), _H100, calibrations=SHIPPED)
    assert found.elapsed_time == pytest.approx(140e-9)
    assert [(d.device, round(d.busy * 1e9), round(d.idle * 1e9)) for d in found.devices] == [(0, 100, 40), (1, 40, 100)]


def _kernels_alone() -> Trace:
    builder = TraceBuilder()
    grid = (64, 1, 1, 128, 1, 1)
    names = (
        "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, std::array<char*, 3ul>>",
        "ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_32x5_nn",
        "my_kernel",
    )
    for place, name in enumerate(names):
        builder.add_kernel(name, start=10_000 * place, duration=(2000, 6000, 2000)[place], grid=grid)
    return builder.build("alone", RunFacts(device="NVIDIA H100 80GB HBM3"))


def test_kernels_by_name_count_apart_from_those_sized_by_their_time() -> None:
    found = compare(_kernels_alone(), calibrations=SHIPPED)
    assert (found.coverage, found.named_share, found.fitted_share) == pytest.approx((0.2, 0.2, 0.6))
    assert [(row.operator, row.sizes) for row in found.operators] == [("aten::mul (by name)", "name")]
    rows = {row.reason: row.share for row in found.remainders}
    assert rows == {FITTED: pytest.approx(0.6), "kernel of no operator": pytest.approx(0.2)}
    assert found.by_operator["aten::mm (sized by time)"].coverage == 0.0
    assert found.by_category["sized_by_time"].measured == pytest.approx(6e-6)


def test_a_size_from_the_time_is_in_no_error() -> None:
    """The kernel of 6 us would be predicted as measured."""
    alone = compare(_kernels_alone(), calibrations=SHIPPED)
    (row,) = alone.operators
    assert alone.predicted_time == pytest.approx(row.predicted)
    assert alone.covered_time == pytest.approx(2e-6)
