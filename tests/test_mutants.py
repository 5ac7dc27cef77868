"""Mutants of every kind of input: a result, or one line; ``benchmarks/mutants.py`` runs as many as one likes."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_FILE = Path(__file__).parents[1] / "benchmarks" / "mutants.py"
_KINDS = ("accelerator", "graph", "trace", "options-set", "published", "kernels", "host", "scheme")


@pytest.fixture(scope="module")
def mutants():
    spec = importlib.util.spec_from_file_location("mutants", _FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def seeds(mutants, tmp_path_factory):
    return mutants._seeds(tmp_path_factory.mktemp("mutants"), [])


@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(_KINDS))
def test_a_mutant_is_a_result_or_one_line(mutants, seeds, tmp_path, monkeypatch, seed, kind):
    monkeypatch.setattr(sys, "argv", sys.argv)
    rng = random.Random(seed)  # noqa: S311
    source = rng.choice([path for path in seeds if path.name.startswith(kind)])
    path = tmp_path / f"mutant{''.join(source.suffixes)}"
    mutants._mutate(source, path, rng)
    for argv in mutants._commands(path, source, rng):
        assert mutants._run(argv) == "", argv
