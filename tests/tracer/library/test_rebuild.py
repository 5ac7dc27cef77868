"""Rebuilding the bundle: what is written, what is deleted, and that what ships is what a trace gives today."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.graph import Component, OpGraph
from tracer.library import rebuild
from tracer.library.bundle import BUNDLE, bundled_graph
from tracer.storage.graph_file import load_graph
from tracer.workloads import UnknownWorkloadError, find_pipeline, iter_pipelines

_NAMES = tuple(sorted(pipeline.name for pipeline in iter_pipelines()))


@pytest.fixture
def folder(tmp_path, monkeypatch, stable_diffusion_graph: OpGraph):
    """Empty bundle, for which every trace gives a small graph of the pipeline's name."""

    def traced(name: str) -> OpGraph:
        return replace(stable_diffusion_graph, name=name, components=(Component("c", 1, 2),))

    monkeypatch.setattr(rebuild, "BUNDLE", tmp_path)
    monkeypatch.setattr(rebuild, "traced_default", traced)
    return tmp_path


def test_one_pipeline(folder):
    (folder / "gone.npz").write_bytes(b"of a pipeline that no longer exists")
    said: list[str] = []
    size = rebuild.rebuild(["sd1.5"], progress=said.append)
    assert said == ["stable-diffusion"]
    assert load_graph(folder / "stable-diffusion.npz").name == "stable-diffusion"
    assert {p.name for p in folder.iterdir()} == {"gone.npz", "stable-diffusion.npz"}
    assert size == sum(p.stat().st_size for p in folder.iterdir())


def test_all_pipelines(folder):
    (folder / "gone.npz").write_bytes(b"of a pipeline that no longer exists")
    rebuild.rebuild()
    assert {p.stem for p in folder.glob("*.npz")} == set(_NAMES)


def test_an_unknown_pipeline_writes_nothing(folder):
    with pytest.raises(UnknownWorkloadError, match="did you mean"):
        rebuild.rebuild(["latte", "stable-difusion"])
    assert list(folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("name", _NAMES)
def test_what_ships_is_what_a_trace_gives(name):
    pytest.importorskip("diffusers", reason="tracing needs torch and diffusers")
    assert (BUNDLE / f"{name}.npz").exists(), f"rebuild the bundle: trace bundle {name}"
    bundled = bundled_graph(name, find_pipeline(name).defaults)
    assert bundled == rebuild.traced_default(name), f"rebuild the bundle: trace bundle {name}"
