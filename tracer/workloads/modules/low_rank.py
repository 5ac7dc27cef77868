# ruff: noqa: D107 (what a module is built from is documented with its class)
"""Linear layer with an adapter of low rank beside it (peft, tuners/lora/layer.py, ``Linear``)."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["AdaptedLinear"]


class AdaptedLinear(nn.Module):
    """``base(x) + up(down(x)) * scaling``, in the format of the layer; dropout is for training.

    Attributes
    ----------
    base_layer : torch.nn.Linear
    rank : int
    """

    scaling = 0.5  # Any but 1 costs a pass, and peft multiplies by 1 too.

    def __init__(self, base_layer: nn.Linear, *, rank: int) -> None:
        super().__init__()
        weight = base_layer.weight
        self.base_layer = base_layer
        self.lora_A = nn.Linear(weight.shape[1], rank, bias=False, dtype=weight.dtype, device=weight.device)
        self.lora_B = nn.Linear(rank, weight.shape[0], bias=False, dtype=weight.dtype, device=weight.device)

    @property
    def weight(self) -> Tensor:
        """That of the layer, of which some models ask for the format."""
        return self.base_layer.weight

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        out: Tensor = self.base_layer(x) + self.lora_B(self.lora_A(x)) * self.scaling
        return out
