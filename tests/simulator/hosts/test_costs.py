"""Host time of calls by hand."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from hw_specs import Calibration, CalibrationPool, apply_overrides, load_accelerator
from simulator.execution import EXECUTION_MODES, Execution
from simulator.hosts.catalogue import load_host
from simulator.hosts.costs import KIND_COST, call_times, host_costs, host_of
from simulator.hosts.host import HostCosts
from simulator.lowering import lower
from tracer.graph import Op, StorageRole, TensorSpec
from tracer.operators import FREE, Kind

# Every cost a different power of ten, so that a sum says what is in it.
_COSTS = HostCosts(
    view=1,
    operator=10,
    row_wise=100,
    product=1_000,
    convolution=10_000,
    attention=100_000,
    launch=0.1,
    module=0.01,
    stage=1e6,
    delay=0,
    gap=0,
)


def _op(name: str, module: str = "model", *, shape: tuple[int, ...] = (4, 4), inputs: int = 1, **attributes) -> Op:
    tensor = TensorSpec(shape, "float16", (), 0)
    return Op(f"aten::{name}", (tensor,) * inputs, (tensor,), tuple(sorted(attributes.items())), module)


def _times(make_graph, *calls: Op, execution: Execution | None = None, repeats: int = 2) -> list[float]:
    launches = lower(make_graph(calls, repeats=repeats), execution or Execution())
    return call_times(launches.graph, launches.stages[0], _COSTS).tolist()


@pytest.mark.parametrize(
    ("call", "cost"),
    [
        (_op("silu"), 10),
        (_op("clone"), 10),
        (_op("_softmax", dim=-1), 100),
        (_op("native_layer_norm", inputs=3), 100),
        (_op("_fused_rms_norm", inputs=2), 100),
        (_op("mm", inputs=2), 1_000),
        (_op("addmm", inputs=3), 1_000),
        (_op("addbmm", shape=(4, 4, 4), inputs=3), 1_000),
        (_op("convolution", shape=(4, 4, 1, 1), inputs=2), 10_000),
        (_op("scaled_dot_product_attention", shape=(1, 1, 4, 4), inputs=3), 100_000),
    ],
    ids=lambda value: value.name if isinstance(value, Op) else "",
)
def test_one_call(call, cost, make_graph):
    (time,) = _times(make_graph, call)
    assert time == pytest.approx(1e6 + cost + 0.1 + 0.01)


def test_a_bare_module_runs_no_code_of_a_pipeline(make_graph):
    (once,) = _times(make_graph, _op("silu"), repeats=1)
    (in_turn,) = _times(make_graph, _op("silu"), repeats=2)
    assert (once, in_turn) == pytest.approx((10.11, 1e6 + 10.11))


def _layer(module: str, data: int, weight: int) -> Op:
    first, second, out = (TensorSpec((4, 4), "float16", (), storage) for storage in (data, weight, 8 + weight))
    return Op("aten::mm", (first, second), (out,), (), module)


def test_guards_of_modules_with_weights_come_before_the_first_launch(make_graph):
    calls = [_layer("a", 0, 1), _op("silu", "b"), _layer("a", 0, 1), _layer("c", 0, 2)]
    roles = {1: StorageRole.PARAMETER, 2: StorageRole.PARAMETER}
    launches = lower(make_graph(calls, roles=roles), Execution())
    plain, guarded = (
        call_times(launches.graph, launches.stages[0], replace(_COSTS, guards=guards)) for guards in (0, 1e7)
    )
    assert (guarded - plain).tolist() == pytest.approx([2e7] * 4)  # two modules have weights


@pytest.mark.parametrize(
    ("mode", "cache", "cost"), [("cuda-graph", "masked", 0), ("eager", "masked", 1e6), ("cuda-graph", "paged", 1e6)]
)
def test_a_loop_of_graphs_alone_has_no_code_of_a_pipeline(make_graph, mode, cache, cost):
    graph = make_graph([_op("silu")], repeats=2)
    graph = replace(graph, workload=replace(graph.workload, kv_cache=cache))
    launches = lower(graph, Execution(mode=mode))
    times = [call_times(graph, launches.stages[0], replace(_COSTS, stage=stage)) for stage in (0, 1e6)]
    assert times[1] - times[0] == pytest.approx([cost])


def test_every_kind_has_a_cost():
    assert set(KIND_COST) == set(Kind)
    assert set(KIND_COST.values()) <= {item.name for item in fields(HostCosts)}
    assert {kind for kind, cost in KIND_COST.items() if cost == "view"} == FREE


def test_calls_one_after_another(make_graph):
    # view 1, operator 10 and a launch; then another operator and launch; the module is entered once.
    found = _times(make_graph, _op("view"), _op("silu"), _op("silu"))
    assert found == pytest.approx([1e6 + 0.01 + 1 + 10 + 0.1, 1e6 + 0.01 + 1 + 20 + 0.2])


def test_every_change_of_module_costs(make_graph):
    found = _times(make_graph, _op("silu", "a"), _op("silu", "b"), _op("silu", "a"))
    assert found == pytest.approx([1e6 + 10 * n + 0.1 * n + 0.01 * n for n in (1, 2, 3)])


def test_kernels_of_one_call_are_launched_one_after_another(make_graph):
    norm = _op("native_group_norm", shape=(1, 4, 2, 2), inputs=3, group=2)
    found = _times(make_graph, norm)
    assert found == pytest.approx([1e6 + 100.01 + 0.1 * n for n in (1, 2, 3)])


def test_a_stage_that_launches_nothing(make_graph):
    assert _times(make_graph, _op("view")) == []


def test_times_never_decrease(stable_diffusion_graph):
    for mode in EXECUTION_MODES:
        launches = lower(stable_diffusion_graph, Execution(mode=mode))
        for stage in launches.stages:
            times = call_times(stable_diffusion_graph, stage, host_costs(load_host(), load_accelerator("a100"))[mode])
            assert (times[1:] >= times[:-1]).all()
            assert times[0] > 0


@pytest.mark.parametrize("name", ["a100", "h100", "v100", "mi300x"])
def test_one_host_for_all_accelerators(name):
    assert host_of(load_accelerator(name), CalibrationPool.shipped()) == load_host("server-2023")


def test_the_one_that_is_named_drives_any():
    named = load_host("server-2018")
    probed = CalibrationPool.of(_host(load_accelerator("a100").name, view=2e-6))
    assert host_of(load_accelerator("a100"), probed, named) is named


def _host(accelerator: str, **costs: float) -> Calibration:
    return Calibration(
        name="probed",
        accelerators=(accelerator,),
        groups={"host": (accelerator,)},
        parameters={f"host.{name}": cost for name, cost in costs.items()},
        sources=("measured",),
    )


def test_a_measured_host_replaces_the_default_one():
    part, default = load_accelerator("a100"), load_host().costs
    probed = CalibrationPool.of(_host(part.name, view=2e-6, operator=10e-6, launch=6.6e-6, gap=2.6e-6))
    host = host_of(part, probed)
    eager, compiled = (host_costs(host, part)[mode] for mode in ("eager", "compiled"))
    assert (eager.operator, eager.launch, eager.gap) == pytest.approx((10e-6, 6.6e-6, 2.6e-6))
    # Twice the default one's views: so are modules, and what compiled code pays for an operator.
    assert eager.module == pytest.approx(2 * default["eager"].module)
    assert compiled.operator == pytest.approx(2 * default["compiled"].operator)
    assert eager.delay == default["eager"].delay
    assert host.name == f"measured on {part.name}"
    assert host_of(load_accelerator("h100"), probed) == load_host()


def test_a_measured_host_stays_that_of_a_changed_accelerator():
    part = load_accelerator("a100")
    probed = CalibrationPool.of(_host(part.name, view=2e-6))
    changed = apply_overrides(part, ["memory.dram.bandwidth=2x"])
    assert host_of(changed, probed).costs == host_of(part, probed).costs


def test_a_cpu_pays_for_views_and_modules_alone():
    part = load_accelerator("xeon_8480plus")
    host = host_of(part, CalibrationPool.of(_host(part.name, view=3e-6, module=4e-6, operator=9e-6)))
    costs = host_costs(host, part)["eager"]
    assert (costs.view, costs.module, costs.operator, costs.launch) == (3e-6, 4e-6, 0.0, 0.0)
