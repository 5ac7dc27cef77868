"""What a run quantises: a scheme, and the components of the pipeline that it is for."""

from __future__ import annotations

from typing import NamedTuple

from .catalogue import load_scheme
from .scheme import Scheme

__all__ = ["EVERY", "UNQUANTIZED", "Choice", "parse_choice"]

#: Weights and products stay in the format of the run.
UNQUANTIZED = "none"

#: In place of names of components, that all of them are quantised.
EVERY = "all"


class Choice(NamedTuple):
    """Scheme, None where nothing is quantised, and components by name: none for the main one, ``all`` for every one."""

    scheme: Scheme | None
    components: tuple[str, ...]


def parse_choice(text: str) -> Choice:
    """Choice of a text such as ``fp8-row``, or ``fp8-row:transformer,text_encoder``.

    Raises
    ------
    QuantizationError
        There is no such scheme.
    SpecError
        The file of a scheme is refused.
    """
    name, _, components = text.partition(":")
    if name == UNQUANTIZED:
        return Choice(None, ())
    return Choice(load_scheme(name), tuple(part.strip() for part in components.split(",") if part.strip()))
