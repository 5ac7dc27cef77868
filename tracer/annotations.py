"""Ranges of the host's time that the author of a run, or the profiler, has given a name."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Annotation"]


class Annotation(NamedTuple):
    """A named range: ``torch.profiler.record_function``, an NVTX range, ``ProfilerStep#3``.

    Attributes
    ----------
    name : str
    start, duration : float
        [s]
    thread : int
    """

    name: str
    start: float
    duration: float
    thread: int
