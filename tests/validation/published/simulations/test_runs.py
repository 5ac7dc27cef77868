from __future__ import annotations

import pytest

import validation.published.simulations.runs as module
from hw_specs import CalibrationPool, load_accelerator
from simulator.execution import Execution
from simulator.simulation import simulate
from tracer.library.graphs import graph_of
from validation.published.case import Case
from validation.published.simulations import Simulations

SHIPPED = CalibrationPool.shipped()


def case(**changes: object) -> Case:
    fields: dict[str, object] = {"id": "x", "model": "muse", "device": "A100-SXM4-80GB", "value": 1.0, "source": "here"}
    return Case.model_validate(fields | {"grade": "A"} | changes)


def test_a_case_is_what_a_simulation_of_it_says() -> None:
    predicted = Simulations(SHIPPED).predict(case())
    how = Execution(software=case().to_execution().software)
    alone = simulate(graph_of("muse", {}), load_accelerator("a100"), how)
    assert alone.deviation is not None
    assert predicted.time == pytest.approx(alone.report.latency)
    assert predicted.deviation == alone.deviation.relative()
    assert predicted.errors is not None
    assert predicted.errors.variance() == pytest.approx(predicted.deviation**2)
    assert alone.report.basis[predicted.basis] == max(alone.report.basis.values())


def test_parts_of_one_run_are_read_off_one_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def counted(*arguments: object, **named: object) -> object:
        made.append(named["fidelity"])
        return simulate(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "simulate", counted)
    simulations = Simulations(SHIPPED)
    stages = [stage.name for stage in simulations.graph(case()).stages]
    parts = [simulations.predict(case(quantity="stage_latency", stage=name)) for name in stages]
    whole, bound = simulations.predict(case()), simulations.predict(case(), "roofline")
    assert made == ["calibrated", "roofline"]
    runs = [stage.repeats for stage in simulations.graph(case()).stages]
    assert whole.time == pytest.approx(sum(n * part.time for n, part in zip(runs, parts, strict=True)))
    assert bound.time < whole.time
    assert (bound.errors, bound.deviation) == (None, 0.0)
