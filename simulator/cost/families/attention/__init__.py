"""Fused attention: its cost, its parameters, its tiles, and the rate that it never exceeds."""

from .cost import ATTENTION

__all__ = ["ATTENTION"]
