"""FLOPs against two other counters: torch's FlopCounterMode, and fvcore, which counts a multiply-add as one.

A row is a module that all three can run. Where a counter disagrees, the row has by how much, computed by hand, and says
why.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # torch's own abbreviation
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from simulator.work import work_of
from tracer.capture import trace_module
from tracer.operators import is_free

pytestmark = pytest.mark.torch

Inputs = Sequence[torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A module, its inputs, and how many FLOPs each other counter finds above ours.

    ``fvcore`` is after its multiply-adds are counted twice.
    """

    name: str
    make: Callable[[], tuple[nn.Module, Inputs]]
    torch: float = 0.0
    fvcore: float = 0.0
    why: str = ""


def _ours(module: nn.Module, inputs: Inputs) -> float:
    graph = trace_module(module, *inputs)
    (stage,) = graph.stages
    ops = [op for op in graph.ops(stage) if not is_free(op.name)]
    return sum(work_of(op).contraction_flops for op in ops)


def _torch(module: nn.Module, inputs: Inputs) -> int:
    """With attention as two products: the counter has no formula for the fused kernel of the CPU."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return counter.get_total_flops()


def _fvcore(module: nn.Module, inputs: Inputs) -> float:
    """Products, convolutions and attention alone: fvcore also counts norms and interpolation, one for each element."""
    from fvcore.nn import FlopCountAnalysis

    contractions = {"linear", "addmm", "mm", "matmul", "bmm", "baddbmm", "conv", "einsum"}
    with torch.no_grad():
        counted = FlopCountAnalysis(module, tuple(inputs))
        counted.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
        by_operator = counted.by_operator()
    return 2.0 * sum(count for name, count in by_operator.items() if name in contractions)


class _Attention(nn.Module):
    """Attention between projections, with as many key heads as asked for."""

    def __init__(self, *, heads: int = 4, key_heads: int = 4, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.key_heads, self.causal = heads, key_heads, causal
        self.q, self.k = nn.Linear(32, 8 * heads), nn.Linear(32, 8 * key_heads)
        self.v, self.out = nn.Linear(32, 8 * key_heads), nn.Linear(8 * heads, 32)

    def forward(self, x: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        def split(y: torch.Tensor, heads: int) -> torch.Tensor:
            return y.view(*y.shape[:2], heads, 8).transpose(1, 2)

        q = split(self.q(x), self.heads)
        k, v = split(self.k(context), self.key_heads), split(self.v(context), self.key_heads)
        gqa = self.heads != self.key_heads
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, enable_gqa=gqa)
        return self.out(y.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1))


class _Products(nn.Module):
    """Every spelling of a product."""

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        c = torch.matmul(a, b.transpose(-1, -2))
        c = torch.bmm(c, b)
        c = torch.baddbmm(c, c.transpose(1, 2) @ a, a[:, : a.shape[2]])
        return c[0] @ c[1].t()


def _quick(module: nn.Module, *shapes: tuple[int, ...]) -> Callable[[], tuple[nn.Module, Inputs]]:
    return lambda: (module.eval(), [torch.zeros(shape) for shape in shapes])


def _resnet_block():
    from diffusers.models.resnet import ResnetBlock2D

    block = ResnetBlock2D(in_channels=32, out_channels=64, temb_channels=16, groups=8)
    return block.eval(), [torch.zeros(2, 32, 8, 8), torch.zeros(2, 16)]


def _transformer_block():
    from diffusers.models.attention import BasicTransformerBlock

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = BasicTransformerBlock(32, 4, 8, cross_attention_dim=24)

        def forward(self, x, context):
            return self.inner(x, encoder_hidden_states=context)

    return Block().eval(), [torch.zeros(2, 16, 32), torch.zeros(2, 7, 24)]


def _clip_layer():
    from transformers import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPEncoderLayer

    config = CLIPTextConfig(hidden_size=32, intermediate_size=64, num_attention_heads=4)
    config._attn_implementation = "sdpa"
    layer = CLIPEncoderLayer(config)

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layer

        def forward(self, x):
            return self.inner(x, attention_mask=None)

    return Layer().eval(), [torch.zeros(2, 7, 32)]


def _llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=50,
        attn_implementation="sdpa",
    )
    model = LlamaForCausalLM(config)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, tokens):
            return self.inner(tokens, use_cache=False).logits

    return Model().eval(), [torch.zeros(2, 9, dtype=torch.int64)]


def _unet():
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 64),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=24,
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=8,
    )

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = unet

        def forward(self, sample, timestep, context):
            return self.inner(sample, timestep, context, return_dict=False)[0]

    return Model().eval(), [torch.zeros(2, 4, 8, 8), torch.zeros(2), torch.zeros(2, 7, 24)]


def _vae_decoder():
    from diffusers import AutoencoderKL

    vae = AutoencoderKL(
        block_out_channels=(32, 64),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        norm_num_groups=8,
    )

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = vae

        def forward(self, latents):
            return self.inner.decode(latents, return_dict=False)[0]

    return Decoder().eval(), [torch.zeros(2, 4, 8, 8)]


def _temporal_block():
    from diffusers.models.attention import TemporalBasicTransformerBlock

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = TemporalBasicTransformerBlock(32, 32, 4, 8, cross_attention_dim=24)

        def forward(self, x, context):
            return self.inner(x, num_frames=3, encoder_hidden_states=context)

    return Block().eval(), [torch.zeros(6, 5, 32), torch.zeros(10, 7, 24)]


def _attention(batch: int, heads: int, queries: int, keys: int, width: int) -> float:
    """Both products of attention: two FLOPs for each score and channel, twice."""
    return 4.0 * batch * heads * queries * keys * width


def _causal(batch: int, heads: int, length: int, width: int) -> float:
    """Both products where query i sees keys 0 to i."""
    return 4.0 * batch * heads * (length * (length + 1) / 2) * width


_NO_SDPA = "fvcore has no handle for scaled_dot_product_attention and leaves out both of its products"
_CAUSAL = "torch counts all scores, also those that a causal mask hides and no fused kernel computes; " + _NO_SDPA
_NO_BADDBMM = "fvcore has no handle for baddbmm"
# Down one block at 8x8 with 8 heads of 4, in the middle one at 4x4 with 8 heads of 8, up two at 8x8; a prompt of 7.
_UNET = 3 * (_attention(2, 8, 64, 64, 4) + _attention(2, 8, 64, 7, 4)) + (
    _attention(2, 8, 16, 16, 8) + _attention(2, 8, 16, 7, 8)
)

CASES = (
    Case(name="linear", make=_quick(nn.Linear(5, 7), (3, 5))),
    Case(name="linear without bias", make=_quick(nn.Linear(5, 7, bias=False), (2, 3, 5))),
    Case(name="products", make=_quick(_Products(), (2, 6, 6), (2, 6, 6)), fvcore=-2 * 2 * 6**3, why=_NO_BADDBMM),
    Case(name="conv1d", make=_quick(nn.Conv1d(4, 6, 3, padding=1), (2, 4, 10))),
    Case(name="conv2d", make=_quick(nn.Conv2d(4, 6, 3, padding=1), (2, 4, 9, 9))),
    Case(name="conv2d, stride and dilation", make=_quick(nn.Conv2d(4, 6, 3, stride=2, dilation=2), (2, 4, 19, 19))),
    Case(name="conv2d, one image", make=_quick(nn.Conv2d(4, 6, 3), (4, 9, 9))),
    Case(name="conv3d", make=_quick(nn.Conv3d(4, 6, 3, padding=1), (2, 4, 5, 9, 9))),
    Case(name="conv2d in groups", make=_quick(nn.Conv2d(8, 12, 3, groups=4), (2, 8, 9, 9))),
    Case(name="depthwise conv2d", make=_quick(nn.Conv2d(8, 8, 3, groups=8), (2, 8, 9, 9))),
    Case(name="transposed conv1d", make=_quick(nn.ConvTranspose1d(4, 6, 4, stride=2, padding=1), (2, 4, 8))),
    Case(name="transposed conv2d", make=_quick(nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), (2, 4, 8, 8))),
    Case(name="transposed conv2d in groups", make=_quick(nn.ConvTranspose2d(4, 6, 4, groups=2), (2, 4, 8, 8))),
    Case(name="transposed conv3d", make=_quick(nn.ConvTranspose3d(4, 6, 3, stride=3), (2, 4, 3, 8, 8))),
    Case(
        name="self-attention",
        make=_quick(_Attention(), (2, 16, 32), (2, 16, 32)),
        fvcore=-_attention(2, 4, 16, 16, 8),
        why=_NO_SDPA,
    ),
    Case(
        name="cross-attention",
        make=_quick(_Attention(), (2, 16, 32), (2, 7, 32)),
        fvcore=-_attention(2, 4, 16, 7, 8),
        why=_NO_SDPA,
    ),
    Case(
        name="causal attention",
        make=_quick(_Attention(causal=True), (2, 16, 32), (2, 16, 32)),
        torch=_attention(2, 4, 16, 16, 8) - _causal(2, 4, 16, 8),
        fvcore=-_causal(2, 4, 16, 8),
        why=_CAUSAL,
    ),
    Case(
        name="grouped queries",
        make=_quick(_Attention(key_heads=2), (2, 16, 32), (2, 16, 32)),
        fvcore=-_attention(2, 4, 16, 16, 8),
        why=_NO_SDPA,
    ),
    Case(name="layer norm", make=_quick(nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8)), (3, 8))),
    Case(name="group norm", make=_quick(nn.Sequential(nn.GroupNorm(2, 8), nn.Conv2d(8, 4, 1)), (3, 8, 4, 4))),
    Case(
        name="interpolation", make=_quick(nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(3, 4, 3)), (1, 3, 8, 8))
    ),
    Case(name="ResnetBlock2D", make=_resnet_block),
    Case(
        name="BasicTransformerBlock",
        make=_transformer_block,
        fvcore=-_attention(2, 4, 16, 16, 8) - _attention(2, 4, 16, 7, 8),
        why=_NO_SDPA,
    ),
    Case(
        # Two videos of three frames and five positions: each position attends to its three frames.
        name="TemporalBasicTransformerBlock",
        make=_temporal_block,
        fvcore=-_attention(10, 4, 3, 3, 8) - _attention(10, 4, 3, 7, 8),
        why=_NO_SDPA,
    ),
    Case(name="CLIP layer", make=_clip_layer, fvcore=-_attention(2, 4, 7, 7, 8), why=_NO_SDPA),
    Case(
        name="Llama",
        make=_llama,
        torch=2 * (_attention(2, 4, 9, 9, 8) - _causal(2, 4, 9, 8)),
        fvcore=-2 * _causal(2, 4, 9, 8),
        why=_CAUSAL,
    ),
    Case(name="UNet2DConditionModel", make=_unet, fvcore=-_UNET, why=_NO_SDPA),
    Case(name="AutoencoderKL decoder", make=_vae_decoder, fvcore=-_attention(2, 1, 64, 64, 64), why=_NO_SDPA),
)


@pytest.fixture(autouse=True)
def _quiet():
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_torch(case):
    module, inputs = case.make()
    ours = _ours(module, inputs)
    assert _torch(module, inputs) - ours == case.torch, case.why


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_fvcore(case):
    module, inputs = case.make()
    assert _fvcore(module, inputs) - _ours(module, inputs) == case.fvcore, case.why


def test_every_disagreement_is_explained():
    assert all(case.why for case in CASES if case.torch or case.fvcore)
