"""Graphs of named workloads come from the bundle, from the cache, or from a trace that is then cached."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tracer.graph import Component, GraphError, Op, OpGraph, Stage, TensorSpec, Workload
from tracer.library import graphs as library
from tracer.library.graphs import MissingTracerError, cache_folder, graph_of
from tracer.workloads import UnknownWorkloadError, WorkloadError, find_pipeline, resolve


def _graph(name: str, workload: Workload) -> OpGraph:
    tensor = TensorSpec((2,), "float16")
    column = np.array([0])
    stage = Stage(name="s", component="c", repeats=1, operators=column, modules=column, inputs=column, outputs=column)
    return OpGraph(
        name=name,
        workload=workload,
        operators=(Op("aten::neg", (tensor,), (tensor,)),),
        modules=("c",),
        stages=(stage,),
        components=(Component("c", 0, 0),),
        storage_bytes=np.array([4]),
        storage_roles=np.array([3]),
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("ROOFCAST_CACHE", str(folder))
    return folder


@pytest.fixture
def traced(monkeypatch) -> list[Workload]:
    """Workloads that were traced, with the bundle empty and the trace replaced by a graph of one call."""
    seen: list[Workload] = []

    def trace(pipeline, workload, progress):
        seen.append(workload)
        return _graph(pipeline.name, workload)

    monkeypatch.setattr(library, "bundled_graph", lambda name, workload: None)
    monkeypatch.setattr(library, "_traced", trace)
    return seen


def test_a_workload_is_traced_once_and_then_read(cache, traced):
    first = graph_of("sd1.5", {"batch": 2})
    assert graph_of("stable-diffusion", {"batch": 2, "height": None}) == first
    assert [w.batch for w in traced] == [2]
    assert [p.name.rpartition("-")[0] for p in cache.iterdir()] == ["stable-diffusion"]


def test_other_settings_are_another_entry(cache, traced):
    graph_of("stable-diffusion", {"batch": 2})
    graph_of("stable-diffusion", {"batch": 3})
    assert [w.batch for w in traced] == [2, 3]
    assert len(list(cache.iterdir())) == 2


def test_another_source_of_the_tracer_is_another_entry(cache, traced, monkeypatch):
    graph_of("stable-diffusion", {})
    monkeypatch.setattr(library, "_source_digest", lambda pipeline: "changed")
    graph_of("stable-diffusion", {})
    assert len(traced) == 2


def test_another_version_of_a_library_is_another_entry(cache, traced, monkeypatch):
    graph_of("stable-diffusion", {})
    monkeypatch.setattr(library, "_library_versions", lambda: ["torch 99"])
    graph_of("stable-diffusion", {})
    assert len(traced) == 2


def test_versions_are_of_what_is_installed(monkeypatch):
    def version(name: str) -> str:
        if name == "diffusers":
            raise library.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(library, "version", version)
    assert library._library_versions() == ["torch 1.0", "transformers 1.0"]


def test_without_the_cache_nothing_is_written(cache, traced):
    graph_of("stable-diffusion", {}, use_cache=False)
    graph_of("stable-diffusion", {}, use_cache=False)
    assert len(traced) == 2
    assert not cache.exists()


def test_a_damaged_entry_is_made_again(cache, traced):
    graph = graph_of("stable-diffusion", {})
    (entry,) = cache.iterdir()
    entry.write_bytes(entry.read_bytes()[:100])
    assert graph_of("stable-diffusion", {}) == graph
    assert len(traced) == 2
    assert graph_of("stable-diffusion", {}) == graph
    assert len(traced) == 2


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, traced, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ROOFCAST_CACHE", str(tmp_path / "file" / "cache"))
    assert graph_of("stable-diffusion", {}).name == "stable-diffusion"
    assert len(traced) == 1


def test_the_bundle_comes_before_cache_and_trace(cache, traced, monkeypatch):
    defaults = find_pipeline("stable-diffusion").defaults
    bundled = _graph("bundled", defaults)
    monkeypatch.setattr(library, "bundled_graph", lambda name, workload: bundled if workload == defaults else None)
    assert graph_of("stable-diffusion", {}) is bundled
    assert graph_of("stable-diffusion", {}, use_cache=False) is bundled
    assert graph_of("stable-diffusion", {"batch": 4}).name == "stable-diffusion"
    assert [w.batch for w in traced] == [4]


def test_settings_are_checked_before_anything_is_traced(cache, traced):
    with pytest.raises(WorkloadError, match="has no setting num_frames"):
        graph_of("stable-diffusion", {"num_frames": 8})
    with pytest.raises(UnknownWorkloadError, match="did you mean 'stable-diffusion'"):
        graph_of("stable-difusion", {})
    assert traced == []


@pytest.mark.parametrize("name", ["models/absent", "x" * 5000, "../" * 2000])
def test_a_folder_that_is_none(name, cache):
    with pytest.raises((GraphError, UnknownWorkloadError)) as caught:
        graph_of(name, {})
    assert len(str(caught.value).splitlines()) == 1


def test_a_path_of_nothing_is_said_to_be_one(tmp_path, cache):
    with pytest.raises(UnknownWorkloadError, match=r"gone\.npz: no such file or folder"):
        graph_of(str(tmp_path / "gone.npz"))
    with pytest.raises(UnknownWorkloadError, match="no diffusers pipeline folder"):
        graph_of(str(tmp_path))


@pytest.mark.parametrize("name", ["model_index.json", "config.json"])
def test_what_is_no_file_is_said_to_be_none(tmp_path, cache, name):
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises((GraphError, UnknownWorkloadError, ValueError), match=rf"{name}: is a device"):
        graph_of(str(tmp_path))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Pipeline folder that bears the name of a workload of the bundle."""
    folder = tmp_path / "stable-diffusion"
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    (folder / "unet" / "config.json").write_text('{"layers_per_block": 2}')
    pipeline = find_pipeline("stable-diffusion")
    monkeypatch.setattr(library, "_pipeline_of_folder", lambda path: replace(pipeline, name=path.name))
    return folder


