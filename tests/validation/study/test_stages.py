from __future__ import annotations

import pytest

from validation.study.laboratory import Laboratory
from validation.study.stages import stage_flops
from validation.study.table import Table


def test_flops_of_a_stage_are_those_of_the_report(laboratory: Laboratory) -> None:
    graph = laboratory.graph(laboratory.image_model)
    report = laboratory.simulation(graph, "flash").report
    for stage in graph.stages:
        assert stage_flops(graph, stage) * stage.repeats == pytest.approx(report.by_stage[stage.name].flops)


def test_a_growing_stage_takes_the_mean_of_its_ends(tables: dict[str, Table]) -> None:
    # Products: 2 FLOPs a weight but for the embedding; attention: 4 * 32 layers * 4096 * keys.
    weights = 6_738_415_616 - 32_000 * 4096 - 65 * 4096
    keys = sum(range(2049, 2176))
    expected = 127 * 2 * weights + 4 * 32 * 4096 * keys
    assert tables["stages"].number("flops", model="LLaMA2", stage="decode") == pytest.approx(expected, rel=1e-6)
