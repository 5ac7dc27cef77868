import pytest

from hw_specs import Accelerator, apply_overrides, list_accelerators, load_accelerator
from hw_specs.energy_calibration import (
    EnergyCalibration,
    EnergyFittedOn,
    EnergyParameters,
    EnergyResidual,
    list_energy_calibrations,
    load_energy_calibration,
)
from hw_specs.inheritance.power_rules import relative_voltage
from hw_specs.inheritance.sustained_rates import sustained_rates
from simulator.cost.hardware.power import UnknownPowerError, matrix_width, power_model, power_share


def _calibration(accelerator: str) -> EnergyCalibration:
    return EnergyCalibration(
        name=accelerator.lower(),
        accelerator=accelerator,
        parameters=EnergyParameters(
            idle=70,
            active=200,
            matrix=4e-13,
            vector=5e-12,
            special=2e-11,
            score=1e-10,
            dram=4e-11,
            cache=1e-11,
            limit=0.98,
        ),
        fitted=("active",),
        fitted_on=(EnergyFittedOn(source="a meter", device=accelerator, what="runs", count=5, mape=0.02),),
        residuals=(
            EnergyResidual(
                scope="held_out", count=5, mape=0.1, bias=0, quantiles={"0.1": -0.1, "0.5": 0.0, "0.9": 0.1}
            ),
            EnergyResidual(
                scope="left_out_device", count=5, mape=0.2, bias=0, quantiles={"0.1": -0.3, "0.5": 0.0, "0.9": 0.3}
            ),
        ),
        sources=("a meter",),
    )


A100 = _calibration("A100-SXM4-80GB")
H100 = _calibration("H100-SXM5-80GB")


def test_a_measured_part_gets_its_own() -> None:
    model = power_model(load_accelerator("a100"), [A100, H100])
    assert model.basis == "calibrated"
    # Energies of vector units, which no fit resolves, are bounded by a rate of the PCIe board all the same.
    assert model.parameters.model_copy(update={"vector": A100.parameters.vector}) == A100.parameters
    assert model.parameters.vector <= A100.parameters.vector
    assert model.board == pytest.approx(0.98 * 400)
    assert model.spread == (-0.1, 0.1)
    assert model.fitted_on == ("runs on A100-SXM4-80GB (a meter)",)


def test_a_relative_by_hand() -> None:
    # TITAN RTX: 12 nm against 7 nm is twice the energy; 130.5 of 312 TFLOP/s of width; GDDR6, its idle power; 280 W.
    model = power_model(load_accelerator("titan-rtx"), [A100, H100])
    assert model.basis == "inherited"
    assert model.parameters.matrix == pytest.approx(2 * 4e-13, rel=1e-2, abs=0)
    assert model.parameters.score == pytest.approx(2 * 1e-10, abs=0)
    assert model.parameters.active == pytest.approx(200 * 2 * 130.5 / 312, rel=1e-2)
    assert model.parameters.dram == 60e-12
    assert model.parameters.cache == 1e-11
    assert model.parameters.idle == pytest.approx(0.35 * 280 * 70 / 66)  # as far above its rule as the A100's
    assert model.board == pytest.approx(0.98 * 280)
    assert model.spread == (-0.3, 0.3)


def test_a_rate_at_which_the_limit_held_the_board_is_the_rate_that_it_pays_for() -> None:
    # T4, 24 TFLOP/s of 65: a clock of 24 / (0.95 * 65); what running cores and multiplications draw there, at its
    # voltage, is all that the limit leaves above idle.
    t4 = load_accelerator("t4")
    p = (model := power_model(t4, [A100, H100])).parameters
    clock = 24 / (0.95 * 65)
    drawn = (p.active * clock + p.matrix * 24e12) * relative_voltage(clock) ** 2
    assert model.board is not None
    assert drawn == pytest.approx(model.board - p.idle)
    assert p.matrix > 2 * 4e-13


def test_the_nearest_process_is_taken() -> None:
    assert power_model(load_accelerator("l4"), [A100, H100]).fitted_on[0].startswith("runs on H100")
    assert power_model(load_accelerator("a10"), [A100, H100]).fitted_on[0].startswith("runs on A100")


