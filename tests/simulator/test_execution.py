"""Execution modes and attention choices."""

from __future__ import annotations

import pytest

from simulator.execution import ATTENTION_CHOICES, EXECUTION_MODES, Execution, ExecutionError
from simulator.kernels import AttentionAlgorithm
from simulator.software import load_software


@pytest.mark.parametrize("mode", EXECUTION_MODES)
@pytest.mark.parametrize("attention", ATTENTION_CHOICES)
def test_every_choice_is_accepted(mode, attention):
    execution = Execution(mode=mode, attention=attention)
    assert (execution.attention_algorithm is None) == (attention in ("naive", "flash"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"mode": "nonsense"},
            "unknown execution 'nonsense'; valid: eager, cuda-graph, compiled, compiled-graph, fused",
        ),
        (
            {"attention": "Flash"},
            "unknown attention 'Flash'; did you mean 'flash'? valid: "
            "naive, flash, flash2, flash2_paged, flash3, flash4, cudnn, trtllm, ck, aiter, efficient",
        ),
    ],
)
def test_an_unknown_choice_lists_the_valid_ones(settings, message):
    with pytest.raises(ExecutionError) as caught:
        Execution(**settings)
    assert str(caught.value) == message


def test_defaults_are_those_of_torch():
    execution = Execution()
    assert [entry.algorithm for entry in execution.tried] == [AttentionAlgorithm.FLASH2, AttentionAlgorithm.EFFICIENT]
    assert (execution.matmul_tf32, execution.convolution_tf32) == (False, True)


@pytest.mark.parametrize(
    ("settings", "optimizes"),
    [
        ({}, False),
        ({"mode": "compiled"}, True),
        ({"mode": "cuda-graph"}, False),
        ({"mode": "compiled", "software": load_software("torch-2.0")}, False),
        ({"mode": "compiled", "software": load_software("torch-2.0"), "channels_last": True}, False),
    ],
)
def test_who_keeps_channels_innermost(settings, optimizes):
    assert Execution(**settings).optimizes_layout is optimizes


def test_a_mode_of_some_components_leaves_the_others_eager():
    execution = Execution(mode="compiled", channels_last=True, components=("unet",), channels_last_components=("vae",))
    unet, vae, other = (execution.of(name) for name in ("unet", "vae", "text_encoder"))
    assert [(part.mode, part.channels_last) for part in (unet, vae, other)] == [
        ("compiled", False),
        ("eager", True),
        ("eager", False),
    ]
    assert Execution(mode="compiled").of("anything").mode == "compiled"


def test_software_without_a_compiler_is_not_compiled():
    with pytest.raises(ExecutionError, match=r"torch-1\.13 has no compiler; valid: eager, cuda-graph"):
        Execution(mode="compiled", software=load_software("torch-1.13"))
    assert Execution(software=load_software("torch-1.13")).to_dict()["software"] == "torch-1.13"


@pytest.mark.parametrize("mode", EXECUTION_MODES)
def test_a_compiler_makes_the_kernels_of_three_modes(mode):
    execution = Execution(mode=mode)
    assert execution.compiled == (mode.startswith("compiled") or mode == "fused") == execution.optimizes_layout


def test_a_scheme_of_quantisation_is_read_as_it_is_given():
    assert Execution().quantization.scheme is None
    choice = Execution(quantize="nf4:all").quantization
    assert (choice.scheme.name, choice.components) == ("nf4", ("all",))
    assert Execution(quantize="nf4").to_dict()["quantize"] == "nf4"
    with pytest.raises(ExecutionError, match="quantize: unknown scheme 'int3'; valid: none, "):
        Execution(quantize="int3")
