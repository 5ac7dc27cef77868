from __future__ import annotations

import pytest

from tracer.graph import GraphError, OpGraph
from tracer.library.graphs import graph_of
from validation.published.case import Case
from validation.published.quantity import case_stages, case_time, sliced_decoding


def case(model: str, quantity: str, stage: str | None = None) -> Case:
    fields = {"id": "x", "model": model, "device": "T4", "value": 1.0, "source": "here", "grade": "A"}
    return Case.model_validate(fields | {"quantity": quantity, "stage": stage})


@pytest.fixture(scope="module")
def wan() -> OpGraph:
    """Two transformers in turn, each with two passes, and a decoder in four stages."""
    return graph_of("wan2.2-a14b", {})


def ones(graph: OpGraph) -> dict[str, float]:
    return {stage.name: 1.0 for stage in graph.stages}


def test_a_run_is_all_stages(wan: OpGraph) -> None:
    assert case_time(case("wan2.2-a14b", "latency"), wan, ones(wan)) == len(wan.stages)


def test_one_run_of_a_stage(wan: OpGraph) -> None:
    """40 steps; the first transformer takes those above the boundary, with two passes each."""
    time = case_time(case("wan2.2-a14b", "stage_latency", "transformer"), wan, ones(wan))
    assert time == 1 / wan.stage("transformer").repeats


def test_a_step_is_all_passes_of_all_transformers(wan: OpGraph) -> None:
    step = case("wan2.2-a14b", "step_latency", "transformer")
    assert case_stages(step, wan) == ("transformer", "transformer_2")
    assert sum(wan.stage(name).repeats for name in case_stages(step, wan)) == 2 * 40
    assert case_time(step, wan, ones(wan)) == pytest.approx(2 / 40)


def test_a_component_is_all_its_stages(wan: OpGraph) -> None:
    vae = case("wan2.2-a14b", "component_latency", "vae")
    assert case_stages(vae, wan) == ("vae_decoder_first", "vae_decoder_second", "vae_decoder", "vae_clamp")
    assert case_time(vae, wan, ones(wan)) == 4


@pytest.mark.parametrize("quantity", ["stage_latency", "component_latency", "step_latency"])
def test_a_stage_that_there_is_not_is_named_with_those_that_there_are(wan: OpGraph, quantity: str) -> None:
    with pytest.raises(GraphError, match=r"has no stage 'unet'; valid: text_encoder, transformer,"):
        case_stages(case("wan2.2-a14b", quantity, "unet"), wan)


def test_decoding_one_by_one_by_hand() -> None:
    graph = graph_of("stable-diffusion", {"batch": 4})
    assert sliced_decoding(graph, {"vae_decoder": 3.0}, {"vae_decoder": 1.0}) == 4 * 1.0 - 3.0
    with pytest.raises(GraphError, match="no stage 'vae_decoder' to slice"):
        sliced_decoding(graph, {"unet": 3.0}, {"unet": 1.0})
