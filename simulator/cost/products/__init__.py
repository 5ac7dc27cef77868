"""Products that are tiled over cores: matrix products, and convolutions that become one."""

from .packed import packed_cost
from .problem import WIDEST_ACCESS, Problem, ProductCost, ProductParameters
from .product import product_cost

__all__ = ["WIDEST_ACCESS", "Problem", "ProductCost", "ProductParameters", "packed_cost", "product_cost"]
