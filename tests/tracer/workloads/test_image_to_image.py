"""Pipelines that start from an image: what they encode, and how many steps they make."""

from __future__ import annotations

import pytest

from tracer.graph import GraphError, Workload
from tracer.library.graphs import graph_of
from tracer.workloads import WorkloadError, find_pipeline, resolve


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("stable-diffusion-img2img", 41),  # 0.8 of 50 steps, and the one that PNDM makes again
        ("stable-diffusion-inpainting", 51),
        ("sdxl-img2img", 15),
        ("sdxl-refiner", 15),
    ],
)
def test_the_image_is_encoded_and_a_share_of_the_steps_made(name: str, passes: int) -> None:
    graph = graph_of(name, {})
    repeats = {stage.name: stage.repeats for stage in graph.stages}
    assert repeats["unet"] == passes
    names = list(repeats)
    assert names.index("vae_encoder") < names.index("unet") < names.index("vae_decoder")
    assert graph.stage("vae_encoder").component == graph.stage("vae_decoder").component


def test_inpainting_sees_the_masked_image() -> None:
    graph = graph_of("stable-diffusion-inpainting", {})
    first = next(graph.operators[i] for i in graph.stage("unet").operators if "conv" in graph.operators[i].name)
    assert first.inputs[0].shape == (2, 9, 64, 64)


def test_the_refiner_has_one_text_encoder() -> None:
    sizes = {c.name: c.num_parameters for c in graph_of("sdxl-refiner", {}).components}
    assert set(sizes) == {"text_encoder_2", "unet", "vae"}
    assert sizes["unet"] == pytest.approx(2.26e9, rel=0.01)


def test_strength_is_a_share() -> None:
    with pytest.raises(GraphError, match=r"strength is 1\.5; it must be above 0 and at most 1"):
        Workload(strength=1.5)
    with pytest.raises(WorkloadError, match="sdxl has no setting strength"):
        resolve(find_pipeline("sdxl"), {"strength": 0.5})
    assert resolve(find_pipeline("sdxl-refiner"), {"strength": 0.5}).strength == 0.5