def test_the_same_die_keeps_its_energies() -> None:
    model = power_model(load_accelerator("h200_sxm5_141gb"), [A100, H100])
    assert model.basis == "inherited"
    assert model.parameters.active == pytest.approx(200)
    assert model.parameters.dram == 4e-11


def test_another_makers_part_stands_on_its_datasheet() -> None:
    model = power_model(load_accelerator("mi300x"), [A100, H100])
    assert model.basis == "datasheet"
    # 708 of 0.95 x 1307.4 TFLOP/s are 0.57 of the boost clock, at 0.742 of its voltage: nothing else is known.
    step, clock = 0.7 / 0.6, 708 / (0.95 * 1307.4)
    needed = step * (200 / 989.4 * 1307.4 * clock + 4e-13 * 708e12) * (1 - 0.6 * (1 - clock)) ** 2
    factor = (0.98 * 750 - 75) / needed
    assert model.parameters.matrix == pytest.approx(factor * step * 4e-13, rel=1e-3, abs=0)
    assert model.board == pytest.approx(0.98 * 750)


def test_a_published_rate_bounds_the_energy_of_a_part() -> None:
    # 271.2 TFLOP/s of an A100 are 0.915 of the boost clock; at three times the energies they would take more than its
    # board pays for.
    energies = {"active": 600.0, "matrix": 1.2e-12}
    note = (A100.fitted_on[0].model_copy(update={"what": "runs, and its sustained matrix rate"}),)
    parameters = A100.parameters.model_copy(update=energies)
    dear = A100.model_copy(update={"parameters": parameters, "fitted_on": note})
    clock = 271.2 / (0.95 * 312)
    needed = (600 * clock + 1.2e-12 * 271.2e12) * (1 - 0.6 * (1 - clock)) ** 2
    factor = (0.98 * 400 - 70) / needed
    for name in ("a100_sxm4_80gb", "a100_sxm4_40gb"):
        model = power_model(load_accelerator(name), [dear, H100])
        assert model.parameters.matrix / 1.2e-12 == pytest.approx(factor, rel=2e-3)
        assert model.parameters.active == pytest.approx(factor * 600, rel=2e-3)


def test_a_burst_bounds_nothing_where_energies_of_long_work_are_known() -> None:
    # 100 products of 2048 x 2048 x 13312 at 794.5 TFLOP/s end after 14 ms, before the controller of an H100 sees them.
    (rate,) = [rate for rate in sustained_rates("matrix") if rate.accelerator == "H100-SXM5-80GB"]
    assert rate.measured_over == pytest.approx(100 * 2 * 2048 * 2048 * 13312 / 794.5e12, rel=0.01)
    assert rate.is_burst(load_accelerator("h100_sxm5_80gb").traits.power_window)
    energies = {"active": 600.0, "matrix": 1.2e-12}
    dear = H100.model_copy(update={"parameters": H100.parameters.model_copy(update=energies)})
    for name in ("h100_sxm5_80gb", "h200_sxm5_141gb"):
        assert power_model(load_accelerator(name), [A100, dear]).parameters.matrix == 1.2e-12
    # Where no energy of the silicon is known, a burst is all that there is.
    parameters = A100.parameters.model_copy(update=energies)
    bounded = power_model(load_accelerator("h100_sxm5_80gb"), [A100.model_copy(update={"parameters": parameters})])
    assert bounded.parameters.active < 0.7 * bounded.active_vector


def test_a_rate_that_a_fit_weighed_against_whole_runs_counts_alone() -> None:
    # 252.9 TFLOP/s of a PCIe board at 300 W would leave less than was measured on SXM boards at work; 271.2 of those
    # are 0.915 of the boost clock, at 0.949 of its voltage.
    dear = {"parameters": A100.parameters.model_copy(update={"active": 230.0, "matrix": 5.6e-13})}
    note = {"fitted_on": (A100.fitted_on[0].model_copy(update={"what": "runs, and its sustained matrix rate"}),)}
    bounded, weighed = (
        power_model(load_accelerator("a100_pcie_80gb"), [A100.model_copy(update=changes)]).parameters.matrix
        for changes in (dear, {**dear, **note})
    )
    assert bounded < 0.95 * weighed
    factor = (392 - 70) / ((230 * 0.915 + 5.6e-13 * 271.2e12) * 0.949**2)
    assert weighed == pytest.approx(factor * 5.6e-13, rel=2e-3, abs=0)


