from dataclasses import fields

import numpy as np
import pytest

from hw_specs import (
    Calibration,
    CalibrationPool,
    apply_overrides,
    changeable_paths,
    list_accelerators,
    load_accelerator,
)
from hw_specs.overrides import change_text, present_numbers, with_followers
from simulator.cost import BASES, PARAMETERS, hardware_columns
from simulator.cost.accelerator_columns import VariantColumns


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
    columns = hardware_columns(
        [load_accelerator("a100"), load_accelerator("l40s")], calibrations=CalibrationPool.empty()
    )
    assert len(columns) == 2
    assert columns.cores.tolist() == [108, 142]
    assert columns.dram_bandwidth == pytest.approx([2.039e12, 0.864e12])
    assert columns.rates("matrix", ["bf16", "fp8"])[0] == pytest.approx([312e12, 362e12])
    assert np.isnan(columns.rates("matrix", ["fp8"])[0, 0])


def test_check_bits_among_the_data_take_bandwidth():
    columns = hardware_columns(
        [load_accelerator(n) for n in ("t4", "v100", "rtx4090")], calibrations=CalibrationPool.shipped()
    )
    assert (columns.dram_achievable_copy / columns.dram_bandwidth).tolist() == pytest.approx([0.85, 1.0, 1.0])


def test_traits_of_the_generation_become_columns():
    parts = [load_accelerator(name) for name in ("a100", "mi210", "mi300x", "h100", "p40")]
    columns = hardware_columns(parts, calibrations=CalibrationPool.empty())
    assert columns.shortest_kernel.tolist() == [1.3e-6, 1.93e-6, 3.1e-6, 1.3e-6, 1.3e-6]
    assert columns.warp_matrix_share.tolist() == [1.0, 1.0, 1.0, 0.62, 1.0]
    # Of its own unless the architecture says what its kernels count with; an L1 beside it in products.
    assert columns.attention_storage.tolist() == [kib * 1024 for kib in (164, 164, 164, 228, 64)]
    assert columns.core_memory.tolist() == [kib * 1024 for kib in (192, 80, 96, 256, 96)]


def test_clock_headroom_is_the_parts_own():
    parts = [load_accelerator(name) for name in ("rtx4090", "l40s", "p40")]
    columns = hardware_columns(parts, calibrations=CalibrationPool.empty())
    assert columns.clock_headroom.tolist() == [1.1, 1.0, 1.0]
    assert columns.core_clock.tolist() == [1.1 * 2.52e9, 2.52e9, parts[2].cores.clock]


def test_calibration_is_inherited_by_lineage_and_group():
    names = ("A100-SXM4-80GB", "A100-PCIe-80GB", "H100-SXM5-80GB")
    columns = hardware_columns([load_accelerator(n) for n in names], calibrations=CalibrationPool.of(_calibration()))
    assert [BASES[code] for code in columns.basis["matmul.rate"]] == ["calibrated", "inherited", "inherited"]
    assert [BASES[code] for code in columns.basis["stream.dram"]] == ["datasheet"] * 3
    assert columns.parameter("matmul.rate").tolist() == [0.77] * 3


def test_a_group_that_nobody_measured_takes_a_related_one():
    calibration = _calibration(groups={"flash2": ("A100-SXM4-80GB",)}, parameters={"flash2.fill": 1e-6})
    columns = hardware_columns([load_accelerator("a100")], calibrations=CalibrationPool.of(calibration))
    assert columns.parameter("efficient.fill").tolist() == [1e-6]
    assert [BASES[columns.basis[f"{group}.fill"][0]] for group in ("flash2", "efficient", "flash3")] == [
        "calibrated",
        "inherited",
        "datasheet",
    ]


