from __future__ import annotations

import pytest

from hw_specs import CalibrationPool
from validation.published.case import Case
from validation.published.errors import CaseResult, predict_cases, summarise, to_dict

SHIPPED = CalibrationPool.shipped()


def case(**changes: object) -> Case:
    fields: dict[str, object] = {
        "id": "x",
        "model": "stable-diffusion",
        "device": "A100-SXM4-80GB",
        "value": 1.0,
        "source": "here",
        "grade": "A",
    }
    return Case.model_validate(fields | changes)


def result(measured: float, predicted: float) -> CaseResult:
    return CaseResult(
        id="x",
        model="m",
        device="d",
        execution="eager/flash",
        dtype="float16",
        batch=1,
        grade="A",
        measured=measured,
        predicted=predicted,
        roofline=measured / 2,
        error=predicted / measured - 1,
        low=measured,
        high=measured,
        deviation=0.1,
        basis="inherited",
        source="here",
        family="images",
        maker="NVIDIA",
    )


def test_errors_by_hand() -> None:
    (summary,) = summarise([result(1.0, 1.05), result(2.0, 1.0), result(1.0, 1.1)], lambda r: r.model)
    assert summary.count == 3
    assert summary.median_ape == pytest.approx(0.1)
    assert summary.mape == pytest.approx((0.05 + 0.5 + 0.1) / 3)
    assert summary.bias == pytest.approx((0.05 - 0.5 + 0.1) / 3)
    assert summary.roofline_median_ape == pytest.approx(0.5)


def test_the_roofline_is_below_the_prediction_and_steps_are_per_step() -> None:
    whole, step = predict_cases([case(), case(quantity="stage_latency", stage="unet")], calibrations=SHIPPED)[0]
    assert 0 < whole.roofline <= whole.predicted
    # 50 steps make most of the whole run, and one step is a fiftieth of them.
    assert 0.8 * whole.predicted < 50 * step.predicted <= whole.predicted


def test_a_case_that_cannot_run_is_kept_with_its_reason() -> None:
    results, failed = predict_cases(
        [case(device="V100-SXM2-16GB", settings={"dtype": "bfloat16"}, id="v")], calibrations=SHIPPED
    )
    assert not results
    assert failed[0].id == "v"
    assert "bf16" in failed[0].reason


def test_an_unknown_stage_is_a_reason() -> None:
    _, failed = predict_cases([case(quantity="stage_latency", stage="transformer")], calibrations=SHIPPED)
    assert "no stage 'transformer'" in failed[0].reason


def test_the_json_form_has_rows_unmapped_and_summary() -> None:
    results = [result(1.0, 1.1)]
    plain = to_dict(results, {"engine": 2}, {"all": summarise(results, lambda r: "all")})
    assert set(plain["rows"][0]) >= {"id", "model", "device", "measured", "predicted", "error"}
    assert plain["unmapped"] == {"engine": 2}
    assert plain["summary"]["all"][0]["count"] == 1


def test_a_sliced_decoder_runs_once_for_each_image() -> None:
    batched = {"settings": {"batch": 2, "num_inference_steps": 1}}
    whole, sliced, unet, decoder, single = predict_cases(
        [
            case(**batched),
            case(**batched, sliced_decoder=True),
            case(**batched, quantity="stage_latency", stage="unet"),
            case(**batched, quantity="stage_latency", stage="vae_decoder"),
            case(settings={"num_inference_steps": 1}, quantity="stage_latency", stage="vae_decoder"),
        ],
        calibrations=SHIPPED,
    )[0]
    assert sliced.predicted - whole.predicted == pytest.approx(2 * single.predicted - decoder.predicted)
    assert whole.predicted > unet.predicted + decoder.predicted


def test_a_stage_has_the_interval_of_its_own_kernels() -> None:
    whole, step = predict_cases([case(), case(quantity="stage_latency", stage="vae_decoder")], calibrations=SHIPPED)[0]
    assert step.low < step.predicted < step.high
    # The decoder is mostly convolution, which nobody measured in half precision: it is the less sure.
    assert step.deviation > whole.deviation
    assert whole.basis in ("calibrated", "inherited", "datasheet")
