import json
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool
from simulator.cost import PARAMETERS, hardware_columns, kernel_times
from simulator.cost.families import GROUPS
from validation.fitting.fit import fit_groups, held_out, row_groups
from validation.measured.tables import read_measured

_HEADER = "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"
_TRUTH = {"stream.dram": 0.61, "stream.resident": 0.9}


@pytest.fixture
def measured(tmp_path):
    """Additions whose times the model itself made, with parameters that are not the defaults."""
    sizes = np.unique(np.geomspace(1e5, 3e8, 60).astype(int)).tolist()
    shapes = [json.dumps([[n, 1], [n, 1]]) for n in sizes]

    def write(latency):
        lines = [
            f'NVIDIA T4,aten::add,"{s}",float32,"{{}}",{t},,synthetic\n' for s, t in zip(shapes, latency, strict=True)
        ]
        path = tmp_path / "m.csv"
        path.write_text(_HEADER + "".join(lines), encoding="utf-8")
        return read_measured(path)

    blank = write([1e-5] * len(shapes))
    hardware = hardware_columns([blank.accelerator], calibrations=CalibrationPool.empty()).with_parameters(_TRUTH)
    return write(kernel_times(blank.kernels, hardware, fidelity="calibrated").time[:, 0].tolist())


def test_fit_finds_the_parameters_that_made_the_times(measured):
    fit = fit_groups(("stream",), [measured])
    assert fit.parameters["stream.dram"] == pytest.approx(0.61, abs=0.02)
    for name, value in fit.parameters.items():
        assert PARAMETERS[name].lower <= value <= PARAMETERS[name].upper
    assert fit.timings == {}


def test_what_no_row_tells_keeps_its_default(measured):
    fit = fit_groups(("stream",), [measured])
    idle = {f"stream.{name}" for name in ("strided", "transposed", "element", "offset", "crossed", "tiled")}
    assert idle <= set(fit.held)
    assert all(fit.parameters[name] == PARAMETERS[name].default for name in fit.held)
    assert fit.fitted().keys() == fit.parameters.keys() - set(fit.held)
    assert "stream.dram" in fit.fitted()


def test_a_parameter_at_an_end_of_its_range_says_so(measured):
    # Twice as slow as the least share of the bandwidth allows.
    slow = replace(measured, latency=3.0 * measured.latency)
    fit = fit_groups(("stream",), [slow])
    assert "stream.dram" in fit.at_bound


def test_rows_know_their_groups(measured):
    assert set(row_groups(measured).tolist()) == {1 << GROUPS.index("stream")}


def test_a_quarter_of_the_shapes_is_kept_out_and_always_the_same(measured):
    out = held_out(measured)
    assert 0.1 < out.mean() < 0.45
    assert (held_out(measured) == out).all()


def test_a_floor_is_where_times_pile_up(tmp_path):
    def floor(latencies):
        lines = [
            f'NVIDIA T4,aten::relu,"[[{n + 1000}, 1000]]",float32,"{{}}",{t},,neusight' for n, t in enumerate(latencies)
        ]
        path = tmp_path / "m.csv"
        path.write_text(_HEADER + "\n".join(lines) + "\n", encoding="utf-8")
        (timing,) = fit_groups(("stream",), [read_measured(path)]).timings.values()
        return timing.floor

    pile = np.append(np.full(30, 3.0e-5), np.geomspace(4e-5, 2e-3, 30))
    assert floor(pile) == pytest.approx(3.0e-5)
    # Nothing piles up: the fifth percentile is no floor.
    assert floor(np.geomspace(1e-5, 1e-2, 60)) == pytest.approx(1.25e-5)
