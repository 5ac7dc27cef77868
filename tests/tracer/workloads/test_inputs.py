from __future__ import annotations

import pytest

from tracer.graph import GraphError, Workload
from tracer.workloads.inputs import guided_batch, latent_shape, meta_tensor, required

WORKLOAD = Workload(batch=3, height=64, width=128, num_inference_steps=7)


def test_required_gives_settings_in_the_order_asked_for():
    assert required(WORKLOAD, "width", "num_inference_steps", "height") == (128, 7, 64)


def test_required_names_what_is_missing():
    with pytest.raises(GraphError, match="no prompt_length; this pipeline needs height, prompt_length"):
        required(WORKLOAD, "height", "prompt_length")


@pytest.mark.parametrize(("scale", "batch"), [(None, 3), (0.0, 3), (1.0, 3), (1.1, 6)])
def test_guidance_above_one_doubles_the_batch(scale, batch):
    assert guided_batch(Workload(batch=3, guidance_scale=scale)) == batch


def test_latent_shape():
    assert latent_shape(WORKLOAD, channels=4, downsampling=8) == (3, 4, 8, 16)


@pytest.mark.torch
def test_meta_tensor_has_no_values():
    tensor = meta_tensor((2, 3), "bfloat16")
    assert tensor.is_meta
    assert (tuple(tensor.shape), str(tensor.dtype)) == ((2, 3), "torch.bfloat16")
