from __future__ import annotations

import pytest

from tracer.graph import GraphError
from tracer.workloads.denoiser_inputs import LAYOUTS, DenoiserLayout, Denoising, denoiser_inputs, patch_edge

pytestmark = pytest.mark.torch


def denoising(class_name, config, **changes):
    settings = {
        "layout": LAYOUTS.get(class_name, DenoiserLayout(axes="bchw")),
        "class_name": class_name,
        "config": {"in_channels": 4, **config},
        "samples": 2,
        "frames": 3,
        "height": 8,
        "width": 12,
        "prompt_length": 5,
        "spatial": 8,
        "temporal": 4,
        "dtype": "bfloat16",
    }
    return Denoising(**{**settings, **changes})


def shapes(inputs):
    return {name: tuple(value.shape) for name, value in inputs.items() if hasattr(value, "shape")}


def forward(self, hidden_states, encoder_hidden_states, timestep=None, guidance=None, **rest):
    """Signature alone."""


@pytest.mark.parametrize(
    ("axes", "pack", "shape"),
    [
        ("bchw", 1, (2, 4, 8, 12)),
        ("bcfhw", 1, (2, 4, 3, 8, 12)),
        ("bfchw", 1, (2, 3, 4, 8, 12)),
        ("blc", 2, (2, 3 * 4 * 6, 4)),
    ],
)
def test_latents_follow_the_layout(axes, pack, shape):
    given = denoising("Any", {"text_dim": 7}, layout=DenoiserLayout(axes=axes, pack=pack))
    assert shapes(denoiser_inputs(forward, given)) == {
        "hidden_states": shape,
        "encoder_hidden_states": (2, 5, 7),
        "timestep": (2,),
    }


def test_guidance_is_given_where_the_model_embeds_it():
    given = denoising("Any", {"text_dim": 7, "guidance_embeds": True})
    assert shapes(denoiser_inputs(forward, given))["guidance"] == (2,)


def test_an_unknown_required_argument_is_refused():
    def strange(self, hidden_states, moon_phase):
        """Signature alone."""

    with pytest.raises(GraphError, match="Any needs moon_phase"):
        denoiser_inputs(strange, denoising("Any", {}))


def test_a_prompt_of_unknown_width_is_refused():
    with pytest.raises(GraphError, match="needs encoder_hidden_states"):
        denoiser_inputs(forward, denoising("Any", {}))


def test_stable_diffusion_xl_gets_sizes_and_a_pooled_prompt():
    from diffusers import UNet2DConditionModel

    config = {
        "cross_attention_dim": 2048,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    }
    inputs = denoiser_inputs(UNet2DConditionModel.forward, denoising("UNet2DConditionModel", config))
    assert shapes(inputs["added_cond_kwargs"]) == {"text_embeds": (2, 1280), "time_ids": (2, 6)}
    assert shapes(inputs)["timestep"] == ()


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        ({"sample_size": 128}, (2, 2)),
        ({"sample_size": 128, "use_additional_conditions": False}, None),
        ({"sample_size": 64}, None),
    ],
)
def test_pixart_gets_its_size_where_it_was_trained_with_it(config, shape):
    from diffusers import PixArtTransformer2DModel

    given = denoising("PixArtTransformer2DModel", {"caption_channels": 32, **config})
    resolution = denoiser_inputs(PixArtTransformer2DModel.forward, given)["added_cond_kwargs"]["resolution"]
    assert (None if resolution is None else tuple(resolution.shape)) == shape


def test_every_layout_is_a_class_of_diffusers_whose_arguments_are_known():
    import diffusers

    config = {
        "text_dim": 8,
        "text_len": 5,
        "text_len_t5": 6,
        "cross_attention_dim_t5": 4,
        "pooled_projection_dim": 3,
        "attention_head_dim": 2,
        "patch_size": 2,
    }
    for name, layout in LAYOUTS.items():
        inputs = denoiser_inputs(getattr(diffusers, name).forward, denoising(name, config, layout=layout))
        assert "hidden_states" in inputs or "sample" in inputs
        assert all(tensor.is_meta for tensor in inputs.values() if hasattr(tensor, "is_meta"))


@pytest.mark.parametrize(("patch", "edge"), [(2, 2), ([1, 4, 4], 4), (None, 1)])
def test_patch_edge(patch, edge):
    assert patch_edge({"patch_size": patch}) == edge
