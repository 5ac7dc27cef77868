"""What a scheme has changed: how many layers, how many weights, and what they take."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["QuantizedWeights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedWeights:
    """Weights of a run that are quantised.

    Attributes
    ----------
    scheme, title : str
    components : tuple of str
    layers : int
        Linear layers that run by the scheme, and ``layers_kept`` those of the same components that do not.
    weights : int
        Elements of their weights. [1]
    bytes_before, bytes_after : int
        What these take without the scheme and with it, scales included. [B]
    unchecked : str
        What no table measures of the scheme.
    """

    scheme: str
    title: str
    components: tuple[str, ...]
    layers: int
    layers_kept: int
    weights: int
    bytes_before: int
    bytes_after: int
    unchecked: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain form for JSON."""
        return asdict(self)
