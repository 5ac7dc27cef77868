"""Kernels that TorchInductor generates, by the kind of their loops."""

from __future__ import annotations

from .declaration import declare
from .kinds import Kind

__all__ = ["OPERATORS"]

OPERATORS = (
    declare("triton::pointwise", kind=Kind.GENERATED_POINTWISE),
    declare("triton::reduction", kind=Kind.GENERATED_REDUCTION),
    declare("triton::persistent_reduction", kind=Kind.GENERATED_PERSISTENT_REDUCTION),
)
