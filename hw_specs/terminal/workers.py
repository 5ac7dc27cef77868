"""Processes that compute for this one, and end with it whatever ends it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

__all__ = ["uninterrupted", "workers_of"]


@contextlib.contextmanager
def workers_of(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with this one, at once where the block ends by an error or an interrupt."""
    # Workers are started afresh: a copy of a process with threads of its own may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_ends_with_its_parent) as workers:
        finished = False
        try:
            yield workers
            finished = True
        finally:
            if not finished:
                for process in multiprocessing.active_children():
                    process.terminate()
                workers.shutdown(cancel_futures=True)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Interrupts are for this process, which ends its workers: those that start here get none."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ends_with_its_parent() -> None:
    """Do not wait for work that a killed process cannot give."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
