"""Mutants of every kind of input: a result, or one line; ``python -m benchmarks.mutants`` runs as many as one likes."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_ROOT = Path(__file__).parents[1]
_KINDS = ("accelerator", "graph", "trace", "options-set", "published", "kernels", "host", "scheme", "architecture")


@pytest.fixture(scope="module")
def mutants():
    """The room, which is no part of the packages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(_ROOT)
        from benchmarks.mutants import commands, mutation, running, seed_files

        yield {"commands": commands.commands, "mutate": mutation.mutate, "run": running.run, **vars(seed_files)}


@pytest.fixture(scope="module")
def seeds(mutants, tmp_path_factory):
    return mutants["write_seeds"](tmp_path_factory.mktemp("mutants") / "seeds", [])


@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(_KINDS))
def test_a_mutant_is_a_result_or_one_line(mutants, seeds, tmp_path, monkeypatch, seed, kind):
    monkeypatch.setattr(sys, "argv", sys.argv)
    rng = random.Random(seed)  # noqa: S311
    source = rng.choice([path for path in seeds if path.name.startswith(kind)])
    path = tmp_path / f"mutant{''.join(source.suffixes)}"
    mutants["mutate"](source, path, rng)
    for argv in mutants["commands"](path, source, rng):
        assert mutants["run"](argv, longest=60) == "", argv


def test_a_mutant_is_its_number(mutants, seeds, tmp_path):
    """What was found on one machine is made again on another."""
    made = []
    # Archives have the time in them, and databases free pages.
    plain = [source for source in seeds if source.suffix in (".yaml", ".json", ".csv", ".pb")]
    for name in ("first", "second"):
        for number, source in enumerate(plain):
            mutants["mutate"](source, tmp_path / f"{name}{number}", random.Random(number))  # noqa: S311
        made.append([(tmp_path / f"{name}{number}").read_bytes() for number in range(len(plain))])
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("status", "out", "err", "wrong"),
    [
        (0, '{"latency": 0.1, "interval": {"low": 0.05, "high": 0.2}}', "", ""),
        (2, "", "simulate: error: no such file", ""),
        (2, "", "", "status 2 without a line"),
        (1, "", "Traceback (most recent call last):\nValueError: x", "traceback printed: ValueError: x"),
        (0, '{"latency": NaN}', "", ".latency is nan"),
        (0, '{"latency": 0.1, "interval": {"low": 0.3, "high": 0.2}}', "", ".interval: an interval from 0.3 to 0.2"),
        (0, '{"coverage": 1.1}', "", ".coverage is 1.1"),
        (0, '{"latency": -2}', "", ".latency is -2"),
        (-11, "", "", "status -11"),
    ],
)
def test_what_is_wrong_is_told_from_what_is_right(mutants, status, out, err, wrong):
    from benchmarks.mutants.judgement import judge

    assert judge(["simulate", "--format", "json"], status, out, err) == wrong
