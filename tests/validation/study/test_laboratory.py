from __future__ import annotations

from validation.study.laboratory import Laboratory
from validation.study.suite import LATENT_DIFFUSION


def test_graphs_and_simulations_are_made_once() -> None:
    said: list[str] = []
    laboratory = Laboratory(progress=said.append)
    graph = laboratory.graph(LATENT_DIFFUSION)
    assert laboratory.graph(LATENT_DIFFUSION) is graph
    assert said == ["graph of Stable Diffusion"]
    assert laboratory.simulation(graph, "flash") is laboratory.simulation(graph, "flash")
    assert laboratory.simulation(graph, "flash") is not laboratory.simulation(graph, "naive")


def test_the_attention_is_the_one_asked_for(laboratory: Laboratory) -> None:
    graph = laboratory.graph(LATENT_DIFFUSION)
    assert laboratory.simulation(graph, "naive").report.execution["attention"] == "naive"
    assert laboratory.simulation(graph, "flash").report.accelerator == "A100-SXM4-80GB"
