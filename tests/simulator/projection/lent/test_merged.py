"""Graphs whose products of one input are merged."""

from __future__ import annotations

import pytest

from simulator.projection.lent.kernels import of_kernels
from simulator.projection.lent.merged import merged
from simulator.projection.lent.taken import launching
from tracer.capture import trace_module
from tracer.events.builder import TraceBuilder
from tracer.graph import OpGraph
from tracer.trace import RunFacts, Trace

pytestmark = pytest.mark.torch

_GEMM, _FLASH = "ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_32x5_nn", "flash_fwd_kernel<64, 128, 128>"


@pytest.fixture(scope="module")
def layer() -> OpGraph:
    """Attention to 32 other tokens, with biases, and a gated pair of layers without, of 16 tokens 64 wide."""
    import torch
    from torch import nn

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query, self.out = nn.Linear(64, 64), nn.Linear(64, 64)
            self.key, self.value = nn.Linear(48, 64), nn.Linear(48, 64)
            self.gate, self.up = nn.Linear(64, 96, bias=False), nn.Linear(64, 96, bias=False)

        def forward(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            query, key, value = (
                t.view(1, -1, 2, 32).transpose(1, 2) for t in (self.query(x), self.key(other), self.value(other))
            )
            attended = nn.functional.scaled_dot_product_attention(query, key, value)
            y = self.out(attended.transpose(1, 2).reshape(1, 16, 64))
            return nn.functional.silu(self.gate(y)) * self.up(y)

    with torch.device("meta"), torch.no_grad():
        tensors = torch.zeros(1, 16, 64, dtype=torch.bfloat16), torch.zeros(1, 32, 48, dtype=torch.bfloat16)
        return trace_module(Layer().to(torch.bfloat16).eval(), *tensors)


def _outputs(operators: list) -> list[tuple[str, tuple[int, ...]]]:  # type: ignore[type-arg]
    return [(op.name.partition("::")[2], op.outputs[0].shape) for op in operators if "mm" in op.name]


def test_keys_and_values_are_one_product_and_so_are_gate_and_gated(layer: OpGraph) -> None:
    assert [name for name, _ in _outputs(launching(layer))] == ["addmm"] * 4 + ["mm"] * 2
    assert _outputs(merged(layer)) == [
        ("addmm", (16, 64)),
        ("addmm", (32, 128)),
        ("addmm", (16, 64)),
        ("mm", (16, 192)),
    ]
    (both,) = [op for op in merged(layer) if op.outputs[0].shape == (32, 128)]
    assert [tensor.shape for tensor in both.inputs] == [(128,), (32, 48), (48, 128)]


def test_kernels_of_merged_products_are_lined_up_with_them(layer: OpGraph) -> None:
    merged_names, own_names = (_GEMM, _GEMM, _FLASH, _GEMM, _GEMM), (*(_GEMM,) * 3, _FLASH, *(_GEMM,) * 3)
    for names, products in ((merged_names, 4), (own_names, 6)):
        trace, taken = of_kernels(_kernels(*names * 2), layer)
        assert (taken.runs, taken.calls, dict(taken.apart)) == (2, 2 * len(names), {})
        assert len(_outputs([trace.operators[number] for number in trace.calls.operator.tolist()])) == 2 * products


def _kernels(*names: str) -> Trace:
    builder = TraceBuilder()
    for place, name in enumerate(names):
        builder.add_kernel(name, start=1000 * place, duration=500, grid=(64, 1, 1, 128, 1, 1))
    return builder.build("run", RunFacts(device="NVIDIA H100 80GB HBM3"))
