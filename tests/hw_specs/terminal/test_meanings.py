"""Options and values of other tools lead to those of ours that mean the same."""

from __future__ import annotations

import pytest

from hw_specs.terminal.meanings import nearest_option, nearest_value

_OPTIONS = (
    "--num-inference-steps",
    "--batch",
    "--hw",
    "--set",
    "--step-cache",
    "--guidance-scale",
    "--parallel",
    "--list",
)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--steps", "; did you mean --num-inference-steps?"),
        ("--batch-size", "; did you mean --batch?"),
        ("--batch_size", "; did you mean --batch?"),
        ("--gpu", "; did you mean --hw?"),
        ("--cfg", "; did you mean --guidance-scale?"),
        ("--tp", "; did you mean --parallel?"),
        ("--step-cach", "; did you mean --step-cache?"),
        ("--precision", ""),
        ("--xyzzy", ""),
    ],
)
def test_options(given, meant):
    assert nearest_option(given, _OPTIONS) == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("compile", "; did you mean 'compiled'?"),
        ("xformers", ""),
        ("eagr", "; did you mean 'eager'?"),
        ("nothing like it", ""),
    ],
)
def test_values(given, meant):
    assert nearest_value(given, ("eager", "cuda-graph", "compiled")) == meant
