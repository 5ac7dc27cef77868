"""Whole pipelines: stages in order, kinds of attention, and refusals of the models as one line."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # torch's own abbreviation
from torch import nn

from tracer.capture.pipelines import capture_pipeline
from tracer.graph import GraphError, Workload
from tracer.workloads.pipeline import Pipeline, StageSpec

pytestmark = pytest.mark.torch


class _Attention(nn.Module):
    def forward(self, x, y):
        return F.scaled_dot_product_attention(x, y, y)


def _meta(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


def _stage(name: str, key_length: int = 5, component: str = "") -> StageSpec:
    return StageSpec(
        name=name,
        component=component or name,
        module=_Attention(),
        run=lambda module, repeat: module(_meta(1, 2, 5, 4), _meta(1, 2, key_length, 4)),
    )


def _pipeline(*stages: StageSpec, **changes: object) -> Pipeline:
    pipeline = Pipeline(
        name="toy",
        title="Toy",
        defaults=Workload(),
        build=lambda workload: stages,
        sources=("nowhere",),
        parameters={},
    )
    return replace(pipeline, **changes)


def _kinds(pipeline: Pipeline) -> list[object]:
    graph = capture_pipeline(pipeline, pipeline.defaults)
    return [op.attribute("kind") for stage in graph.stages for op in graph.ops(stage)]


def test_stages_in_order_with_name_workload_and_sources():
    said: list[str] = []
    pipeline = _pipeline(_stage("first"), replace(_stage("second"), repeats=4))
    graph = capture_pipeline(pipeline, Workload(batch=3), progress=said.append)
    assert said == ["first", "second"]
    assert [(s.name, s.repeats) for s in graph.stages] == [("first", 1), ("second", 4)]
    assert (graph.name, graph.workload.batch, graph.sources) == ("toy", 3, ("nowhere",))


def test_kinds_of_attention():
    stages = (_stage("text_encoder"), _stage("unet"), _stage("unet", 7), _stage("prior"))
    assert _kinds(_pipeline(*stages)) == ["self", "spatial", "cross", "self"]
    assert _kinds(_pipeline(*stages, attention_kinds={"^unet": "temporal"})) == [
        "self",
        "temporal",
        "temporal",
        "self",
    ]


def test_a_language_model_attends_to_itself_also_through_its_cache():
    assert _kinds(_pipeline(_stage("model"), _stage("model", 9), family="language")) == ["self", "self"]


@pytest.mark.parametrize("error", [RuntimeError, ValueError, IndexError, AssertionError, ZeroDivisionError])
def test_what_a_model_refuses_is_one_line(error):
    def run(module, repeat):
        raise error("shapes do not match\n  because of this\n  and that")

    pipeline = _pipeline(replace(_stage("unet"), run=run))
    expected = r"^toy: stage 'unet' cannot run with these settings \(shapes do not match\)$"
    with pytest.raises(GraphError, match=expected):
        capture_pipeline(pipeline, pipeline.defaults)


def test_what_cannot_be_built_is_one_line():
    def build(workload):
        raise ValueError

    with pytest.raises(GraphError, match=r"^toy: the pipeline cannot run with these settings \(ValueError\)$"):
        capture_pipeline(_pipeline(build=build), Workload())


def test_tensors_too_large_to_address():
    def run(module, repeat):
        return _meta(2**40, 2**40) + 1

    with pytest.raises(GraphError, match=r"^toy: stage 'unet' cannot run with these settings"):
        capture_pipeline(_pipeline(replace(_stage("unet"), run=run)), Workload())


def test_a_graph_error_keeps_its_words():
    def run(module, repeat):
        raise GraphError("the workload has no height")

    with pytest.raises(GraphError, match=r"^the workload has no height$"):
        capture_pipeline(_pipeline(replace(_stage("unet"), run=run)), Workload())


def test_model_libraries_say_nothing(caplog):
    def run(module, repeat):
        logging.getLogger("diffusers").warning("deprecated")
        return _meta(2) + 1

    capture_pipeline(_pipeline(replace(_stage("unet"), run=run)), Workload())
    assert caplog.records == []


def test_stable_diffusion_from_end_to_end(stable_diffusion_graph):
    stages = {s.name: s for s in stable_diffusion_graph.stages}
    assert {name: s.repeats for name, s in stages.items()} == {"text_encoder": 2, "unet": 50, "vae_decoder": 1}
    attention = [
        op for op in stable_diffusion_graph.ops(stages["unet"]) if op.name == "aten::scaled_dot_product_attention"
    ]
    # 16 transformer blocks, each with attention over positions and over the prompt.
    assert [op.attribute("kind") for op in attention] == ["spatial", "cross"] * 16
    assert max(op.inputs[0].shape[-2] for op in attention) == 64 * 64
    assert {op.inputs[1].shape[-2] for op in attention if op.attribute("kind") == "cross"} == {77}
    assert {op.inputs[0].shape[0] for op in attention} == {2}  # guidance doubles the batch
