"""The autoencoder in another format, on tiles and in slices: what its decoder then computes, by hand."""

from __future__ import annotations

from functools import partial

import pytest

from tracer.capture.meta import GraphBuilder
from tracer.graph import GraphError, Workload
from tracer.workloads.autoencoder_options import with_autoencoder_options
from tracer.workloads.autoencoders import decoder_stage
from tracer.workloads.construction import diffusers_module
from tracer.workloads.pipeline import Pipeline, StageSpec

pytestmark = pytest.mark.torch


def _autoencoder():
    """Small one that halves pictures once, so that a tile of 32 pixels is one of 16 latent positions."""
    from diffusers import AutoencoderKL

    config = {"block_out_channels": (8, 8), "norm_num_groups": 4, "layers_per_block": 1, "latent_channels": 4}
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    return diffusers_module(AutoencoderKL, {**config, **blocks}, "float16")


_PIPELINE = Pipeline(
    name="small",
    title="Small",
    defaults=Workload(height=32, width=32),
    build=lambda workload: (),
    sources=(),
    parameters={"vae": 1},
)


def _traced(latents, **asked):
    specs = [decoder_stage(_autoencoder(), latents, dtype="float16")]
    (spec,) = with_autoencoder_options(_PIPELINE, specs, Workload(**asked))
    builder = GraphBuilder()
    builder.add_stage(spec.name, spec.component, spec.module, partial(spec.run, spec.module))
    graph = builder.build("small", Workload())
    return graph, list(graph.ops(graph.stages[0]))


def _convolved(ops) -> int:
    """Elements that convolutions write."""
    return sum(op.outputs[0].numel for op in ops if op.name == "aten::convolution")


def test_another_format_is_that_of_weights_and_of_all_that_is_computed():
    narrow, _ = _traced((1, 4, 16, 16))
    wide, ops = _traced((1, 4, 16, 16), vae_dtype="float32")
    assert {t.dtype for op in ops for t in (*op.inputs, *op.outputs)} == {"float32"}
    assert wide.components[0].parameter_bytes == 2 * narrow.components[0].parameter_bytes
    assert [op.name for op in ops if op.name == "aten::_to_copy"] == []


def test_tiles_overlap_by_a_quarter_and_are_blended():
    """28 latent positions: tiles begin at 0, 12 and 24 and end at 16, 28 and 28."""
    _, whole = _traced((1, 4, 16, 16))
    _, ops = _traced((1, 4, 28, 28), vae_tiling=True)
    edges = 16 + 16 + 4
    assert _convolved(ops) == _convolved(whole) * edges**2 / 16**2
    lines = 2 * (3 * (8 + 8))  # rows of three tiles below and columns of three beside others, 8 pixels of 32 each
    assert sum(op.name == "aten::copy_" for op in ops) == lines


def test_a_picture_of_one_tile_is_decoded_whole():
    _, whole = _traced((1, 4, 16, 16))
    _, ops = _traced((1, 4, 16, 16), vae_tiling=True)
    assert [op.name for op in ops] == [op.name for op in whole]


def test_slices_are_the_pictures_of_a_batch():
    _, single = _traced((1, 4, 16, 16))
    _, ops = _traced((3, 4, 16, 16), vae_slicing=True)
    assert _convolved(ops) == 3 * _convolved(single)
    assert {op.inputs[0].shape[0] for op in ops if op.name == "aten::convolution"} == {1}
    assert ops[-1].name == "aten::cat"


def test_stages_that_are_parts_of_a_call_become_that_call():
    module, seen = _autoencoder(), []

    def whole(autoencoder):
        seen.append(autoencoder)

    part = {"component": "vae", "module": module, "run": lambda m, repeat: None, "whole": whole}
    text = StageSpec(name="text", component="text_encoder", module=module, run=lambda m, repeat: None)
    specs = [text, StageSpec(name="vae_decoder_first", **part), StageSpec(name="vae_join", repeats=3, **part)]
    found = with_autoencoder_options(_PIPELINE, specs, Workload(vae_tiling=True))
    assert [(spec.name, spec.repeats) for spec in found] == [("text", 1), ("vae_decoder", 1)]
    found[1].run(module, 0)
    assert seen == [module]


def test_what_has_no_autoencoder_or_no_tiles_is_refused():
    from torch import nn

    plain = StageSpec(name="vae_decoder", component="vae", module=nn.Linear(1, 1), run=lambda m, repeat: None)
    with pytest.raises(GraphError, match=r"autoencoder of small \(Linear\) has no tiling"):
        with_autoencoder_options(_PIPELINE, [plain], Workload(vae_tiling=True))
    with pytest.raises(GraphError, match="small has no autoencoder"):
        with_autoencoder_options(_PIPELINE, [], Workload(vae_slicing=True))
