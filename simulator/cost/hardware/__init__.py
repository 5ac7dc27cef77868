"""Accelerators as columns for the cost functions, and the figures that are derived from their datasheets."""

from .columns import BASES, FloatArray, HardwareColumns, UnsupportedFormatError

__all__ = ["BASES", "FloatArray", "HardwareColumns", "UnsupportedFormatError"]
