"""Products that are tiled over cores: matrix products, and convolutions that become one."""

from .built_rate import at_built_rate, runs_as_built
from .packed import packed_cost
from .problem import WIDEST_ACCESS, Problem, ProductCost, ProductParameters
from .product import product_cost
from .routed import routed_cost

__all__ = [
    "WIDEST_ACCESS",
    "Problem",
    "ProductCost",
    "ProductParameters",
    "at_built_rate",
    "packed_cost",
    "product_cost",
    "routed_cost",
    "runs_as_built",
]
