"""Products that are tiled over cores: matrix products, and convolutions that become one."""

from .problem import WIDEST_ACCESS, Problem, ProductCost, ProductParameters
from .product import product_cost

__all__ = ["WIDEST_ACCESS", "Problem", "ProductCost", "ProductParameters", "product_cost"]
