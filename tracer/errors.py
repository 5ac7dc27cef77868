"""The error that everything about graphs raises."""

from __future__ import annotations

__all__ = ["GraphError"]


class GraphError(ValueError):
    """A graph, or a file that should hold one, breaks the contract of this module."""