def test_the_same_silicon_at_a_higher_clock_takes_more_voltage() -> None:
    l4, l40s = (power_model(load_accelerator(name)).parameters.matrix for name in ("l4", "l40s"))
    # The published rate of the L4 bounds both: 2520 over 2040 MHz are 0.235 more, and 0.141 of the voltage.
    assert l40s / l4 == pytest.approx(1.1412**2, rel=1e-3)


def test_energies_of_units_do_not_depend_on_the_peaks_of_others() -> None:
    changed = apply_overrides(load_accelerator("a100"), ["peak.matrix.int8=2x"])
    one, other = (power_model(part, [A100, H100]) for part in (changed, load_accelerator("a100")))
    assert one.parameters.active == other.parameters.active
    assert (one.parameters.matrix, one.parameters.vector) == (other.parameters.matrix, other.parameters.vector)


def test_a_hypothetical_part_is_never_calibrated() -> None:
    changed = apply_overrides(load_accelerator("a100"), ["power.board=300 W"])
    model = power_model(changed, [A100, H100])
    assert model.basis == "inherited"
    assert model.board == pytest.approx(294)


def test_a_cpu_draws_a_share_of_its_limit() -> None:
    model = power_model(load_accelerator("epyc_9654"), [A100, H100])
    assert model.basis == "datasheet"
    assert model.parameters.idle + model.parameters.active == pytest.approx(0.3 * 360 + 0.8 * 0.7 * 360)
    assert model.parameters.matrix == 0.0
    assert model.fitted_on == ()


def test_nothing_known_of_power_is_an_error() -> None:
    with pytest.raises(UnknownPowerError, match=r"no power of TPU-v5e is known; give power\.board"):
        power_model(load_accelerator("tpu_v5e"), [A100])


def test_idle_power_alone_is_not_enough_without_a_process() -> None:
    part = load_accelerator("tpu_v5e")
    assert isinstance(part, Accelerator)
    idle = part.model_copy(update={"power": part.power.model_copy(update={"idle": 60.0})})
    with pytest.raises(UnknownPowerError, match="neither limit of the board nor process"):
        power_model(idle, [A100])


def test_without_calibrations_the_limit_stands_alone() -> None:
    model = power_model(load_accelerator("a100"), [])
    assert model.basis == "datasheet"
    assert model.parameters.active == pytest.approx(0.8 * (400 - 66))


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("a100_sxm4_80gb", 312e12),
        ("rtx_3090", 142.35e12),  # half rate in fp16 with fp32 accumulation, but not in int8
        ("p100_pcie_16gb", 16 * 9.3e12),
    ],
)
def test_width_of_matrix_units_as_built(name: str, width: float) -> None:
    assert matrix_width(load_accelerator(name)) == pytest.approx(width, rel=1e-3)


@pytest.mark.parametrize("name", list_accelerators())
def test_every_part_of_the_catalogue(name: str) -> None:
    accelerator = load_accelerator(name)
    if accelerator.power.board is None:
        with pytest.raises(UnknownPowerError, match=r"power\.board"):
            power_model(accelerator)
        return
    model = power_model(accelerator)
    shipped = {load_energy_calibration(entry).accelerator for entry in list_energy_calibrations()}
    assert (model.basis == "calibrated") == (accelerator.name in shipped)
    assert model.spread[0] <= model.spread[1]
    assert model.board is not None
    assert model.board > model.parameters.idle > 0


@pytest.mark.parametrize(("unit", "rate", "peak"), [("vector", 3e12, 8.1e12), ("matrix", 2e13, 65e12)])
def test_products_keep_the_cores_of_their_own_units_running(unit, rate, peak) -> None:
    t4 = load_accelerator("t4")
    model = power_model(t4)
    running = model.active_vector if unit == "vector" else model.parameters.active
    energy = model.parameters.vector if unit == "vector" else model.parameters.matrix
    clock = rate / (0.95 * peak * (t4.cores.clock_headroom or 1.0))
    drawn = (running * clock + energy * rate) * relative_voltage(clock) ** 2
    assert model.board is not None
    assert power_share(t4, unit, rate) == pytest.approx(drawn / (model.board - model.parameters.idle), rel=0.01)


def test_no_board_has_more_than_its_power() -> None:
    assert power_share(load_accelerator("t4"), "vector", 1e15) == 1.0
