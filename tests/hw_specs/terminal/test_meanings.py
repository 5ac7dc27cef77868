"""Names of other tools lead to those of ours that mean the same; else spelling counts, and letters last."""

from __future__ import annotations

import pytest

from hw_specs.terminal.meanings import did_you_mean, nearest, nearest_command, nearest_option, unknown

_OPTIONS = (
    "--num-inference-steps",
    "--batch",
    "--height",
    "--width",
    "--hw",
    "--set",
    "--step-cache",
    "--guidance-scale",
    "--parallel",
    "--quantize",
    "--prompt-length",
    "--list",
    "--version",
)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--steps", "--num-inference-steps"),
        ("--batch-size", "--batch"),
        ("--batch_size", "--batch"),
        ("--bs", "--batch"),
        ("--gpu", "--hw"),
        ("--cfg", "--guidance-scale"),
        ("--tp", "--parallel tensor=N"),
        ("--size", "--height and --width"),
        ("--resolution", "--height and --width"),
        ("--int8", "--quantize int8-dynamic"),
        ("--power-limit", "--set power.board="),
        ("--prompt", "--prompt-length"),
        ("--step-cach", "--step-cache"),
        # Letters that two words share by accident say nothing.
        ("--verbose", None),
        ("--seed", None),
        ("--precision", None),
        ("--xyzzy", None),
    ],
)
def test_options(given: str, meant: str | None) -> None:
    assert nearest_option(given, _OPTIONS) == (f"; did you mean {meant}?" if meant else "")


def test_an_option_with_two_meanings_gets_both() -> None:
    hint = nearest_option("--steps", ("--num-inference-steps", "--repeats"))
    assert hint == "; did you mean --num-inference-steps or --repeats?"


@pytest.mark.parametrize(
    ("given", "valid", "meant"),
    [
        ("compile", ("eager", "cuda-graph", "compiled"), ["compiled"]),
        ("eager", ("naive", "flash", "aiter"), ["naive"]),
        ("flash_attention_2", ("flash", "flash2"), ["flash2"]),
        ("awq", ("int4-weight", "int4-marlin"), ["int4-marlin"]),
        ("int-4", ("fp8-row", "int4-weight", "int4-dynamic"), ["int4-weight", "int4-dynamic"]),
        ("EulerDiscreteScheduler", ("ddim", "euler"), ["euler"]),
        ("euler_a", ("euler", "euler-ancestral"), ["euler-ancestral"]),
        ("tdp", ("memory.dram.bandwidth", "power.board"), ["power.board"]),
        ("sd-xl", ("sdxl", "svd-xt"), ["sdxl"]),
        ("4090", ("RTX-4080", "RTX-4090"), ["RTX-4090"]),
        ("2.6", ("torch-2.5", "torch-2.6"), ["torch-2.6"]),
        ("eagr", ("eager", "compiled"), ["eager"]),
        ("h10", ("H100", "MI300X"), ["H100"]),
        ("xformers", ("eager", "compiled"), []),
        ("zzz", ("H100", "MI300X"), []),
    ],
)
def test_values(given: str, valid: tuple[str, ...], meant: list[str]) -> None:
    assert nearest(given, valid) == meant


def test_at_most_three_hints() -> None:
    assert did_you_mean("a11", [f"a11{letter}" for letter in "bcdef"]).count("'a1") == 3


@pytest.mark.parametrize(("given", "meant"), [("info", "show"), ("lsit", "list"), ("frobnicate", None)])
def test_commands(given: str, meant: str | None) -> None:
    assert nearest_command(given, ("list", "show", "check")) == (f"; did you mean {meant!r}?" if meant else "")


def test_the_hint_comes_before_a_long_list() -> None:
    assert unknown("dtype", "half", ("fp16", "fp32")) == (
        "unknown dtype 'half'; did you mean 'fp16'? valid: fp16, fp32"
    )
    assert unknown("dtype", "zzz", ("fp16",)) == "unknown dtype 'zzz'; valid: fp16"
