"""What of a parameter follows the part that inherits it, by hand."""

import pytest

from hw_specs import Calibration, CalibrationPool, load_accelerator
from simulator.cost import hardware_columns
from simulator.cost.families import PARAMETERS
from simulator.cost.inheritance import MATRIX_ENERGIES, REFERENCE, Load, Origin, accelerator_origin, carried, origin_of


def _origin(process=None, copy_share=None, by_core=None):
    return Origin(process=process, copy_share=copy_share, by_core=by_core)


def test_energy_of_matrix_units_goes_with_the_process():
    values = {"flash2.energy": 7e-13, "flash2.rate": 0.8}
    own = carried(values, "flash2", here=_origin("TSMC 12nm FFN"), there=_origin("TSMC 7nm"))
    assert own == {"flash2.energy": pytest.approx(3.2 * 7e-13), "flash2.rate": 0.8}
    assert values["flash2.energy"] == 7e-13


def test_energy_of_matrix_units_goes_with_the_voltage_under_load():
    # There 1 W a TFLOP/s at 2 GHz, three quarters of the boost clock: (4/3)^2 of what it is up to 1.5 GHz.
    there = Origin(process=None, copy_share=None, by_core=None, load=Load(8e9 / 3, 400e12, 300.0))
    slow = Origin(process=None, copy_share=None, by_core=None, load=Load(1.4e9, 100e12, 300.0))
    assert carried({"matmul.energy": 1e-12}, "matmul", here=slow, there=there) == {
        "matmul.energy": pytest.approx(9 / 16 * 1e-12)
    }
    assert carried({"matmul.energy": 1e-12}, "matmul", here=there, there=there) == {
        "matmul.energy": pytest.approx(1e-12)
    }


def test_what_an_l4_sustains_follows_from_an_l40s():
    # NVIDIA forum: 87 TFLOP/s of bf16 within 72 W; fitted on an L40S, 1.298 pJ.
    here, there = accelerator_origin(load_accelerator("l4")), accelerator_origin(load_accelerator("l40s"))
    energy = carried({"matmul.energy": 1.298e-12}, "matmul", here=here, there=there)["matmul.energy"]
    assert 72 / energy == pytest.approx(87e12, rel=0.03)


def test_energy_stays_in_its_physical_range():
    name = "matmul.energy"
    own = carried({name: PARAMETERS[name].upper}, "matmul", here=_origin("16nm"), there=_origin("5nm"))
    assert own[name] == PARAMETERS[name].upper


def test_energy_of_vector_units_goes_with_a_ratio_of_its_own():
    values = {"vector_matmul.energy": 1.5e-11}
    own = carried(values, "vector_matmul", here=_origin("12nm"), there=_origin("7nm"))
    assert own == {"vector_matmul.energy": pytest.approx(1.35 * 1.5e-11)}
    assert "vector_matmul.energy" not in MATRIX_ENERGIES
    assert {"matmul.energy", "flash3.energy"} <= MATRIX_ENERGIES


def test_shares_of_dram_go_with_what_a_copy_reaches():
    values = {"stream.dram": 0.8, "stream.strided": 0.7, "stream.l2": 0.6}
    own = carried(values, "stream", here=_origin(copy_share=0.75), there=_origin(copy_share=0.9))
    assert own == {"stream.dram": pytest.approx(2 / 3), "stream.strided": pytest.approx(7 / 12), "stream.l2": 0.6}
    products = {"matmul.dram": 0.8}
    assert carried(products, "matmul", here=_origin(copy_share=0.75), there=_origin(copy_share=0.9)) == products


def test_what_nobody_published_carries_nothing():
    values = {"stream.dram": 0.8}
    assert carried(values, "stream", here=_origin(), there=_origin(copy_share=0.9)) == values


def test_a_part_is_its_process_and_its_memory():
    t4 = accelerator_origin(load_accelerator("t4"))
    assert t4.process == load_accelerator("t4").process
    # 235 of 320 GB/s, of which check bits leave 0.85.
    assert t4.copy_share == pytest.approx(235 / 320 / 0.85, abs=0.002)
    assert t4.by_core == pytest.approx(320e9 / 40)
    assert accelerator_origin(load_accelerator("rtx_3090")).copy_share is None


def test_parameters_describe_the_first_part_that_was_measured():
    entry = Calibration(name="turing", architecture="turing", groups={"stream": ("T4",)}, parameters={}, sources=("s",))
    assert origin_of(entry, "stream") == accelerator_origin(load_accelerator("t4"))
    assert origin_of(entry, "softmax") == _origin()
    assert origin_of(entry.model_copy(update={"scope": "generic"}), "stream") == REFERENCE


def test_columns_hold_what_a_part_inherits():
    entry = Calibration(
        name="volta",
        architecture="volta",
        accelerators=("V100-PCIe-32GB",),
        groups={"stream": ("V100-PCIe-32GB",)},
        parameters={"stream.dram": 0.9},
        sources=("s",),
    )
    parts = [load_accelerator(name) for name in ("v100_pcie_32gb", "t4")]
    shares = hardware_columns(parts, CalibrationPool.of(entry)).parameter("stream.dram")
    v100, t4 = (accelerator_origin(part).copy_share for part in parts)
    assert shares == pytest.approx([0.9, 0.9 * t4 / v100])
