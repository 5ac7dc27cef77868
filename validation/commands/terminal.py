"""How far a command is, beside its result."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tracer.progress_bar import counts, working

__all__ = ["progress", "working"]


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[str], None]]:
    """Progress bar on standard error, where that is a terminal."""
    with counts() as advance:
        done = itertools.count(1)
        yield lambda what: advance(what, next(done), total or 0)
