"""U-Nets steered by an image: what runs in every step and what once, and how large it is."""

from __future__ import annotations

import pytest

from tracer.library.graphs import graph_of

_BASES = ("stable-diffusion", "sdxl")


def _stages(name: str) -> dict[str, int]:
    return {stage.name: stage.repeats for stage in graph_of(name, {}).stages}


@pytest.mark.parametrize("base", _BASES)
def test_a_controlnet_runs_before_the_denoiser_in_every_step(base: str) -> None:
    plain, steered = _stages(base), _stages(f"{base}-controlnet")
    assert steered == {**plain, "unet_controlnet": plain["unet"]}
    names = list(steered)
    assert names.index("unet_controlnet") == names.index("unet") - 1


@pytest.mark.parametrize("base", _BASES)
def test_an_adapter_runs_once(base: str) -> None:
    assert _stages(f"{base}-t2i-adapter") == {**_stages(base), "adapter": 1}


@pytest.mark.parametrize("base", _BASES)
def test_the_denoiser_adds_what_it_is_given(base: str) -> None:
    plain, controlled, adapted = (
        sum(graph.operators[i].name in ("aten::add", "aten::add_") for i in graph.stage("unet").operators)
        for graph in (graph_of(f"{base}{suffix}", {}) for suffix in ("", "-controlnet", "-t2i-adapter"))
    )
    # Twelve maps of Stable Diffusion's encoder, nine of SDXL's, and the middle; four of an adapter.
    assert controlled - plain == {"stable-diffusion": 13, "sdxl": 10}[base]
    assert adapted - plain in (3, 4)


def test_sizes_are_those_published() -> None:
    sizes = {c.name: c.num_parameters for c in graph_of("stable-diffusion-controlnet", {}).components}
    assert sizes["controlnet"] == 361_279_120
    adapter = {c.name: c.num_parameters for c in graph_of("stable-diffusion-t2i-adapter", {}).components}
    assert adapter["adapter"] == pytest.approx(77e6, rel=0.01)  # Mou et al. 2023: 77 M
