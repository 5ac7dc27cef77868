"""The whole path: properties that any prediction has."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.cost import UnsupportedFormatError
from simulator.execution import ATTENTION_CHOICES, EXECUTION_MODES, Execution, ExecutionError
from simulator.simulation import BeyondNumbersError, require_time, simulate
from tracer.graph import OpGraph

SHIPPED = CalibrationPool.shipped()

_A100 = load_accelerator("a100")
_MODES = [Execution(mode=mode, attention=a) for mode in EXECUTION_MODES for a in ("flash", "naive")]


def _ids(execution: Execution) -> str:
    return f"{execution.mode}-{execution.attention}"


@pytest.fixture(scope="module")
def graph(stable_diffusion_graph) -> OpGraph:
    return stable_diffusion_graph


def _latency(graph: OpGraph, accelerator=_A100, execution: Execution | None = None, **settings) -> float:
    return simulate(graph, accelerator, execution, **settings, calibrations=SHIPPED).report.latency


@pytest.mark.parametrize("execution", _MODES, ids=_ids)
@pytest.mark.parametrize("fidelity", ["roofline", "calibrated"])
def test_every_view_adds_up(execution, fidelity, graph):
    report = simulate(graph, _A100, execution, fidelity=fidelity, calibrations=SHIPPED).report
    assert report.unmodelled == ()
    for view in (report.by_stage, report.by_category, report.by_module):
        for quantity in ("latency", "flops", "bytes"):
            parts = sum(getattr(entry, quantity) for entry in view.values())
            assert parts == pytest.approx(getattr(report, quantity), rel=1e-9)
        assert sum(entry.share for entry in view.values()) == pytest.approx(1)
        assert all(entry.latency >= 0 for entry in view.values())
    assert sum(report.to_dict()["bound"].values()) == pytest.approx(1)
    assert sum(report.basis.values()) == pytest.approx(1)


@pytest.mark.parametrize("execution", _MODES, ids=_ids)
def test_the_datasheet_is_a_lower_bound(execution, graph):
    for name in ("a100", "h100", "v100", "rtx4090", "mi300x"):
        part = load_accelerator(name)
        roofline, calibrated = (_latency(graph, part, execution, fidelity=f) for f in ("roofline", "calibrated"))
        assert 0 < roofline <= calibrated


@pytest.mark.parametrize(
    "change", ["memory.dram.bandwidth=2x", "memory.l2.bandwidth=2x", "peak.matrix=2x", "cores.clock=1.5x"]
)
@pytest.mark.parametrize("fidelity", ["roofline", "calibrated"])
def test_a_better_part_is_never_slower(change, fidelity, graph):
    better = apply_overrides(_A100, [change])
    assert _latency(graph, better, fidelity=fidelity) <= _latency(graph, fidelity=fidelity) * (1 + 1e-12)


def test_twice_of_everything_halves_the_roofline(graph):
    changes = [f"{path}=2x" for path in ("memory.dram.bandwidth", "memory.l2.bandwidth", "peak.matrix", "peak.vector")]
    twice = apply_overrides(_A100, [*changes, "peak.special=2x"])
    assert _latency(graph, twice, fidelity="roofline") == pytest.approx(_latency(graph, fidelity="roofline") / 2)


def test_steps_scale_the_denoiser_and_nothing_else(graph):
    def by_stage(steps: int) -> dict[str, float]:
        stages = tuple(replace(s, repeats=steps if s.name == "unet" else s.repeats) for s in graph.stages)
        report = simulate(replace(graph, stages=stages), _A100, fidelity="roofline", calibrations=SHIPPED).report
        return {name: entry.latency for name, entry in report.by_stage.items()}

    fifty, twenty = by_stage(50), by_stage(20)
    assert twenty["unet"] == pytest.approx(fifty["unet"] * 20 / 50)
    others = {name: time for name, time in fifty.items() if name != "unet"}
    assert {name: twenty[name] for name in others} == pytest.approx(others)


def test_flops_are_those_of_the_workload_on_every_part(graph):
    found = {
        simulate(graph, load_accelerator(n), fidelity="roofline", calibrations=SHIPPED).report.flops
        for n in ("a100", "v100", "p100")
    }
    assert len(found) == 1
    report = simulate(graph, _A100, calibrations=SHIPPED).report
    assert report.by_stage["unet"].flops == pytest.approx(50 * 1.60655e12, rel=1e-5)


def test_fused_attention_is_faster_and_smaller_than_naive(graph):
    flash, naive = (
        simulate(graph, _A100, Execution(attention=a), calibrations=SHIPPED).report for a in ("flash", "naive")
    )
    assert flash.latency < naive.latency
    assert flash.peak_memory < naive.peak_memory
    assert flash.by_category["attention_spatial"].bytes < 0.1 * naive.by_category["attention_spatial"].bytes


def test_modes_that_save_launches_are_never_slower(graph):
    eager, captured, compiled, both, fused = (_latency(graph, execution=Execution(mode=m)) for m in EXECUTION_MODES)
    assert captured <= eager
    assert fused <= both <= compiled <= eager


@pytest.mark.parametrize("attention", sorted({*ATTENTION_CHOICES} - {"flash3"}))
def test_every_choice_of_attention_runs_where_it_exists(attention, graph):
    part = load_accelerator("mi300x" if attention in ("ck", "aiter") else "b200")
    assert _latency(graph, part, Execution(attention=attention)) > 0


def test_a_kernel_by_name_is_the_denoisers_and_the_decoder_takes_another(graph):
    run = simulate(graph, load_accelerator("b200"), Execution(attention="flash2"), calibrations=SHIPPED)
    (remark,) = run.report.remarks
    assert "flash2 runs no call with heads of 512 elements" in remark
    assert "vae takes" in remark
    assert simulate(graph, load_accelerator("b200"), calibrations=SHIPPED).report.remarks == ()


def test_a_kernel_that_is_absent_is_refused(graph):
    with pytest.raises(ExecutionError, match="does not exist on B200"):
        simulate(graph, load_accelerator("b200"), Execution(attention="flash3"), calibrations=SHIPPED)


def test_a_dtype_that_the_part_lacks(graph):
    operators = tuple(
        replace(
            op,
            inputs=tuple(replace(t, dtype="bfloat16") for t in op.inputs),
            outputs=tuple(replace(t, dtype="bfloat16") for t in op.outputs),
        )
        for op in graph.operators
    )
    with pytest.raises(UnsupportedFormatError, match=r"V100.*bf16"):
        simulate(replace(graph, operators=operators), load_accelerator("v100"), calibrations=SHIPPED)


def test_results_between_the_steps_fit_together(graph):
    simulation = simulate(graph, _A100, calibrations=SHIPPED)
    assert simulation.costs.time.shape == (len(simulation.launches.kernels), 1)
    assert simulation.timeline.latency == simulation.report.latency
    assert (simulation.costs.time >= simulation.costs.roofline).all()


def test_a_simulation_needs_no_torch():
    program = (
        "import sys; from tracer.library.graphs import graph_of; from simulator.simulation import simulate;"
        "from hw_specs import CalibrationPool, load_accelerator;"
        "part, pool = load_accelerator('a100'), CalibrationPool.shipped();"
        "simulate(graph_of('stable-diffusion', {}), part, calibrations=pool);"
        "heavy = {'torch', 'diffusers', 'transformers', 'scipy', 'pandas', 'matplotlib'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")


class TestNumbersThatNoPartHas:
    """A time that is no number is an error and never a figure; what is only absurd gets a warning."""

    @pytest.mark.parametrize("change", ["memory.dram.bandwidth=1e-35x", "peak.matrix=1e-35x", "cores.clock=1e-35x"])
    def test_a_time_beyond_all_is_refused(self, change, graph):
        part = apply_overrides(load_accelerator("a100"), [change])
        with pytest.raises(BeyondNumbersError, match=f"has no time that is a number: .*{change.partition('=')[0]}"):
            simulate(graph, part)

    def test_a_memory_that_holds_no_weight_is_named(self, graph):
        part = apply_overrides(load_accelerator("a100"), ["memory.dram.capacity=1 MB"])
        remarks = simulate(graph, part).report.remarks
        assert any(line.startswith("warning: memory.dram.capacity is 1") for line in remarks)

    @pytest.mark.parametrize("seconds", [math.inf, math.nan, -1.0, 1e19])
    def test_times_that_are_none(self, seconds):
        with pytest.raises(BeyondNumbersError, match=r"run on A100-SXM4-80GB has no time that is a number: sizes of"):
            require_time(seconds, "run", load_accelerator("a100"))
