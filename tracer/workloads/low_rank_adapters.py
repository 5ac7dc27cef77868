"""Adapters of low rank beside the projections of a denoiser's attention (Hu et al., LoRA, arXiv:2106.09685).

Layers are those that the training scripts of diffusers adapt (examples/text_to_image/train_text_to_image_lora.py:
``target_modules=["to_k", "to_q", "to_v", "to_out.0"]``). Fused (``fuse_lora``), their product is added to the weight
once, and a run is one of the model itself; otherwise each layer computes them besides (peft, tuners/lora/layer.py,
``Linear.forward``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracer.graph import GraphError

from .pipeline import StageSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Adapter", "adapt"]

_LARGEST_RANK = 1024
_TEXT = re.compile(r"(?P<rank>\d+)(?:\s*,\s*(?P<how>fused|unfused))?", re.IGNORECASE)
_ADAPTED = re.compile(r"(^|\.)(to_q|to_k|to_v|to_out\.0)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Rank of an adapter, and whether its weights are added to those of the layers."""

    rank: int
    fused: bool = True

    @classmethod
    def parse(cls, text: str) -> Adapter:
        """``16`` or ``16,fused``, and ``16,unfused``.

        Raises
        ------
        GraphError
            The text says something else.
        """
        found = _TEXT.fullmatch(text.strip())
        rank = int(found["rank"]) if found and len(found["rank"]) < 8 else 0
        if found is None or not 1 <= rank <= _LARGEST_RANK:
            raise GraphError(f"lora {text}: valid are a rank from 1 to {_LARGEST_RANK}, and RANK,unfused")
        return cls(rank=rank, fused=(found["how"] or "fused").lower() == "fused")

    def __str__(self) -> str:
        """Text as it is parsed."""
        return f"{self.rank},{'fused' if self.fused else 'unfused'}"


def adapt(name: str, specs: Iterable[StageSpec], adapter: Adapter, denoisers: Collection[str]) -> None:
    """Put adapters beside the projections of a pipeline's denoisers, in place.

    Raises
    ------
    GraphError
        No denoiser has such projections.
    """
    modules = {id(spec.module): spec.module for spec in specs if spec.component in denoisers}
    if not sum(_adapt(module, adapter.rank) for module in modules.values()):
        raise GraphError(
            f"lora does not apply to {name}: no layer of its denoiser is called to_q, to_k, to_v or to_out"
        )


def _adapt(module: nn.Module, rank: int) -> int:
    """Number of layers of a module that have been given an adapter."""
    from torch import nn

    from .modules.low_rank import AdaptedLinear

    found = [(path, layer) for path, layer in module.named_modules() if _ADAPTED.search(path)]
    linear = [(path, layer) for path, layer in found if isinstance(layer, nn.Linear)]
    for path, layer in linear:
        parent, _, name = path.rpartition(".")
        setattr(module.get_submodule(parent), name, AdaptedLinear(layer, rank=rank))
    return len(linear)
