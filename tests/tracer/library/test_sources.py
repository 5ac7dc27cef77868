"""The files that shape a graph are those that its pipeline imports, and no others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tracer.library.sources import sources_of
from tracer.workloads import find_pipeline, iter_pipelines


def _names(model: str) -> set[str]:
    return {"/".join(path.parts[-2:]) for path in sources_of(find_pipeline(model).build)}


def test_sources_of_a_pipeline():
    names = _names("sdxl")
    assert {"workloads/sdxl.py", "workloads/text_encoders.py", "capture/meta.py", "capture/recorder.py"} <= names
    assert "workloads/wan.py" not in names
    assert not {"tracer/__main__.py", "tracer/graph.py"} & names


def test_a_partial_function_is_followed():
    assert {"workloads/cogvideox.py"} <= _names("cogvideox-2b")


@pytest.mark.torch
def test_nothing_that_is_imported_is_missing():
    """What Python itself loads of this package while every pipeline of a file is traced, as the other way to know."""
    code = (
        "import sys\n"
        "from tracer.capture.pipelines import capture_pipeline\n"
        "from tracer.workloads import find_pipeline\n"
        "pipeline = find_pipeline('llama2-7b')\n"
        "before = set(sys.modules)\n"
        "capture_pipeline(pipeline, pipeline.defaults)\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('tracer.workloads') and n not in before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    found = {str(path) for path in sources_of(find_pipeline("llama2-7b").build)}
    loaded = {path for path in done.stdout.split() if not path.endswith("__init__.py")}
    assert loaded <= found


def test_every_pipeline_has_sources():
    for pipeline in iter_pipelines():
        assert len(sources_of(pipeline.build)) > 8