def test_shared_memory_runs_as_fast_as_was_measured():
    parts = [load_accelerator(name) for name in ("a100", "l40s", "b200", "t4", "epyc_9654")]
    columns = hardware_columns(parts, calibrations=CalibrationPool.empty())
    # 125 of 128 B/clk, 64 of 128, 128 published alone, an estimate of 64, and none of a CPU.
    assert columns.shared_rate == pytest.approx([125 * 1.41e9, 64 * 2.52e9, 128 * 1.965e9, 64 * 1.59e9, np.inf])


def test_unpublished_cache_bandwidth_is_estimated(hardware):
    part = load_accelerator("gb200")
    columns = hardware_columns([part], calibrations=CalibrationPool.empty())
    assert np.isfinite(columns.cache_rate).all()
    assert columns.cache_rate[0] >= 4 * columns.dram_bandwidth[0]


def test_dram_rate_is_measured_or_a_share_of_the_published_one():
    parts = [load_accelerator(name) for name in ("L40S", "H100-SXM5-80GB", "B200")]
    columns = hardware_columns(parts, calibrations=CalibrationPool.empty())
    # Measured on the L40S; nothing on the H100; a copy on the B200, which understates reads.
    assert columns.dram_achievable_read == pytest.approx([816e9, 0.95 * 3.35e12, 0.85 * 8e12])


def test_the_cache_that_all_cores_share_is_behind_those_of_the_dies():
    columns = hardware_columns([load_accelerator("mi300x")], calibrations=CalibrationPool.empty())
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
    columns = hardware_columns(parts, calibrations=CalibrationPool.of(generic, ceilings))
    assert columns.parameter("matmul.rate").tolist() == [0.6, 0.77]
    assert columns.parameter("matmul.floor").tolist() == [3e-6, 3e-6]
    assert [BASES[code] for code in columns.basis["matmul.rate"]] == ["inherited", "inherited"]


def test_what_rows_did_not_tell_is_the_default_of_the_parts_that_they_are_of():
    # Copies of a V100 reach 0.891 of its bandwidth and those of an A100-SXM4-80GB its own share; defaults follow too.
    calibration = _calibration(
        name="volta",
        architecture="volta",
        accelerators=("V100-PCIe-32GB",),
        groups={"stream": ("V100-PCIe-32GB",)},
        parameters={"stream.dram": 0.8},
        held=("stream.strided", "stream.floor"),
    )
    own, other = load_accelerator("V100-PCIe-32GB"), load_accelerator("A100-SXM4-80GB")
    columns = hardware_columns([own, other], calibrations=CalibrationPool.of(calibration))
    assert columns.parameter("stream.strided")[0] == 0.75
    ratio = columns.parameter("stream.dram")[1] / 0.8
    assert columns.parameter("stream.strided")[1] == pytest.approx(0.75 * ratio)
    assert columns.parameter("stream.floor").tolist() == [1.6e-6, 1.6e-6]
    assert [BASES[code] for code in columns.basis["stream.dram"]] == ["calibrated", "inherited"]
    assert [BASES[code] for code in columns.basis["stream.strided"]] == ["datasheet"] * 2


@pytest.mark.parametrize("name", ["a100", "h100", "gb200", "l4", "mi300x"])
def test_a_change_that_no_term_follows_keeps_every_column(name):
    part, pool = load_accelerator(name), CalibrationPool.shipped()
    before = hardware_columns([part], pool)
    after = hardware_columns([apply_overrides(part, ["memory.dram.capacity=1.01x"])], pool)
    for field in fields(before):
        own, other = getattr(before, field.name), getattr(after, field.name)
        if isinstance(own, np.ndarray):
            np.testing.assert_allclose(other, own, rtol=1e-12, err_msg=field.name)
    for unit, column in before.energy.items():
        np.testing.assert_allclose(after.energy[unit], column, rtol=1e-12, err_msg=unit)
    for parameter in PARAMETERS:
        assert after.parameter(parameter) == pytest.approx(before.parameter(parameter), rel=1e-12), parameter


