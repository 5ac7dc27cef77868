import numpy as np
import pytest

from hw_specs import Calibration, load_accelerator
from simulator.cost import BASES, HardwareColumns


def _calibration(**changes):
    values = {
        "name": "ampere",
        "architecture": "ampere",
        "accelerators": ("A100-SXM4-80GB",),
        "groups": {"matmul": ("A100-SXM4-80GB",)},
        "parameters": {"matmul.rate": 0.77},
        "sources": ("test",),
    }
    return Calibration.model_validate({**values, **changes})


def test_columns_are_those_of_the_datasheet():
    columns = HardwareColumns.from_accelerators([load_accelerator("a100"), load_accelerator("l40s")], calibrations=())
    assert len(columns) == 2
    assert columns.cores.tolist() == [108, 142]
    assert columns.dram_bandwidth == pytest.approx([2.039e12, 0.864e12])
    assert columns.rates("matrix", ["bf16", "fp8"])[0] == pytest.approx([312e12, 362e12])
    assert np.isnan(columns.rates("matrix", ["fp8"])[0, 0])


def test_calibration_is_inherited_by_lineage_and_group():
    names = ("A100-SXM4-80GB", "A100-PCIe-80GB", "H100-SXM5-80GB")
    columns = HardwareColumns.from_accelerators([load_accelerator(n) for n in names], calibrations=[_calibration()])
    assert [BASES[code] for code in columns.basis["matmul"]] == ["calibrated", "inherited", "inherited"]
    assert [BASES[code] for code in columns.basis["stream"]] == ["datasheet"] * 3
    assert columns.parameters["matmul.rate"].tolist() == [0.77] * 3


def test_select_keeps_every_column_together():
    both = HardwareColumns.from_accelerators([load_accelerator("a100"), load_accelerator("l40s")], calibrations=())
    second = both.select(np.array([1]))
    assert second.name == ("L40S",)
    assert second.cores.tolist() == [142]
    assert second.matrix["bf16"].shape == (1,)


def test_unpublished_cache_bandwidth_is_estimated(hardware):
    part = load_accelerator("gb200")
    columns = HardwareColumns.from_accelerators([part], calibrations=())
    assert np.isfinite(columns.cache_rate).all()
    assert columns.cache_rate[0] >= 4 * columns.dram_bandwidth[0]


def test_the_cache_that_all_cores_share_is_behind_those_of_the_dies():
    columns = HardwareColumns.from_accelerators([load_accelerator("mi300x")], calibrations=())
    assert columns.cache_capacity[0] == 256 * 2**20
    assert columns.cache_bandwidth[0] == pytest.approx(17.2e12)
    assert columns.cache_rate[0] == pytest.approx(0.75 * 17.2e12)


def test_ceilings_replace_single_parameters_of_what_is_inherited():
    generic = _calibration(
        name="generic", scope="generic", architecture=None, parameters={"matmul.rate": 0.77, "matmul.floor": 3e-6}
    )
    ceilings = _calibration(
        name="cdna3", scope="ceilings", architecture="cdna3", accelerators=(), parameters={"matmul.rate": 0.6}
    )
    parts = [load_accelerator(n) for n in ("mi300x", "a100")]
    columns = HardwareColumns.from_accelerators(parts, calibrations=[generic, ceilings])
    assert columns.parameters["matmul.rate"].tolist() == [0.6, 0.77]
    assert columns.parameters["matmul.floor"].tolist() == [3e-6, 3e-6]
    assert [BASES[code] for code in columns.basis["matmul"]] == ["inherited", "inherited"]
