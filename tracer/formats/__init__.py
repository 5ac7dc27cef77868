"""Readers of traces, one file a format: ``recognises(path) -> bool`` and ``read(path, progress=None) -> Trace``."""

from .catalogue import format_names, read_trace, recognise

__all__ = ["format_names", "read_trace", "recognise"]
