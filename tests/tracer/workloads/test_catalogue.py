"""Pipelines are found by name and alias, and their settings are checked."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from tracer.graph import GraphError, Workload
from tracer.workloads import UnknownWorkloadError, WorkloadError, find_pipeline, find_variant, iter_pipelines, resolve
from tracer.workloads.catalogue import published_as

_IMAGE = find_pipeline("stable-diffusion")
_VIDEO = find_pipeline("wan2.1-1.3b")
_LANGUAGE = find_pipeline("llama2-7b")


@pytest.mark.parametrize("name", ["stable-diffusion", "sd1.5", "SD1.5", "Stable_Diffusion", "stable-diffusion-v1-5"])
def test_a_name_an_alias_whatever_the_case(name):
    assert find_pipeline(name).name == "stable-diffusion"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("stable-difusion", "did you mean 'stable-diffusion'"),
        ("lama2-7b", "did you mean 'llama-2-7b'"),
        ("wan", "wan2"),
    ],
)
def test_a_near_miss_is_named(name, hint):
    with pytest.raises(UnknownWorkloadError, match=rf"^unknown model '{name}'; .*{hint}"):
        find_pipeline(name)


@pytest.mark.parametrize("name", ["qqqqqqqqqq", "", "\n"])
def test_where_nothing_is_near_the_list_is_named(name):
    with pytest.raises(UnknownWorkloadError, match=r"; 'simulate --list' shows all$"):
        find_pipeline(name)


@pytest.mark.parametrize(
    ("repository", "hint"),
    [
        ("stabilityai/stable-diffusion-xl-base-1.0", "; did you mean 'sdxl'?"),
        ("black-forest-labs/FLUX.1-dev", "; did you mean 'flux-dev'?"),
        ("meta-llama/Meta-Llama-3.1-8B", "; did you mean 'llama-3.1-8b'"),
        ("somebody/xyzzy", ""),
    ],
)
def test_a_repository_leads_to_what_is_made_from_it(repository, hint):
    assert published_as(repository).startswith(hint)
    assert hint or not published_as(repository)


def test_names_and_aliases_are_unique():
    names = [name for p in iter_pipelines() for name in (p.name, *p.aliases)]
    assert len(names) == len(set(names))


def test_listing_imports_no_torch():
    program = (
        "import sys; from tracer.workloads import iter_pipelines; n = len(list(iter_pipelines()));"
        "sys.exit(0 if n and not {'torch', 'diffusers', 'transformers'} & set(sys.modules) else 1)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603


def test_none_leaves_the_default():
    assert resolve(_IMAGE, {"height": None, "batch": None}) == _IMAGE.defaults
    assert resolve(_IMAGE, {"height": 768}) == replace(_IMAGE.defaults, height=768)


def test_a_pipeline_without_a_setting_lists_its_own():
    with pytest.raises(WorkloadError) as caught:
        resolve(_IMAGE, {"num_frames": 8})
    assert str(caught.value) == (
        "stable-diffusion has no setting num_frames; valid: batch, height, width, num_inference_steps, "
        "guidance_scale, prompt_length, dtype, scheduler"
    )
    with pytest.raises(WorkloadError, match="llama2-7b has no setting height; valid: batch, prompt_length, max_new"):
        resolve(_LANGUAGE, {"height": 512})


@pytest.mark.parametrize("size", [513, 511, 1, 7])
@pytest.mark.parametrize("name", ["height", "width"])
def test_an_impossible_size(name, size):
    with pytest.raises(
        WorkloadError, match=f"^{name} {size} is impossible for stable-diffusion; valid: multiples of 8$"
    ):
        resolve(_IMAGE, {name: size})


def test_an_impossible_number_of_frames():
    step, offset = _VIDEO.frame_rule
    assert resolve(_VIDEO, {"num_frames": offset + 3 * step}).num_frames == offset + 3 * step
    message = rf"num_frames {offset + 1} is impossible for wan2.1-1.3b; valid: {offset} plus a multiple of {step}"
    with pytest.raises(WorkloadError, match=message):
        resolve(_VIDEO, {"num_frames": offset + 1})


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "int8", "int64", "float4_e2m1fn_x2", "complex64"])
def test_an_impossible_dtype(dtype):
    message = f"^dtype {dtype} is impossible for stable-diffusion; valid: float16, bfloat16, float32, float64"
    with pytest.raises(WorkloadError, match=message):
        resolve(_IMAGE, {"dtype": dtype})


@pytest.mark.parametrize("settings", [{"batch": 0}, {"batch": -3}, {"dtype": "fp17"}, {"guidance_scale": -1.0}])
def test_a_setting_that_no_workload_can_have(settings):
    with pytest.raises(GraphError):
        resolve(_IMAGE, settings)


@pytest.mark.parametrize("pipeline", tuple(iter_pipelines()), ids=lambda p: p.name)
def test_defaults_keep_their_own_rules(pipeline):
    assert resolve(pipeline, {}) == pipeline.defaults
    assert isinstance(pipeline.defaults, Workload)


def test_variants_are_found_by_their_name():
    assert find_variant("imagen", "NeMo").name == "imagen-nemo"
    with pytest.raises(UnknownWorkloadError, match=r"unknown variant 'karlo' of imagen; valid: nemo"):
        find_variant("imagen", "karlo")
    with pytest.raises(UnknownWorkloadError, match="unknown variant 'nemo' of muse; it has none"):
        find_variant("muse", "nemo")
