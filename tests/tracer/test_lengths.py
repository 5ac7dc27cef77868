from __future__ import annotations

import pytest

from tracer.graph import OpGraph
from tracer.lengths import attention_calls, plot_lengths
from tracer.library.graphs import graph_of


@pytest.fixture(scope="module")
def stable_diffusion() -> OpGraph:
    return graph_of("stable-diffusion", {})


@pytest.fixture(scope="module")
def llama() -> OpGraph:
    return graph_of("llama2-7b", {})


def test_stable_diffusion_has_the_lengths_of_its_levels_in_order(stable_diffusion: OpGraph) -> None:
    # 64x64 latents, three levels with attention, halved at each; two layers on the way down, three on the way up.
    calls = [c for c in attention_calls(stable_diffusion) if c.stage == "unet" and c.kind == "spatial"]
    down = [4096] * 2 + [1024] * 2 + [256] * 2
    assert [c.query_length for c in calls] == [*down, 64, *[256] * 3, *[1024] * 3, *[4096] * 3]
    assert {(c.heads, c.sequences) for c in calls} == {(8, 2)}


def test_cross_attention_reads_the_prompt(stable_diffusion: OpGraph) -> None:
    cross = [c for c in attention_calls(stable_diffusion) if c.kind == "cross"]
    assert len(cross) == 16
    assert {c.key_length for c in cross} == {77}


def test_the_cache_grows_by_one_token_a_step(llama: OpGraph) -> None:
    decode = [c for c in attention_calls(llama, repeats=10_000) if c.stage == "decode" and c.position == 0]
    assert [c.key_length for c in decode] == list(range(2049, 2049 + 127))
    assert {c.query_length for c in decode} == {1}
    assert {c.kind for c in decode} == {"self"}


def test_listed_repeats_are_spread_over_the_run(llama: OpGraph) -> None:
    decode = [c for c in attention_calls(llama, repeats=3) if c.stage == "decode" and c.position == 0]
    assert [c.repeat for c in decode] == [0, 63, 126]


def test_the_plot_shows_every_kind_and_stage(stable_diffusion: OpGraph) -> None:
    axes = plot_lengths(stable_diffusion).axes[0]
    assert axes.get_yscale() == "log"
    assert "[tokens]" in axes.get_ylabel()
    legend = axes.get_legend()
    assert legend is not None
    assert {t.get_text() for t in legend.get_texts()} == {"spatial", "cross", "self"}
    assert {t.get_text() for t in axes.texts} == {"text_encoder", "unet", "vae_decoder"}
