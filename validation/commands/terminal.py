"""What a command says beside its result: progress and remarks."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tracer.progress_bar import counts

__all__ = ["progress", "remark"]


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[str], None]]:
    """Progress bar on standard error, where that is a terminal."""
    with counts() as advance:
        done = itertools.count(1)
        yield lambda what: advance(what, next(done), total or 0)


def remark(lines: Iterable[str]) -> None:
    """Say something beside the result, so that a program which reads that does not meet it."""
    for line in lines:
        print(line, file=sys.stderr)
