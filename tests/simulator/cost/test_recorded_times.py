"""Compiled kernel times beside those of numpy: families, models that ship, accelerators of every lineage."""

import functools

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, changeable_paths, load_accelerator
from hw_specs.overrides import change_text, present_numbers, with_followers
from simulator.cost import kernel_times
from simulator.cost.accelerator_columns import VariantColumns
from simulator.cost.recorded_times import RecordedTimes
from simulator.execution import Execution
from simulator.lowering import assign_units, execution_on, lower
from tracer.library.graphs import graph_of

pytest.importorskip("numba")

SHIPPED = CalibrationPool.shipped()
_COUNT = 24
_FIELDS = (
    *("cores.count", "cores.clock", "memory.shared.capacity", "memory.l2.capacity", "memory.l2.bandwidth"),
    *("memory.dram.bandwidth", "memory.dram.latency", "power.board"),
)


def _drawn(part, seed):
    """Numbers of variants: those of many fields at once, a factor of up to three either way."""
    present = present_numbers(part)
    factors = np.exp(np.random.default_rng(seed).uniform(-1.1, 1.1, (len(_FIELDS), _COUNT)))
    chosen = {path: present[path] * row for path, row in zip(_FIELDS, factors, strict=True) if path in present}
    whole = {path: np.maximum(np.round(chosen[path]), 1.0) for path in chosen if not changeable_paths(part)[path]}
    return with_followers(present, chosen | whole), chosen | whole


@functools.cache
def _kernels(model, name, mode):
    part = load_accelerator(name)
    return assign_units(lower(graph_of(model, {}), execution_on(part, Execution(mode=mode))).kernels, part)


@pytest.mark.parametrize("fidelity", ["calibrated", "roofline"])
@pytest.mark.parametrize(
    ("model", "name", "mode"),
    [
        ("stable-diffusion", "h100", "eager"),
        ("stable-diffusion", "v100", "compiled"),
        ("make-a-video", "a100", "eager"),
        ("flux-dev", "b200", "compiled-graph"),
        ("llama2-7b", "mi300x", "cuda-graph"),
        ("sdxl", "l40s", "eager"),
        ("stable-diffusion", "t4", "eager"),
        ("stable-diffusion", "p100", "eager"),
        ("muse", "tpu-v5e", "compiled"),
    ],
)
def test_compiled_times_are_those_of_numpy(model, name, mode, fidelity):
    part, kernels = load_accelerator(name), _kernels(model, name, mode)
    numbers, chosen = _drawn(part, seed=len(model) + len(name))
    units = changeable_paths(part)
    changed = apply_overrides(part, [change_text(path, float(v[0]), units[path]) for path, v in chosen.items()])
    columns = VariantColumns.of(changed, SHIPPED)
    recorded = RecordedTimes.of(kernels, columns, numbers, fidelity)
    assert recorded is not None
    found = recorded.at_boost(numbers, _COUNT)
    expected = kernel_times(kernels, columns.columns(numbers, _COUNT).at_boost(), fidelity=fidelity)
    assert found.time == pytest.approx(expected.time, rel=1e-12)
    assert found.draw.clocked == pytest.approx(expected.draw.clocked, rel=1e-9, abs=1e-15)
    assert found.draw.work == pytest.approx(expected.draw.work, rel=1e-12)
