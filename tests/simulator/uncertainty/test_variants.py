"""Deviations on several accelerators at once, beside those of each alone."""

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.execution import Execution
from simulator.lowering import assign_units, execution_on, lower
from simulator.schedule.timeline import issues_of, schedule, stage_runs
from simulator.uncertainty.deviation import run_deviation
from simulator.uncertainty.variants import VariantDeviations
from tracer.library.graphs import graph_of

SHIPPED = CalibrationPool.shipped()


@pytest.mark.parametrize("model", ["stable-diffusion", "llama2-7b"])
@pytest.mark.parametrize("changes", [[], ["memory.dram.bandwidth=2x"]])
def test_deviations_are_those_of_each_accelerator_alone(model, changes):
    part = apply_overrides(load_accelerator("h100"), changes)
    launches = lower(graph_of(model, {}), execution_on(part, Execution(mode="cuda-graph")))
    table = assign_units(launches.kernels, part)
    times = 10.0 ** np.random.default_rng(1).uniform(-6, -2.5, (len(table), 3))
    variants = VariantDeviations.of(table, launches.stages, part, SHIPPED)
    found = variants.relative(stage_runs(launches, times, issues_of(launches, None)), times)
    alone = [
        run_deviation(schedule(launches, times[:, at], None), table, times[:, at], part, SHIPPED).relative()
        for at in range(3)
    ]
    assert found == pytest.approx(alone, rel=1e-12)
