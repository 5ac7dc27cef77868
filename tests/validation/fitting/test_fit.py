import json
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import Calibration, CalibrationPool
from simulator.cost import PARAMETERS, hardware_columns, kernel_times
from validation.fitting.fit import OBSERVED, fit_groups, held_out
from validation.measured.tables import read_measured

_HEADER = "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"
_NONE = CalibrationPool.empty()
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
    fit = fit_groups(("stream",), [measured], observed=_NONE)
    assert fit.parameters["stream.dram"] == pytest.approx(0.61, abs=0.02)
    for name, value in fit.parameters.items():
        assert PARAMETERS[name].lower <= value <= PARAMETERS[name].upper
    assert fit.timings == {}


def test_what_no_row_tells_keeps_its_default(measured):
    fit = fit_groups(("stream",), [measured], observed=_NONE)
    idle = {f"stream.{name}" for name in ("strided", "transposed", "element", "offset", "crossed", "tiled")}
    assert idle <= set(fit.held)
    assert all(fit.parameters[name] == PARAMETERS[name].default for name in fit.held)
    assert fit.fitted().keys() == fit.parameters.keys() - set(fit.held)
    assert "stream.dram" in fit.fitted()


def test_what_no_row_tells_keeps_what_was_observed(measured):
    seen = Calibration(
        name="seen",
        scope="observations",
        sources=("s",),
        groups={"stream": ("T4",)},
        parameters={"stream.element": 0.7},
    )
    fit = fit_groups(("stream",), [measured], observed=CalibrationPool.of(seen))
    assert "stream.element" in fit.held
    assert fit.parameters["stream.element"] == 0.7


def test_what_is_held_stays_whatever_the_rows_say(measured):
    assert "stream.floor" in fit_groups(("stream",), [measured], observed=_NONE).fitted()
    held = fit_groups(("stream",), [measured], held=OBSERVED, observed=_NONE)
    assert "stream.floor" in OBSERVED
    assert "stream.floor" in held.held
    assert held.parameters["stream.floor"] == PARAMETERS["stream.floor"].default


def test_a_parameter_at_an_end_of_its_range_says_so(measured):
    # Twice as slow as the least share of the bandwidth allows.
    slow = replace(measured, latency=3.0 * measured.latency)
    fit = fit_groups(("stream",), [slow], observed=_NONE)
    assert "stream.dram" in fit.at_bound


def test_a_quarter_of_the_shapes_is_kept_out_and_always_the_same(measured):
    out = held_out(measured)
    assert 0.1 < out.mean() < 0.45
    assert (held_out(measured) == out).all()
