"""FLOPs and bytes of operators, one file a family. Importing the package registers every formula."""

from . import (
    attention,
    communication,
    contraction,
    convolution,
    generated,
    movement,
    normalization,
    pointwise,
    reduction,
)
from .op_work import (
    FormulaError,
    OpWork,
    UnsupportedOpError,
    compulsory_bytes,
    op_formula,
    supported_operators,
    work_of,
)
from .views import is_free

__all__ = [
    "FormulaError",
    "OpWork",
    "UnsupportedOpError",
    "attention",
    "communication",
    "compulsory_bytes",
    "contraction",
    "convolution",
    "generated",
    "is_free",
    "movement",
    "normalization",
    "op_formula",
    "pointwise",
    "reduction",
    "supported_operators",
    "work_of",
]
