import pytest

from hw_specs import load_accelerator
from simulator.cost.hardware.power import power_model
from simulator.cost.hardware.published_power import published_energies


def test_power_above_idle_is_shared_out():
    # 600 W less 99: 0.3 of it to what runs, 0.5 to 432 TFLOP/s, and DRAM what HBM takes.
    found = published_energies(load_accelerator("gaudi2"), peak=432e12)
    assert found.active == pytest.approx(0.3 * 501)
    assert found.matrix == pytest.approx(0.5 * 501 / 432e12)
    assert found.dram == pytest.approx(48e-12)


def test_dram_takes_no_more_than_there_is():
    found = published_energies(load_accelerator("tpu-v4"), peak=275e12)
    assert found.dram * 1.228e12 == pytest.approx(0.5 * 102)


def test_a_systolic_engine_takes_no_energies_of_a_gpu():
    model = power_model(load_accelerator("gaudi3"))
    assert (model.basis, model.fitted_on) == ("datasheet", ())
    assert model.active_vector == model.parameters.active
