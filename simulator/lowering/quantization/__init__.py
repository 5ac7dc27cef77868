"""Linear layers under a scheme of quantisation: the graph with the operators that a library calls in their place."""

from .accounts import QuantizedWeights
from .rewriting import quantized

__all__ = ["QuantizedWeights", "quantized"]
