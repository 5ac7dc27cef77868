"""One file for each source of measurements: what it timed beside or instead of a plain eager call."""

from .catalogue import list_sources, source_of
from .source import Source

__all__ = ["Source", "list_sources", "source_of"]
