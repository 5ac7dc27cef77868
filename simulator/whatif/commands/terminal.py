"""What a command says beside its result."""

from __future__ import annotations

import sys
from collections.abc import Iterable

__all__ = ["remark"]


def remark(lines: Iterable[str]) -> None:
    """Say something beside the result, so that a program which reads that does not meet it."""
    for line in lines:
        print(line, file=sys.stderr)
