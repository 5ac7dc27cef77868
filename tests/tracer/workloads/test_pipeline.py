"""Every declared pipeline keeps the contract of a declaration."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tracer.graph import Workload
from tracer.workloads import Pipeline, StageSpec, find_pipeline, iter_pipelines

_PIPELINES = tuple(iter_pipelines())
_KINDS = {"temporal", "cross", "joint", "spatial", "self"}
_NAMED_IN_THE_STUDY = {
    "imagen",
    "stable-diffusion",
    "muse",
    "parti",
    "prod-image",
    "make-a-video",
    "phenaki",
    "llama2-7b",
    "llama2-13b",
    "llama2-70b",
}
_TODAYS = {
    "sd2.1",
    "sdxl",
    "sd3-medium",
    "sd3.5-large",
    "flux-dev",
    "flux-schnell",
    "pixart-alpha",
    "pixart-sigma",
    "sana",
    "hunyuan-dit",
    "deepfloyd-if",
    "amused",
    "qwen-image",
    "animatediff",
    "modelscope",
    "svd-xt",
    "latte",
    "cogvideox-2b",
    "cogvideox-5b",
    "ltx-video",
    "mochi",
    "hunyuanvideo",
    "wan2.1-1.3b",
    "wan2.1-14b",
    "wan2.2-a14b",
    "llama3.1-8b",
}


@pytest.mark.parametrize("names", [_NAMED_IN_THE_STUDY, _TODAYS], ids=["of the study", "of today"])
def test_the_models_are_all_there(names):
    assert names <= {p.name for p in _PIPELINES}


@pytest.mark.parametrize("pipeline", _PIPELINES, ids=lambda p: p.name)
class TestEachDeclaration:
    def test_words(self, pipeline):
        assert re.fullmatch(r"[a-z0-9.-]+", pipeline.name)
        assert pipeline.title
        assert pipeline.family in ("image", "video", "language")
        assert pipeline.architecture in ("diffusion", "transformer")

    def test_sources_and_sizes(self, pipeline):
        assert pipeline.sources
        assert all(count > 0 for count in pipeline.parameters.values())
        assert pipeline.rounded <= set(pipeline.parameters)
        assert all(pipeline.differing.values())
        assert pipeline.differing.keys() <= pipeline.parameters.keys()

    def test_a_variant_is_named_after_what_it_varies(self, pipeline):
        if pipeline.variant_of:
            assert pipeline.name.startswith(f"{pipeline.variant_of}-")
            assert find_pipeline(pipeline.variant_of).variant_of == ""
        assert pipeline.size_multiple >= 1

    def test_settings_fit_the_family(self, pipeline):
        defaults = pipeline.defaults
        assert (defaults.num_frames is not None) == (pipeline.family == "video")
        if pipeline.family == "language":
            assert defaults.prompt_length
            assert defaults.max_new_tokens
            assert (defaults.height, defaults.width) == (None, None)
        else:
            assert defaults.height
            assert defaults.width

    def test_kinds_of_attention(self, pipeline):
        assert set(pipeline.attention_kinds.values()) <= _KINDS
        for pattern in pipeline.attention_kinds:
            re.compile(pattern)


def test_declarations_are_frozen():
    pipeline = Pipeline(name="a", title="A", defaults=Workload(), build=lambda w: (), sources=(), parameters={})
    stage = StageSpec(name="s", component="c", module=None, run=lambda m, r: None)
    for record, field in ((pipeline, "name"), (stage, "repeats")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field, 1)
    assert (stage.repeats, stage.grows) == (1, False)
