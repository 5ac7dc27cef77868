"""Imported before anything that takes time: until a command runs, an interrupt ends the process without a word.

Python turns an interrupt into an exception, which amid imports is a traceback of other people's modules. A program that
imports the packages for itself keeps its own ways.
"""

import contextlib
import signal
import sys

__all__ = ["as_exceptions"]

_COMMANDS = frozenset({"simulate", "trace", "validate", "whatif", "hwspec"})
_PACKAGES = frozenset({"simulator", "tracer", "validation", "hw_specs"})


def as_exceptions() -> None:
    """From here on an interrupt is a KeyboardInterrupt, so that what a command has begun is put away."""
    with contextlib.suppress(ValueError):  # not in the main thread, where signals are none of our business
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _runs_a_command() -> bool:
    """Whether this process was begun as one of ours, by name or as a module."""
    words = sys.orig_argv
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1].partition(".")[0] in _PACKAGES
    return sys.argv[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe") in _COMMANDS


if _runs_a_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
