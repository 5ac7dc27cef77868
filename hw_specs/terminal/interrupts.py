"""Imported before anything that takes time: until a command runs, an interrupt ends the process without a word.

Python turns an interrupt into an exception, which amid imports is a traceback of other people's modules. A program that
imports the packages for itself keeps its own ways. Nothing is imported here that takes time itself: the module of C
behind :mod:`signal` is there from the start.

While a command runs, other signals that end it are exceptions too, so that what it has begun is put away before it ends
by them: SIGTERM, which ``kill`` and schedulers of jobs send, and SIGHUP of a terminal that is closed.
"""

import _signal  # type: ignore[import-not-found]  # what signal wraps in enumerations, which take a while
import sys

__all__ = ["Ended", "as_endings", "as_exceptions", "end_by"]

#: When an interrupt comes again: not before the place is left that it came in. [s]
_SOON = 0.01
#: Signals that ask a process to end, those of them that this system has.
_ENDINGS = tuple(getattr(_signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(_signal, name))
_COMMANDS = frozenset({"simulate", "trace", "validate", "whatif", "hwspec"})
_PACKAGES = frozenset({"simulator", "tracer", "validation", "hw_specs"})


class Ended(BaseException):
    """A signal other than an interrupt asks the process to end.

    Attributes
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:  # noqa: D107
        super().__init__(number)
        self.number = number


def as_exceptions() -> None:
    """From here on an interrupt is a KeyboardInterrupt, so that what a command has begun is put away."""
    if _set(_signal.SIGINT, _signal.SIG_DFL, _signal.default_int_handler):
        sys.unraisablehook = _raised_again
    for number in _ENDINGS:
        _set(number, _signal.SIG_DFL, _ended)


def as_endings() -> None:
    """From here on an interrupt ends the process without a word, where it runs one of our commands."""
    if _runs_a_command():
        _set(_signal.SIGINT, _signal.default_int_handler, _signal.SIG_DFL)
    for number in _ENDINGS:
        _set(number, _ended, _signal.SIG_DFL)


def end_by(number: int) -> None:
    """End the process by a signal, for whoever waits for it to see."""
    _signal.signal(number, _signal.SIG_DFL)
    _signal.raise_signal(number)


def _ended(number: int, frame: object) -> None:
    raise Ended(number)


def _set(number: int, before: object, handler: object) -> bool:
    """Whether the way to handle a signal was one and now is another; one that is ignored stays so."""
    if _signal.getsignal(number) != before:
        return False
    try:
        _signal.signal(number, handler)
    except ValueError:  # not in the main thread, where signals are none of our business
        return False
    return True


def _raised_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """An interrupt in a place whose exceptions Python only reports, such as a callback, comes again outside of it."""
    error = unraisable.exc_value
    if not isinstance(error, KeyboardInterrupt | Ended) or not hasattr(_signal, "setitimer"):
        sys.__unraisablehook__(unraisable)
        return

    def again(number: int, frame: object) -> None:
        raise error

    _signal.signal(_signal.SIGALRM, again)
    _signal.setitimer(_signal.ITIMER_REAL, _SOON)


def _runs_a_command() -> bool:
    """Whether this process was begun as one of ours, by name or as a module."""
    words = sys.orig_argv
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1].partition(".")[0] in _PACKAGES
    return sys.argv[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe") in _COMMANDS


as_endings()
