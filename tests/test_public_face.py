"""The public names of the four packages: that they exist, are documented, and cost nothing before they are used."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

from hw_specs import CalibrationPool

PACKAGES = ("hw_specs", "tracer", "simulator", "validation")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    package = importlib.import_module(name)
    assert package.__doc__
    assert list(package.__all__) == sorted(package.__all__)
    for public in package.__all__:
        value = getattr(package, public)
        assert not inspect.isclass(value) or value.__doc__, public
        assert not inspect.isfunction(value) or value.__doc__, public


@pytest.mark.parametrize("name", PACKAGES[1:])
def test_a_name_that_is_not_public_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = importlib.import_module(name).nonsense


def test_the_main_names() -> None:
    from hw_specs import load_accelerator
    from simulator import Execution, Report, project, simulate
    from tracer import graph_of, load_graph, read_trace, trace_module

    assert callable(project)
    assert all(callable(f) for f in (load_graph, read_trace, trace_module))
    report = simulate(
        graph_of("stable-diffusion", {}),
        load_accelerator("a100"),
        Execution(mode="compiled"),
        calibrations=CalibrationPool.shipped(),
    ).report
    assert isinstance(report, Report)
    assert report.execution["mode"] == "compiled"


def test_torch_waits_until_something_is_traced() -> None:
    """In a process of its own, since the other tests have imported torch."""
    code = (
        "import sys\n"
        "from simulator import Execution, Report, project, simulate\n"
        "from tracer import load_graph, read_trace, trace_module\n"
        "from validation import compare_trace\n"
        "print('torch' in sys.modules, 'scipy' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.split() == ["False", "False"]
