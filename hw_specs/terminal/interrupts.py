"""Imported before anything that takes time: until a command runs, an interrupt ends the process without a word.

Python turns an interrupt into an exception, which amid imports is a traceback of other people's modules. A program that
imports the packages for itself keeps its own ways. Nothing is imported here that takes time itself: the module of C
behind :mod:`signal` is there from the start.
"""

import _signal  # type: ignore[import-not-found]  # what signal wraps in enumerations, which take a while
import sys

__all__ = ["as_endings", "as_exceptions"]

#: When an interrupt comes again: not before the place is left that it came in. [s]
_SOON = 0.01
_COMMANDS = frozenset({"simulate", "trace", "validate", "whatif", "hwspec"})
_PACKAGES = frozenset({"simulator", "tracer", "validation", "hw_specs"})


def as_exceptions() -> None:
    """From here on an interrupt is a KeyboardInterrupt, so that what a command has begun is put away."""
    if _set(_signal.SIG_DFL, _signal.default_int_handler):
        sys.unraisablehook = _raised_again


def as_endings() -> None:
    """From here on an interrupt ends the process without a word, where it runs one of our commands."""
    if _runs_a_command():
        _set(_signal.default_int_handler, _signal.SIG_DFL)


def _set(before: object, handler: object) -> bool:
    """Whether the way to handle interrupts was one and now is another."""
    if _signal.getsignal(_signal.SIGINT) != before:
        return False
    try:
        _signal.signal(_signal.SIGINT, handler)
    except ValueError:  # not in the main thread, where signals are none of our business
        return False
    return True


def _raised_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """An interrupt in a place whose exceptions Python only reports, such as a callback, comes again outside of it."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt) and hasattr(_signal, "setitimer"):
        _signal.signal(_signal.SIGALRM, _signal.default_int_handler)
        _signal.setitimer(_signal.ITIMER_REAL, _SOON)
    else:
        sys.__unraisablehook__(unraisable)


def _runs_a_command() -> bool:
    """Whether this process was begun as one of ours, by name or as a module."""
    words = sys.orig_argv
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1].partition(".")[0] in _PACKAGES
    return sys.argv[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe") in _COMMANDS


as_endings()
