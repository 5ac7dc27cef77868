"""Matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from .kernel import FloatArray, Kernel, Number, column
from .table import FamilyTable

__all__ = ["Product", "ProductColumns", "ProductTable"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductColumns(Generic[Number]):
    """Extents of ``batch`` products ``(m, k) (k, n)``.

    Attributes
    ----------
    batch
        Products of one size. [1]
    m, n
        Rows and columns of the output. [1]
    k
        Reduced length. [1]
    """

    batch: Number = column(1.0)
    m: Number
    n: Number
    k: Number


@dataclass(frozen=True, kw_only=True)
class Product(ProductColumns[float], Kernel):
    """One product or a batch of them, with bias and scaling in its epilogue."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductTable(ProductColumns[FloatArray], FamilyTable):
    """Products as columns."""

    kernel_type = Product
    contracts = True

    def kind_names(self) -> tuple[str, ...]:
        """The usual word for products."""
        return ("matmul",) * len(self)