def test_a_folder_is_never_answered_from_the_bundle(cache, traced, folder, monkeypatch):
    monkeypatch.setattr(library, "bundled_graph", lambda name, workload: _graph("bundled", workload))
    assert graph_of(str(folder), {}).name == "stable-diffusion"
    monkeypatch.chdir(folder.parent)
    assert graph_of("stable-diffusion", {}).name == "stable-diffusion"  # the folder here, not the workload


def test_a_changed_configuration_is_another_entry(cache, traced, folder):
    graph_of(str(folder), {})
    graph_of(str(folder), {})
    assert len(traced) == 1
    (folder / "unet" / "config.json").write_text('{"layers_per_block": 3}')
    graph_of(str(folder), {})
    assert len(traced) == 2


@pytest.mark.torch
def test_a_trace_reports_its_stages_and_is_cached(cache):
    pytest.importorskip("diffusers", reason="tracing needs torch and diffusers")
    stages: list[str] = []
    settings = {"height": 64, "width": 64, "num_inference_steps": 1}
    graph = graph_of("stable-diffusion", settings, progress=stages.append)
    assert stages == ["text_encoder", "unet", "vae_decoder"]
    assert graph_of("stable-diffusion", settings, progress=stages.append) == graph
    assert len(stages) == 3
    assert graph.workload == resolve(find_pipeline("stable-diffusion"), settings)


def test_without_torch_one_line_says_what_to_install(cache, monkeypatch):
    real: Callable[..., object] = builtins.__import__

    def without_torch(name, *args, **kwargs):
        if name == "tracer.capture.pipelines" or name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(library, "bundled_graph", lambda name, workload: None)
    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(MissingTracerError, match=r"needs torch: pip install 'roofcast\[trace\]'"):
        graph_of("stable-diffusion", {})


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ROOFCAST_CACHE": "/a"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/roofcast"),
        ({"HOME": "/c"}, "/c/.cache/roofcast"),
        ({"ROOFCAST_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/d"}, "/d/.cache/roofcast"),
    ],
)
def test_where_the_cache_is(variables, expected, monkeypatch):
    for name in ("ROOFCAST_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(cache_folder()) == expected


def test_the_key_depends_on_the_workload_alone():
    pipeline = find_pipeline("stable-diffusion")
    key = library._key(pipeline, pipeline.defaults)
    assert key == library._key(pipeline, replace(pipeline.defaults))
    assert key != library._key(pipeline, replace(pipeline.defaults, batch=2))


def test_a_scheduler_that_runs_the_denoiser_more_often_is_a_graph_of_more_steps(cache, traced):
    graph = graph_of("sdxl", {"num_inference_steps": 20, "scheduler": "heun"})
    assert (graph.workload.num_inference_steps, graph.workload.scheduler) == (20, "heun")
    assert (traced[0].num_inference_steps, traced[0].scheduler) == (39, None)
    with pytest.raises(WorkloadError, match="llama2-7b has no setting scheduler"):
        graph_of("llama2-7b", {"scheduler": "heun"})


def test_what_is_made_of_a_graph_or_costs_nothing_is_no_entry_of_its_own(cache, traced):
    plain = graph_of("flux-dev", {"batch": 2})
    fused = graph_of("flux-dev", {"batch": 2, "lora": "16", "vae_tiling": False})
    assert (fused.workload.lora, fused.operators) == ("16", plain.operators)
    with pytest.raises(GraphError, match="flux-dev has no list of transformer blocks"):  # the stand-in has none
        graph_of("flux-dev", {"batch": 2, "step_cache": "0.5"})
    assert len(traced) == 1


def test_what_changes_a_pipeline_is_an_entry_of_its_own(cache, traced):
    for settings in ({}, {"lora": "16,unfused"}, {"vae_tiling": True}, {"vae_dtype": "float32"}):
        graph_of("flux-dev", {"batch": 2, **settings})
    assert len(traced) == len(list(cache.iterdir())) == 4


def test_nonsense_is_refused_before_anything_is_traced(cache, traced):
    for settings in ({"step_cache": "1.5"}, {"lora": "-3"}, {"vae_dtype": "int8"}):
        with pytest.raises(GraphError, match=r"step_cache 1\.5|lora -3|vae_dtype int8 is impossible; valid: float32"):
            graph_of("flux-dev", settings)
    assert traced == []


def test_what_is_no_file_among_configurations_is_refused(tmp_path):
    """A link to a device would be read without end."""
    (tmp_path / "config.json").symlink_to("/dev/zero")
    with pytest.raises(GraphError, match=r"config\.json: is a device"):
        library._digest([tmp_path / "config.json"])
