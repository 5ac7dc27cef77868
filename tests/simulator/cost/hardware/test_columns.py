import ast
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import simulator.cost
from hw_specs import CalibrationPool, list_accelerators, load_accelerator
from simulator.cost import HardwareColumns, ParameterError, hardware_columns


def test_select_keeps_every_column_together():
    both = hardware_columns([load_accelerator("a100"), load_accelerator("l40s")], calibrations=CalibrationPool.empty())
    second = both.select(np.array([1]))
    assert second.name == ("L40S",)
    assert second.cores.tolist() == [142]
    assert second.matrix["bf16"].shape == (1,)


def test_cores_without_a_published_clock_run_at_a_usual_one():
    columns = hardware_columns([load_accelerator("A100-SXM4-80GB")], calibrations=CalibrationPool.empty())
    assert columns.core_clock == pytest.approx([1.41e9])
    assert replace(columns, clock=np.array([np.nan])).core_clock == pytest.approx([1.5e9])


def test_parameters_go_by_the_names_of_files(hardware):
    part = hardware().with_parameters({"matmul.rate": 0.5, "stream.dram": 0.7})
    assert (part.parameter("matmul.rate").tolist(), part.parameter("stream.dram").tolist()) == ([0.5], [0.7])
    assert part.parameter("matmul.store") == hardware().parameter("matmul.store")
    with pytest.raises(ParameterError, match=r"unknown cost parameter 'matmul\.speed'"):
        part.with_parameters({"matmul.speed": 0.5})


def test_only_mechanisms_see_the_clock_under_load(hardware):
    part = replace(hardware(), clock_headroom=np.array([1.1]))
    assert part.at_working_clock().rates("matrix", ["bf16"])[0, 0] == pytest.approx(1.1 * 100e12)
    assert part.rates("matrix", ["bf16"])[0, 0] == 100e12


def test_only_mechanisms_see_how_far_cores_feed_their_matrix_units(hardware):
    part = replace(hardware(), matrix_share=np.array([0.2]), clock_headroom=np.array([1.1]))
    working = part.at_working_clock()
    assert working.rates("matrix", ["bf16"])[0, 0] == pytest.approx(0.2 * 1.1 * 100e12)
    assert working.rates("vector", ["fp32"])[0, 0] == pytest.approx(1.1 * part.rates("vector", ["fp32"])[0, 0])
    assert part.rates("matrix", ["bf16"])[0, 0] == 100e12


def test_a_hot_board_has_part_of_the_power_above_idle(hardware):
    part = replace(hardware(), power_idle=np.array([50.0]), power_limit=np.array([250.0]))
    assert part.derated(0.7).power_limit == pytest.approx([190.0])
    assert np.isnan(part.at_boost().power_limit).all()


def test_every_column_is_read_by_some_term():
    folder = Path(simulator.cost.__file__).parent
    modules = (path for path in folder.rglob("*.py") if path.stem not in ("columns", "accelerator_columns"))
    nodes = (node for path in modules for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    # Rates are asked for by the name of their unit, the clock as that of the cores under load, threads by their loads,
    # links by how many devices they have to join.
    read |= {
        "matrix",
        "vector",
        "special",
        "clock_headroom",
        "matrix_share",
        "stream_threads",
        "link_domain",
        "link_mesh",
    }
    assert {field.name for field in fields(HardwareColumns)} <= read


def test_products_have_more_in_flight_than_their_bandwidth_takes():
    every = hardware_columns([load_accelerator(name) for name in list_accelerators()], CalibrationPool.empty())
    assert (every.bytes_in_flight_rate > 2 * every.dram_achievable_copy).all()
    (rate,) = hardware_columns([load_accelerator("a100")], CalibrationPool.empty()).bytes_in_flight_rate
    assert rate == pytest.approx(108 * 2048 * 32 / (533 / 1.41e9))


def test_more_devices_than_a_link_joins_take_the_next_one():
    part, pair, alone = (
        hardware_columns([load_accelerator(n)], CalibrationPool.empty()) for n in ("h100", "a100-pcie-80gb", "l40s")
    )
    devices = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert part.link_between(devices)[:, 0] == pytest.approx([450e9, 450e9, 450e9, 450e9, 63.02e9])
    assert pair.link_between(devices)[:, 0] == pytest.approx([300e9, 300e9, 31.51e9, 31.51e9, 31.51e9])
    assert alone.link_between(devices)[:, 0] == pytest.approx([31.51e9] * 5)


def test_in_a_mesh_few_devices_have_few_lanes():
    part = hardware_columns([load_accelerator("mi300x")], CalibrationPool.empty())
    # A link of 64 GB/s for each of seven others.
    devices = np.array([2.0, 4.0, 8.0, 16.0])
    assert part.link_between(devices)[:, 0] == pytest.approx([64e9, 192e9, 448e9, 63.02e9])
