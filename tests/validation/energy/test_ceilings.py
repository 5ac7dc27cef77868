import math

import pytest

from hw_specs import load_accelerator
from hw_specs.energy_calibration import EnergyParameters
from simulator.cost.hardware.power import PowerModel, power_model
from simulator.energy.run import sustained_clock
from validation.energy.ceilings import board_of, ceiling_errors, ceiling_of, ceilings, rate_note, sustained_rate


def _model(active: float, matrix: float, board: float | None) -> PowerModel:
    parameters = EnergyParameters(idle=50, active=active, matrix=matrix, vector=0, special=0, score=0, dram=0, cache=0)
    return PowerModel(parameters=parameters, board=board, basis="inherited", spread=(0, 0), fitted_on=())


def test_a_free_part_reaches_most_of_its_peak() -> None:
    assert sustained_rate("a100_sxm4_80gb", _model(100, 1e-13, None)) == pytest.approx(0.95 * 312e12)


def test_a_limited_part_by_hand() -> None:
    # 296.4 TFLOP/s at 1 pJ and 100 W of cores: 446.4 W at boost, 100 W allowed.
    clock = sustained_clock(50 + 100 + 296.4, idle=50, board=150)
    assert sustained_rate("a100_sxm4_80gb", _model(100, 1e-12, 150)) == pytest.approx(clock * 296.4e12)
    assert clock * 0.7**2 == pytest.approx(100 / 396.4, rel=0.1)


def test_what_a_rate_implies_is_what_would_predict_it() -> None:
    for error in ceiling_errors():
        if error.implied is None or not error.limited:
            continue
        model = power_model(load_accelerator(error.accelerator))
        p = model.parameters
        factor = math.exp(error.implied)
        scaled = p.model_copy(update={"active": p.active * factor, "matrix": p.matrix * factor})
        other = PowerModel(parameters=scaled, board=model.board, basis=model.basis, spread=(0, 0), fitted_on=())
        assert sustained_rate(error.accelerator, other) == pytest.approx(error.measured, rel=1e-3)


def test_errors_cover_all_parts_and_say_which_were_fitted() -> None:
    errors = ceiling_errors()
    assert [e.accelerator for e in errors] == [c.accelerator for c in ceilings()]
    assert {e.accelerator for e in errors if e.fitted} == {"A100-SXM4-80GB", "H100-SXM5-80GB"}
    for error in errors:
        assert error.error == pytest.approx(error.predicted / error.measured - 1)
        assert error.source


def test_rates_that_nothing_was_fitted_on_are_met_within_a_factor() -> None:
    others = [e for e in ceiling_errors() if not e.fitted]
    assert len(others) >= 12
    assert sum(abs(e.error) for e in others) / len(others) < 0.25


def test_all_parts_are_of_the_catalogue() -> None:
    for ceiling in ceilings():
        assert load_accelerator(ceiling.accelerator).name == ceiling.accelerator


def test_rate_of_the_same_board() -> None:
    assert board_of("A100-SXM4-40GB") == "A100-SXM4-80GB"
    assert ceiling_of("A100-SXM4-40GB") == 271.2e12
    assert ceiling_of("P100-PCIe-16GB") is None
    assert rate_note(271.2e12).endswith("of 271.2 TFLOP/s")
    assert rate_note(None) == ""
