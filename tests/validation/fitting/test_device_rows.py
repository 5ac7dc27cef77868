"""Rows of one device in a fit: their times, groups, weights and floors."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hw_specs import CalibrationPool
from simulator.cost import hardware_columns, kernel_times
from simulator.cost.families import GROUPS
from validation.fitting import device_rows
from validation.fitting.device_rows import DeviceRows, row_groups, rows_to_fit, timing_floors
from validation.measured.tables import read_measured

_HEADER = "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"
_NONE = CalibrationPool.empty()


@pytest.fixture
def measured(tmp_path):
    """Twelve additions and twelve softmaxes of 20 and of 60 us on a T4."""

    def line(op, number):
        shapes = json.dumps([[1000 * (number + 1), 1000]] * (2 if op == "add" else 1))
        latency = 20e-6 if number % 2 else 60e-6
        attributes = '"{""dim"": -1}"' if op == "softmax" else '"{}"'
        return f'NVIDIA T4,aten::{op},"{shapes}",float32,{attributes},{latency},,synthetic\n'

    path = tmp_path / "m.csv"
    path.write_text(_HEADER + "".join(line(op, n) for op in ("add", "softmax") for n in range(12)), encoding="utf-8")
    return read_measured(path)


def _rows(measured):
    return DeviceRows.build(measured, (), np.zeros(0), _NONE)


def test_errors_are_those_of_the_cost_model(measured):
    parameters = {"stream.dram": 0.6, "softmax.dram": 0.7}
    hardware = hardware_columns([measured.accelerator], _NONE).with_parameters(parameters)
    times = measured.per_row(kernel_times(measured.kernels, hardware).time[:, 0])
    errors = _rows(measured).errors(parameters, np.zeros(0))
    weight = np.where(measured.latency > 50e-6, 1.0, 0.4)  # short rows count less
    assert errors == pytest.approx(weight * np.log(times / measured.latency))


def test_kernels_whose_parameters_stay_are_not_computed_again(measured, monkeypatch):
    computed = []

    def counted(kernels, hardware):
        computed.append(len(kernels))
        return kernel_times(kernels, hardware)

    monkeypatch.setattr(device_rows, "kernel_times", counted)
    rows = _rows(measured)
    for dram in (0.6, 0.7, 0.6):
        rows.errors({"stream.dram": dram, "softmax.dram": 0.7}, np.zeros(0))
    assert computed == [12, 12, 12]  # additions at two shares, softmaxes at one


def test_rows_know_their_groups(measured):
    bits = 1 << GROUPS.index("stream"), 1 << GROUPS.index("softmax")
    assert set(row_groups(measured).tolist()) == set(bits)


def test_rows_of_other_groups_are_left_out_and_the_rest_is_thinned_evenly(measured):
    assert rows_to_fit(("stream",), measured, 900).tolist() == list(range(12))
    assert rows_to_fit(("stream",), measured, 3).tolist() == [0, 5, 11]
    assert rows_to_fit(("stream", "softmax"), measured, 2).tolist() == [0, 11, 12, 23]


def test_a_floor_is_where_times_pile_up(tmp_path):
    def floor(latencies):
        lines = [
            f'NVIDIA T4,aten::relu,"[[{n + 1000}, 1000]]",float32,"{{}}",{t},,neusight' for n, t in enumerate(latencies)
        ]
        path = tmp_path / "m.csv"
        path.write_text(_HEADER + "\n".join(lines) + "\n", encoding="utf-8")
        keys, floors = timing_floors([read_measured(path)])
        assert keys == (("NVIDIA T4", "neusight", "aten::relu"),)
        return float(floors[0])

    pile = np.append(np.full(30, 3.0e-5), np.geomspace(4e-5, 2e-3, 30))
    assert floor(pile) == pytest.approx(3.0e-5)
    # Nothing piles up: the fifth percentile is no floor.
    assert floor(np.geomspace(1e-5, 1e-2, 60)) == pytest.approx(1.25e-5)
