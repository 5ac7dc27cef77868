"""Adapters beside the projections of attention, by hand."""

from __future__ import annotations

import pytest

from tracer.graph import GraphError
from tracer.workloads.low_rank_adapters import Adapter, adapt
from tracer.workloads.pipeline import StageSpec


def test_texts():
    assert Adapter.parse(" 16 ") == Adapter(rank=16) == Adapter.parse("16,fused")
    assert Adapter.parse("8, Unfused") == Adapter(rank=8, fused=False)
    assert str(Adapter.parse("8,unfused")) == "8,unfused"


@pytest.mark.parametrize("text", ["-3", "0", "1025", "99999999999", "x", "", "16,melted", "1.5"])
def test_nonsense_is_one_line_that_says_what_would_be_valid(text):
    with pytest.raises(GraphError, match="valid are a rank from 1 to 1024, and RANK,unfused") as error:
        Adapter.parse(text)
    assert "\n" not in str(error.value)


@pytest.fixture
def specs():
    """A denoiser with one attention and a feed-forward layer, which two stages run, and another component."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    with torch.device("meta"):
        attention = nn.Module()
        attention.to_q, attention.to_k, attention.to_v = (nn.Linear(8, 8) for _ in range(3))
        attention.to_out = nn.ModuleList([nn.Linear(8, 8), nn.Dropout()])
        denoiser, other = nn.Module(), nn.Module()
        denoiser.attn, denoiser.ff, other.to_q = attention, nn.Linear(8, 8), nn.Linear(8, 8)
    stage = {"run": lambda module, repeat: None}
    return [
        StageSpec(name="one", component="unet", module=denoiser, **stage),
        StageSpec(name="two", component="unet", module=denoiser, **stage),
        StageSpec(name="text", component="text_encoder", module=other, **stage),
    ]


@pytest.mark.torch
def test_the_four_projections_of_the_denoiser_get_one_each(specs, parameter_count):
    adapt("small", specs, Adapter(rank=2, fused=False), ("unet",))
    assert parameter_count(specs[0]) == 5 * (8 * 8 + 8) + 4 * 2 * (8 + 8)
    assert parameter_count(specs[2]) == 8 * 8 + 8
    assert type(specs[0].module.attn.to_out[0]).__name__ == "AdaptedLinear"
    assert type(specs[0].module.ff).__name__ == "Linear"


@pytest.mark.torch
def test_a_denoiser_without_such_layers_is_refused(specs):
    with pytest.raises(GraphError, match="lora does not apply to small: no layer of its denoiser is called to_q"):
        adapt("small", specs, Adapter(rank=2, fused=False), ("transformer",))
