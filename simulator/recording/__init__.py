"""Computations over columns of accelerators, written down once and carried out for very many of them.

Functions over columns are called once with columns that write down what becomes of them (:mod:`.arrays`, :mod:`.tape`).
What is written down is compiled (:mod:`.program`) and carried out for blocks of accelerators (:mod:`.interpreter`,
which needs numba). A formula stands in one place: where numpy computes it for arrays of numbers.
"""

from .arrays import Recorded, is_recorded
from .tape import Recording, Ref, UnrecordableError

__all__ = ["Recorded", "Recording", "Ref", "UnrecordableError", "is_recorded"]
