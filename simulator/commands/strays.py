"""What a word means that stands on a command line without an option: an accelerator, a model, a file."""

from __future__ import annotations

from pathlib import Path

__all__ = ["option_of"]

_OPTIONS = {
    ".yaml": "--hw",
    ".yml": "--hw",
    ".npz": "--graph",
    ".json": "--trace",
    ".gz": "--trace",
    ".trace": "--trace",
}


def option_of(word: str) -> str | None:
    """Option that a word belongs to, with the word; None where it names nothing.

    Examples
    --------
    >>> option_of("a100"), option_of("sdxl"), option_of("mine.json"), option_of("fast")
    ('--hw a100', '--model sdxl', '--trace mine.json', None)
    """
    from hw_specs import SpecError
    from hw_specs.listing.names import resolve_name
    from tracer.workloads import UnknownWorkloadError, find_pipeline

    suffix = Path(word).suffix
    if suffix in _OPTIONS:
        return f"{_OPTIONS[suffix]} {word}"
    try:
        resolve_name(word)
    except SpecError:
        pass
    else:
        return f"--hw {word}"
    try:
        find_pipeline(word)
    except UnknownWorkloadError:
        return None
    return f"--model {word}"
