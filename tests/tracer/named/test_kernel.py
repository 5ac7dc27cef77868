"""Blocks and threads of a launch."""

from __future__ import annotations

from tracer.named.kernel import blocks_of, threads_of


def test_blocks_and_threads() -> None:
    assert blocks_of((2, 3, 4, 32, 4, 1)) == 24
    assert threads_of((2, 3, 4, 32, 4, 1)) == 128
