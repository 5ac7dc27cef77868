"""Outputs of operators whose source records inputs alone: one small shape function each, one file a family.

The first output is inferred, with the layout that PyTorch's CUDA kernels give it where that differs from row-major;
statistics that normalizations and attention return beside it are left out, as they are small. An operator whose
outputs do not follow from shapes and recorded arguments gets none.
"""

from . import contraction, elementwise, movement, rows
from .rules import infer_outputs

__all__ = ["contraction", "elementwise", "infer_outputs", "movement", "rows"]
