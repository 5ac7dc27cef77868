"""Reports add up, whatever view is taken, and keep the contract of their fields."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hw_specs import load_accelerator
from simulator.cost import BASES, RESOURCES, Gains, KernelCosts
from simulator.cost.power_limit import Draw
from simulator.execution import Execution
from simulator.hosts.costs import HostCosts
from simulator.lowering import CATEGORIES, lower
from simulator.report import Report, make_report
from simulator.schedule.timeline import schedule
from simulator.simulation import simulate
from tracer.graph import Op, OpGraph, TensorSpec, Workload
from tracer.library.graphs import graph_of

_FREE = HostCosts(
    view=0, operator=0, row_wise=0, product=0, convolution=0, attention=0, launch=0, module=0, stage=0, delay=0, gap=0
)
_PRODUCT = Op(
    "aten::mm",
    tuple(TensorSpec((4, 4), "float16", (), s) for s in (0, 1)),
    (TensorSpec((4, 4), "float16", (), 2),),
    (),
    "model.blocks.0.attn.to_q",
)
_SUM = Op("aten::add", _PRODUCT.inputs, _PRODUCT.outputs, (), "model.blocks.0.norm1")
_COPY = Op("aten::clone", _PRODUCT.inputs[:1], _PRODUCT.outputs, (), "model.blocks.1")


def _report(graph: OpGraph, times: list[float], bounds: list[str], host: HostCosts | None = None, **changes) -> Report:
    """Report of a graph whose kernels take given times, each held back by one given resource."""
    launches = lower(graph, Execution())
    time = np.array(times)[:, None]
    shares = np.array([[float(name == resource) for resource in RESOURCES] for name in bounds]).reshape(
        -1, len(RESOURCES)
    )
    basis = changes.pop("basis", ["datasheet"] * len(times))
    draw = Draw(clocked=time, work=time)
    costs = KernelCosts(time=time, roofline=time, bound=np.zeros((len(times), 1), dtype=np.int64), draw=draw)
    grounds = np.array([BASES.index(name) for name in basis])
    timeline = schedule(launches, time[:, 0], host)
    return make_report(
        timeline, costs, load_accelerator("a100"), grounds, Gains(shares=shares), fidelity="roofline", **changes
    )


def test_stages_categories_and_modules(make_graph):
    graph = make_graph([_PRODUCT, _SUM, _COPY, _PRODUCT], repeats=10)
    report = _report(graph, [3e-3, 2e-3, 1e-3], ["compute", "memory", "memory"])
    assert report.latency == pytest.approx(10 * 9e-3)
    assert report.by_stage["stage"].latency == pytest.approx(report.latency)
    assert {name: e.latency for name, e in report.by_category.items()} == pytest.approx(
        {"linear": 60e-3, "normalization": 20e-3, "data_movement": 10e-3}
    )
    # Three parts of the path are kept.
    assert {name: e.latency for name, e in report.by_module.items()} == pytest.approx(
        {"model.blocks.0": 80e-3, "model.blocks.1": 10e-3}
    )
    assert report.by_category["linear"].share == pytest.approx(6 / 9)
    assert report.by_category["linear"].flops == report.flops == 10 * 2 * (2 * 64)
    assert report.by_category["data_movement"].bytes == 10 * 64
    assert report.launches == 40


def test_depth_of_module_paths(make_graph):
    graph = make_graph([_PRODUCT, _SUM])
    for depth, names in ((1, {"model"}), (9, {"model.blocks.0.attn.to_q", "model.blocks.0.norm1"})):
        assert set(_report(graph, [1e-3, 1e-3], ["compute", "memory"], module_depth=depth).by_module) == names


def test_categories_come_in_the_order_of_the_glossary(make_graph):
    report = _report(make_graph([_COPY, _SUM, _PRODUCT]), [1e-3] * 3, ["memory"] * 3)
    assert list(report.by_category) == [c for c in CATEGORIES if c in report.by_category]


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_bounds_a_kernel(resource, make_graph):
    report = _report(make_graph([_PRODUCT]), [1e-3], [resource])
    assert getattr(report.bound, resource) == pytest.approx(1)
    assert getattr(report.bound_by_category["linear"], resource) == pytest.approx(1)
    assert sum(report.to_dict()["bound"].values()) == pytest.approx(1)


def test_all_up_to_the_last_wait_is_the_hosts(make_graph):
    # Three kernels of 1 ms, each issued 4 ms after the one before: 12 ms on the host, and the last kernel.
    host = replace(_FREE, operator=4e-3, product=4e-3, row_wise=4e-3)
    report = _report(make_graph([_PRODUCT, _SUM, _PRODUCT]), [1e-3, 1e-3], ["compute", "memory"], host)
    assert report.latency == pytest.approx(13e-3)
    assert (report.bound.host, report.bound.compute) == pytest.approx((12 / 13, 1 / 13))
    # The wait is counted with the kernel that it delays.
    assert report.by_category["normalization"].latency == pytest.approx(4e-3)


def test_gaps_of_a_busy_device_are_launches(make_graph):
    host = replace(_FREE, operator=1e-6, product=1e-6, gap=1e-3)
    report = _report(make_graph([_PRODUCT], repeats=100), [4e-3], ["memory"], host)
    assert report.latency == pytest.approx(100 * 5e-3, rel=1e-2)
    assert (report.bound.memory, report.bound.launch) == pytest.approx((0.8, 0.2), abs=0.02)


def test_bases_by_time(make_graph):
    report = _report(
        make_graph([_PRODUCT, _SUM]), [3e-3, 1e-3], ["compute", "memory"], basis=["calibrated", "inherited"]
    )
    assert report.basis == pytest.approx({"datasheet": 0, "calibrated": 0.75, "inherited": 0.25})


def test_growing_repeats_are_split_by_their_own_bounds(make_graph):
    def product(rows: int) -> Op:
        tensors = [TensorSpec((rows, 4), "float16", (), 0), TensorSpec((4, 4), "float16", (), 1)]
        return Op("aten::mm", tuple(tensors), (TensorSpec((rows, 4), "float16", (), 2),), (), "model")

    graph = make_graph([product(1)], grown=[product(4)], repeats=4)
    report = _report(graph, [1e-3] * 4, ["memory", "compute", "compute", "compute"])
    assert (report.bound.memory, report.bound.compute) == pytest.approx((1 / 3, 2 / 3))  # of first, middle, last
    assert report.flops == 2 * 16 * (1 + 2 + 3 + 4)


def test_unmodelled_operators_are_counted_with_their_share(make_graph):
    odd = Op("aten::frobnicate", (), (TensorSpec((2,), "float16", (), 0),))
    report = _report(make_graph([_PRODUCT, odd, _COPY, _COPY], repeats=5), [1e-3, 1e-3], ["compute", "memory"])
    (item,) = report.unmodelled
    assert (item.operator, item.calls, item.share) == ("aten::frobnicate", 5, 0.25)


def test_a_graph_that_launches_nothing(make_graph):
    view = Op("aten::view", (TensorSpec((4,), "float16", (), 0),), (TensorSpec((2, 2), "float16", (), 0),))
    report = _report(make_graph([view]), [], [])
    assert (report.latency, report.flops, report.by_stage) == (0, 0, {})
    assert sum(report.to_dict()["bound"].values()) == 0


def test_sources_of_graph_and_accelerator_without_repetition(make_graph):
    part = load_accelerator("a100")
    graph = replace(make_graph([_PRODUCT]), sources=("a paper", part.sources[0]))
    report = _report(graph, [1e-3], ["compute"])
    assert report.sources == ("a paper", *part.sources)


def test_memory_and_parameters(make_graph):
    report = _report(make_graph([_PRODUCT], parameters=16), [1e-3], ["compute"])
    assert (report.parameters, report.components) == (16, {"model": 16})
    assert report.memory.allocated == 32 + 3 * 32
    assert report.peak_memory == report.memory.total > report.memory.allocated
    assert report.fits
    assert report.memory_capacity == load_accelerator("a100").memory.dram.capacity


def test_contract_of_the_plain_form(make_graph):
    report = _report(make_graph([_PRODUCT, _SUM]), [1e-3, 1e-3], ["compute", "memory"]).to_dict()
    assert {
        "model",
        "accelerator",
        "workload",
        "execution",
        "latency",
        "flops",
        "bytes",
        "parameters",
        "peak_memory",
        "memory",
        "fits",
        "throughput",
        "by_stage",
        "by_category",
        "bound",
        "unmodelled",
    } <= set(report)
    for view in ("by_stage", "by_category", "by_module"):
        assert all(set(e) == {"latency", "flops", "bytes", "share"} for e in report[view].values())
    assert {"compute", "memory", "launch"} <= set(report["bound"])
    assert report["execution"]["mode"] == "eager"
    assert report["workload"]["dtype"] == "float16"


def test_throughput_is_in_the_units_of_those_who_use_it(make_graph):
    graph = make_graph([_PRODUCT])
    images = replace(graph, workload=Workload(batch=4, height=512, width=512))
    seconds = _report(images, [2.0], ["compute"])
    assert seconds.throughput == pytest.approx({"images_per_second": 4 / seconds.latency})
    video = replace(graph, name="wan2.1-1.3b", workload=Workload(height=64, width=64, num_frames=81))
    assert set(_report(video, [2.0], ["compute"]).throughput) == {"frames_per_second", "videos_per_hour"}
    assert _report(graph, [2.0], ["compute"]).throughput == {}
    one = replace(graph, workload=Workload(batch=8, prompt_length=5, max_new_tokens=1))
    answer = _report(one, [2.0], ["compute"])
    first = {"tokens_per_second": 8 / answer.latency, "time_to_first_token": answer.latency}
    assert answer.throughput == pytest.approx(first)


def test_tokens_come_one_a_repeat_of_the_last_stage():
    graph = graph_of("llama3.1-8b", {})
    report = simulate(graph, load_accelerator("h100")).report
    new, decode = graph.workload.max_new_tokens, report.by_stage["decode"].latency
    assert report.throughput == pytest.approx(
        {
            "tokens_per_second": new / report.latency,
            "time_to_first_token": report.by_stage["prefill"].latency,
            "time_per_output_token": decode / (new - 1),
        }
    )
