"""Ways to quantise a pipeline: which layers, what their weights take, and which operators a library calls in place of a
linear layer. Each is a file of this folder."""

from .catalogue import QuantizationError, list_schemes, load_scheme
from .choice import EVERY, UNQUANTIZED, Choice, parse_choice
from .scheme import Layers, Recipe, Scheme, Step, TensorForm

__all__ = [
    "EVERY",
    "UNQUANTIZED",
    "Choice",
    "Layers",
    "QuantizationError",
    "Recipe",
    "Scheme",
    "Step",
    "TensorForm",
    "list_schemes",
    "load_scheme",
    "parse_choice",
]
