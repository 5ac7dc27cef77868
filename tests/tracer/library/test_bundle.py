"""The bundle holds the default workload of every pipeline, and answers for nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from tracer.library import bundle
from tracer.library.bundle import BUNDLE, bundled_graph
from tracer.workloads import iter_pipelines

_PIPELINES = tuple(iter_pipelines())


@pytest.mark.parametrize("pipeline", _PIPELINES, ids=lambda p: p.name)
def test_every_default_workload_is_there(pipeline):
    graph = bundled_graph(pipeline.name, pipeline.defaults)
    assert graph is not None
    assert graph.name == pipeline.name
    assert graph.sources == pipeline.sources
    assert graph.num_parameters > 0


def test_nothing_else_is_there():
    assert {path.stem for path in BUNDLE.glob("*.npz")} == {pipeline.name for pipeline in _PIPELINES}


def test_all_together_are_under_5_mb():
    assert sum(path.stat().st_size for path in BUNDLE.glob("*.npz")) < 5e6


def test_another_workload_is_not_answered_for():
    pipeline = _PIPELINES[0]
    assert bundled_graph(pipeline.name, replace(pipeline.defaults, batch=3)) is None


def test_a_pipeline_without_a_file(monkeypatch, tmp_path):
    monkeypatch.setattr(bundle, "BUNDLE", tmp_path)
    assert bundled_graph(_PIPELINES[0].name, _PIPELINES[0].defaults) is None


def test_a_bundled_graph_needs_no_torch():
    program = (
        "import sys; from tracer.library.graphs import graph_of; graph_of('stable-diffusion', {});"
        "heavy = {'torch', 'diffusers', 'transformers', 'scipy', 'pandas', 'matplotlib'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
