"""Where the commands begin: an interrupt ends them without a word before anything is imported that takes time.

Importing a package reads several files, and what interrupts that is a traceback. This module reads none: ``_signal`` is
part of the interpreter. What the interpreter itself reads before it comes here is nobody's to change.
"""

import _signal  # type: ignore[import-not-found]  # what signal wraps in enumerations, which take a while

__all__ = ["hwspec", "simulate", "trace", "validate", "whatif"]


def simulate() -> None:
    """``simulate``."""
    _silently()
    from simulator.__main__ import main

    main()


def whatif() -> None:
    """``whatif``."""
    _silently()
    from simulator.whatif.__main__ import main

    main()


def trace() -> None:
    """``trace``."""
    _silently()
    from tracer.__main__ import main

    main()


def validate() -> None:
    """``validate``."""
    _silently()
    from validation.__main__ import main

    main()


def hwspec() -> None:
    """``hwspec``."""
    _silently()
    from hw_specs.__main__ import main

    main()


def _silently() -> None:
    """Let an interrupt end the process, unless it is ignored or somebody's own."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
