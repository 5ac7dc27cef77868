"""Matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from .kernel import BoolArray, Flag, FloatArray, Kernel, Number, column
from .table import FamilyTable

__all__ = ["Product", "ProductColumns", "ProductTable"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductColumns(Generic[Number, Flag]):
    """Extents of ``batch`` products ``(m, k) (k, n)``.

    Attributes
    ----------
    batch
        Products of one size. [1]
    m, n
        Rows and columns of the output. [1]
    k
        Reduced length. [1]
    packed
        Whether its weights lie packed for a kernel that is made for few rows, whose one tile is small.
    routed
        Whether each product of the batch has the rows that a router gave to one expert.
    """

    batch: Number = column(1.0)
    m: Number
    n: Number
    k: Number
    packed: Flag = column(False)
    routed: Flag = column(False)


@dataclass(frozen=True, kw_only=True)
class Product(ProductColumns[float, bool], Kernel):
    """One product or a batch of them, with bias and scaling in its epilogue."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductTable(ProductColumns[FloatArray, BoolArray], FamilyTable):
    """Products as columns."""

    kernel_type = Product
    contracts = True

    def kind_names(self) -> tuple[str, ...]:
        """The usual word for products."""
        return ("matmul",) * len(self)
