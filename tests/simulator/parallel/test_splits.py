"""What a scheme divides, and refusals that say what would do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.parallel.scheme import Scheme, SchemeError
from simulator.parallel.splits import split_of
from tracer.graph import Workload
from tracer.library.graphs import graph_of


def test_tensor_divides_heads_and_hidden_layer_and_leaves_the_stream(tokens):
    (split,) = split_of(tokens, Scheme(tensor=2)).values()
    calls = split.survey.calls["stage"]
    roots = split.survey.axes.roots
    heads = roots(split.survey.main_attention().inputs[0][1])
    hidden = roots(next(c for c in calls if c.op.name == "aten::gelu").inputs[0][2])
    assert set(split.devices) == {*heads, *hidden}


def test_both_passes_in_one_batch(tokens):
    (split,) = split_of(tokens, Scheme(cfg=2)).values()
    assert split.passes == 1
    assert list(split.devices.values()) == [2]


def test_a_run_without_guidance_has_no_second_pass(tokens):
    plain = replace(tokens, workload=Workload(num_inference_steps=3))
    with pytest.raises(SchemeError, match="no second pass of guidance here; valid: cfg=1"):
        split_of(plain, Scheme(cfg=2))


def test_tokens_that_come_one_by_one_have_no_sequence_to_split(tokens):
    language = replace(tokens, workload=Workload(max_new_tokens=4))
    with pytest.raises(SchemeError, match="generates token by token; valid: tensor=, data="):
        split_of(language, Scheme(ring=2))


def test_a_unet_has_no_sequence():
    graph = graph_of("stable-diffusion", {})
    with pytest.raises(SchemeError, match=r"unet of stable-diffusion convolves images .*; valid: cfg=, data=, patch="):
        split_of(graph, Scheme(ulysses=2))


def test_a_decoder_of_images_is_split_by_rows():
    (name,) = split_of(graph_of("stable-diffusion", {}), Scheme(patch=2))
    assert name == "vae"


def test_heads_must_divide(tokens):
    with pytest.raises(SchemeError, match="tensor=8 does not divide the 4 heads of hand-made; valid: 1, 2, 4"):
        split_of(tokens, Scheme(tensor=8))
