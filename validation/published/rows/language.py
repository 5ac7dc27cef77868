"""Rows of language models: how many tokens went in and came out, and which time of the run a figure stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from validation.published.names import Source

__all__ = ["Lengths", "lengths_of", "part_of_run"]

_PREFILL = re.compile(r"first[- ]token|prefill|\bttft\b", re.IGNORECASE)
_DECODE = re.compile(r"\bdecode\b|\btpot\b|time per output token", re.IGNORECASE)


class Lengths(NamedTuple):
    """Tokens of the prompt, and tokens that are generated; `stated` is whether the row says the former."""

    prompt: int
    generated: int
    stated: bool


def lengths_of(notes: str, patterns: Sequence[str], source: Source) -> Lengths | None:
    """Lengths of a run, as its notes or else its source have them; None where neither says them.

    Parameters
    ----------
    notes : str
    patterns : sequence of str
        Expressions with a group ``prompt``, and ``generated`` where the answer's length is stated too; the first that
        is found decides. A run up to the first token generates one.
    source : Source
    """
    found = next(filter(None, (re.search(pattern, notes, re.IGNORECASE) for pattern in patterns)), None)
    answer = 1 if _PREFILL.search(notes) else source.generates if _DECODE.search(notes) else None
    if found is None:
        return None if source.prompt is None or answer is None else Lengths(source.prompt, answer, stated=False)
    groups = found.groupdict()
    generated = int(groups["generated"]) if groups.get("generated") else answer
    return None if generated is None else Lengths(int(groups["prompt"]), generated, stated=True)


def part_of_run(notes: str) -> str | None:
    """Stage that notes say a figure is of; None where it is of the whole run.

    A rate of decoding is that of one token of each sequence; any other is of all tokens that a run generates, whose
    prefill then counts too.
    """
    if _PREFILL.search(notes):
        return "prefill"
    return "decode" if _DECODE.search(notes) else None
