"""Operators, one declaration each: names, arguments, output shapes, and the kind that all else follows from.

A file of this folder declares the operators of a family in ``OPERATORS``; nothing else registers it.
"""

from .catalogue import (
    argument_names,
    canonical_name,
    declaration_of,
    infer_outputs,
    is_free,
    is_in_place,
    iter_operators,
    kind_of,
)
from .declaration import Declaration, DeclarationError, declare
from .kinds import ATTENTION_GRADIENTS, ATTENTIONS, COLLECTIVES, CONVOLUTIONS, FREE, GENERATED, PRODUCTS, Kind

__all__ = [
    "ATTENTIONS",
    "ATTENTION_GRADIENTS",
    "COLLECTIVES",
    "CONVOLUTIONS",
    "FREE",
    "GENERATED",
    "PRODUCTS",
    "Declaration",
    "DeclarationError",
    "Kind",
    "argument_names",
    "canonical_name",
    "declaration_of",
    "declare",
    "infer_outputs",
    "is_free",
    "is_in_place",
    "iter_operators",
    "kind_of",
]
