"""Energy on several accelerators at once, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import hardware_columns
from simulator.cost.energies import work_energies
from simulator.energy.variants import energies
from simulator.execution import Execution
from simulator.lowering import lower
from simulator.schedule.stage import StageRun
from tracer.graph import Op, TensorSpec


def test_energy_is_that_of_idling_running_and_working_within_the_limit(make_graph):
    tensor = TensorSpec((1024, 1024), "float16", (), 0)
    graph = make_graph([Op("aten::silu", (tensor,), (tensor,))], repeats=4)
    launches = lower(graph, Execution())
    hardware = hardware_columns([load_accelerator("a100")] * 3, CalibrationPool.empty())
    hardware = replace(
        hardware,
        power_idle=np.array([50.0, 50.0, np.nan]),
        power_active=np.full(3, 100.0),
        power_limit=np.array([np.nan, 70.0, np.nan]),
    )
    run = StageRun(
        execution=np.full((1, 3), 2.0),
        waiting=np.full((1, 3), 1.0),
        first_start=np.zeros((1, 3)),
        first_end=np.zeros(1),
    )
    work = 4 * work_energies(launches.kernels, hardware.cache_capacity, hardware.energy)[0]
    found = energies(launches.kernels, launches.stages, [run], hardware)
    assert found[:2] == pytest.approx([50 * 3 + 100 * 2 + work[0], 70 * 3])
    assert np.isnan(found[2])
