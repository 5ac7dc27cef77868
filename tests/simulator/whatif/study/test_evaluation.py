"""Figures of designs: those of simulate, and reasons where there are none."""

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.execution import Execution
from simulator.simulation import simulate
from simulator.whatif.compare import compare_setups
from simulator.whatif.setups import every_setup
from simulator.whatif.study.evaluation import BOUNDS, Evaluator, columns_of, figure_units
from simulator.whatif.study.study import load_study
from tracer.library.graphs import graph_of

SHIPPED = CalibrationPool.shipped()


def _rows(content, model="stable-diffusion"):
    study = load_study({"models": model, "sampling": {"method": "list"}} | content)
    count = len(study.designs)
    groups = list(study.designs.groups(0, count))
    return Evaluator(study=study).evaluate(study.file.models[0], groups, count), columns_of(study, groups, count)


def test_figures_are_those_of_simulate():
    designs = [
        {},
        {"memory.dram.bandwidth": "2x", "cores.count": 264},
        {"attention": "naive", "execution": "cuda-graph"},
        {"memory.dram.bandwidth": "0.7x", "cores.count": 66},
        {"memory.dram.bandwidth": "1x"},
    ]
    rows, columns = _rows({"hw": "h100", "designs": designs})
    part, graph = load_accelerator("h100"), graph_of("stable-diffusion", {})
    runs = [
        (part, Execution()),
        (apply_overrides(part, ["memory.dram.bandwidth=2x", "cores.count=264"]), Execution()),
        (part, Execution(mode="cuda-graph", attention="naive")),
        (apply_overrides(part, ["memory.dram.bandwidth=0.7x", "cores.count=66"]), Execution()),
        (part, Execution()),
    ]
    for at, (accelerator, execution) in enumerate(runs):
        report = simulate(graph, accelerator, execution, calibrations=SHIPPED).report
        found = {name: values[at] for name, values in rows.figures.items()}
        assert found["latency"] == pytest.approx(report.latency, rel=1e-12)
        assert found["latency_low"] == pytest.approx(report.interval.low, rel=1e-12)
        assert found["latency_high"] == pytest.approx(report.interval.high, rel=1e-12)
        assert found["energy"] == pytest.approx(report.energy.energy, rel=1e-12)
        assert found["peak_memory"] == report.peak_memory
    assert columns["memory.dram.bandwidth"][[1, 4]].tolist() == [6.7e12, 3.35e12]
    assert np.isnan(columns["cores.count"][0])
    assert columns["attention"].tolist() == [None, None, "naive", None, None]


def test_figures_are_those_of_a_comparison():
    changes = {"memory.dram.bandwidth": "2x", "peak.matrix": "1.3x"}
    rows, _ = _rows({"hw": "h100", "designs": [{}, changes]})
    setups = every_setup(["stable-diffusion"], ["h100"], [f"{path}={value}" for path, value in changes.items()])
    for at, row in enumerate(compare_setups(setups).to_list()):
        assert rows.figures["latency"][at] == pytest.approx(row["latency"], rel=1e-12)
        assert rows.figures["latency_low"][at] == pytest.approx(row["interval"][0], rel=1e-12)
        assert rows.figures["energy"][at] == pytest.approx(row["energy"], rel=1e-12)
        assert rows.figures["peak_memory"][at] == row["peak_memory"]
        assert rows.figures["fits"][at] == row["fits"]


def test_designs_that_cannot_be_run_say_why():
    designs = [{"attention": "flash3"}, {}, {"attention": "flash3", "memory.dram.bandwidth": "2x"}]
    rows, _ = _rows({"hw": "a100", "designs": designs})
    assert [reason is None for reason in rows.failure] == [False, True, False]
    assert rows.failure[0].startswith("attention 'flash3' does not exist on A100")
    assert np.isnan(rows.figures["latency"]).tolist() == [True, False, True]


def test_what_holds_a_design_back_is_that_of_its_report():
    rows, _ = _rows({"hw": "h100", "designs": [{"power.board": "0.6x"}, {}], "outputs": ["bound"]})
    part, graph = load_accelerator("h100"), graph_of("stable-diffusion", {})
    bound = simulate(graph, apply_overrides(part, ["power.board=0.6x"]), calibrations=SHIPPED).report.bound
    assert [rows.figures[f"bound_{name}"][0] for name in BOUNDS] == pytest.approx([getattr(bound, n) for n in BOUNDS])
    assert sum(rows.figures[f"bound_{name}"][1] for name in BOUNDS) == pytest.approx(1.0)


def test_a_priced_accelerator_has_a_cost(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: Mine\nextends: h100\nprice: {currency: EUR, base: 10, per: {cores.count: 2}}\nsources: [me]\n",
        encoding="utf-8",
    )
    content = {"hw": str(path), "designs": [{"cores.count": 100}, {}]}
    rows, _ = _rows(content)
    assert rows.figures["cost"].tolist() == [210.0, 10 + 2 * 132]
    study = load_study({"models": "stable-diffusion", "sampling": {"method": "list"}} | content)
    assert figure_units(study)["cost"] == "EUR"


def test_a_dtype_can_be_left_to_the_accelerator():
    rows, _ = _rows({"hw": "t4", "designs": [{"dtype": "auto"}, {"dtype": "auto", "power.board": "2x"}]})
    assert np.isfinite(rows.figures["latency"]).all()
