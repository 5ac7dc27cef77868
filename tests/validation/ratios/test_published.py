from __future__ import annotations

from collections.abc import Callable

from hw_specs import CalibrationPool
from tracer.graph import GraphError
from validation.published.case import Case
from validation.published.names import load_names
from validation.published.simulations import Prediction
from validation.ratios.published import PublishedRatios, published_ratios

Make = Callable[..., Case]

SHIPPED = CalibrationPool.shipped()


def ratios(*cases: Case, predict: Callable[[Case], float]) -> PublishedRatios:
    return published_ratios(cases, SHIPPED, load_names(), predict=lambda one: Prediction(time=predict(one)))


def test_ratios_by_hand(case: Make) -> None:
    """T4 over A100: measured 8 / 2, predicted 9 / 3; of batch 2 over batch 1: 3 / 2 and 6 / 3."""
    predicted = {"one": 3.0, "two": 6.0, "t4": 9.0}
    found = ratios(
        case("one", value=2.0),
        case("two", value=3.0, settings={"dtype": "float16", "batch": 2}),
        case("t4", value=8.0, device="T4"),
        predict=lambda one: predicted[one.id],
    )
    by_change = {ratio.change: ratio for ratio in found.ratios}
    assert set(by_change) == {"accelerator", "batch"}
    device, batch = by_change["accelerator"], by_change["batch"]
    assert (device.slower, device.faster) == ("T4", "A100-SXM4-80GB")
    assert (device.measured, device.predicted) == (4.0, 3.0)
    assert (batch.slower, batch.faster, batch.measured, batch.predicted) == ("batch 2", "batch 1", 1.5, 2.0)
    assert device.subject == "stable-diffusion whole, flash, eager, batch 1, 512 x 512, float16, 1 device"
    assert not found.left_out


def test_every_run_is_predicted_once_and_those_without_a_pair_not_at_all(case: Make) -> None:
    asked: list[str] = []

    def predict(one: Case) -> float:
        asked.append(one.id)
        return 1.0

    devices = ("A100-SXM4-80GB", "T4", "V100-SXM2-16GB", "H100-SXM5-80GB")
    found = ratios(*(case(name, device=name) for name in devices), case("alone", source="else"), predict=predict)
    assert sorted(asked) == sorted(devices)
    assert len(found.ratios) == 6
    assert found.left_out == {"no other run of its source differs in one thing alone": 1}


def test_a_run_that_cannot_be_predicted_is_counted_and_the_others_are_compared(case: Make) -> None:
    def predict(one: Case) -> float:
        if one.id == "bad":
            raise GraphError("no such thing\nat all")
        return one.value

    found = ratios(case("a"), case("b", device="T4"), case("bad", device="V100-SXM2-16GB", value=3.0), predict=predict)
    assert len(found.ratios) == 1
    assert found.left_out == {"cannot be predicted: no such thing": 1}