_OBSERVED = _calibration(
    name="h100_observations",
    architecture="hopper",
    scope="observations",
    accelerators=("H100-SXM5-80GB",),
    groups={"stream": ("H100-SXM5-80GB",)},
    parameters={"stream.element": 0.4, "stream.tiled": 3.0},
)


def test_observations_take_the_place_of_defaults():
    parts = [load_accelerator(name) for name in ("h100", "a100")]
    columns = hardware_columns(parts, calibrations=CalibrationPool.of(_OBSERVED))
    assert columns.parameter("stream.element").tolist() == [0.4, 0.4]
    assert [BASES[code] for code in columns.basis["stream.element"]] == ["calibrated", "inherited"]
    assert [BASES[code] for code in columns.basis["stream.offset"]] == ["datasheet", "datasheet"]


def test_a_fit_goes_before_an_observation_unless_it_holds_the_parameter():
    fitted = _calibration(
        name="hopper",
        architecture="hopper",
        accelerators=("H100-SXM5-80GB",),
        groups={"stream": ("H100-SXM5-80GB",)},
        parameters={"stream.tiled": 5.0},
        held=("stream.element", "stream.offset"),
    )
    columns = hardware_columns([load_accelerator("h100")], calibrations=CalibrationPool.of(_OBSERVED, fitted))
    assert columns.parameter("stream.tiled").tolist() == [5.0]
    assert columns.parameter("stream.element").tolist() == [0.4]
    names = ("stream.tiled", "stream.element", "stream.offset")
    assert [BASES[columns.basis[name][0]] for name in names] == ["calibrated", "calibrated", "datasheet"]


def _leaves(columns):
    """Arrays of columns by name."""
    for field in fields(columns):
        value = getattr(columns, field.name)
        if field.name == "parameters":
            yield from ((f"{g}.{f.name}", getattr(r, f.name)) for g, r in value.items() for f in fields(r))
        elif isinstance(value, dict):
            yield from ((f"{field.name}.{key}", column) for key, column in value.items())
        elif isinstance(value, np.ndarray):
            yield field.name, value


def _drawn(part, rng):
    """Three values of each number that can be changed, some of which the part has not."""
    absent = {"memory.dram.latency": 4e-7, "memory.l2.capacity": 3e7, "cores.max_warps": 24}
    values = absent | present_numbers(part)
    drawn = {path: rng.uniform(0.5, 2.0, 3) * value for path, value in values.items()}
    return {path: np.ceil(value) if _is_count(part, path) else value for path, value in drawn.items()}


def _assert_alike(part, numbers):
    """Columns in closed form beside those of accelerators that are built, validated and looked up one by one."""
    pool = CalibrationPool.shipped()
    texts = [[_text(part, path, float(values[i])) for path, values in numbers.items()] for i in range(3)]
    changed = [apply_overrides(part, each) for each in texts]
    expected = dict(_leaves(hardware_columns(changed, pool)))
    variants = VariantColumns.of(changed[0], pool).columns(with_followers(present_numbers(part), numbers), 3)
    for leaf, column in _leaves(variants):
        np.testing.assert_allclose(column, expected[leaf], rtol=1e-13, err_msg=f"{leaf}, {list(numbers)}")


@pytest.mark.parametrize("name", list_accelerators()[::2])
def test_variants_are_what_overrides_make_of_the_accelerator(name):
    part, rng = load_accelerator(name), np.random.default_rng(len(name))
    drawn = _drawn(part, rng)
    _assert_alike(part, {path: drawn[path] for path in rng.choice(sorted(drawn), 6, replace=False)})


def test_each_number_of_a_variant_moves_what_an_override_moves():
    part = load_accelerator("h100")
    for path, values in _drawn(part, np.random.default_rng(0)).items():
        _assert_alike(part, {path: values})


def _is_count(part, path):
    return not changeable_paths(part)[path]


def _text(part, path, value):
    return change_text(path, value, changeable_paths(part)[path])
