"""Imported before anything that takes time: until a command runs, an interrupt ends the process without a word.

Python turns an interrupt into an exception, which amid imports is a traceback of other people's modules.
"""

import contextlib
import signal

__all__ = ["as_exceptions"]


def as_exceptions() -> None:
    """From here on an interrupt is a KeyboardInterrupt, so that what a command has begun is put away."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _silently() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


with contextlib.suppress(ValueError):  # not in the main thread, where signals are none of our business
    _silently()
