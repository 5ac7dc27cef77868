"""One JSON value as tools write it where they do not follow the standard.

``inf`` and ``nan`` (pytorch/kineto#105), backslashes of Windows paths (pytorch/pytorch#98432) and commas before a
closing bracket say plainly what is meant; a quote inside a text does not, and is left to be refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["DECODER", "end_of_value", "repaired"]

#: Standard decoder that takes control characters in texts (pytorch/pytorch#130622).
DECODER = json.JSONDecoder(strict=False)
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(rf'{_STRING}|[\[\]{{}}"]', re.DOTALL)
_PIECE = re.compile(rf'{_STRING}|[^"]+', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[\"\\/bfnrt]|)")
_SCALAR = re.compile(r"[^,\]}\s]*")
_NOT_FINITE = re.compile(
    r"(?<![\w.])[-+]?(?:inf(?:inity)?|nan(?:\([^)\s]*\))?|1\.#(?:INF|IND|QNAN|SNAN)0*)(?![\w.])", re.IGNORECASE
)
_COMMA_BEFORE_END = re.compile(r",(\s*[\]}])")


def end_of_value(text: str, start: int) -> int | None:
    """Where the value ends that begins at `start`; None where it goes on beyond the text."""
    if text[start : start + 1] not in ("{", "["):
        match = _SCALAR.match(text, start)
        return match.end() if match else None
    depth = 0
    for token in _TOKEN.finditer(text, start):
        first = token[0][0]
        if first in "{[":
            depth += 1
        elif first in "}]":
            depth -= 1
        elif len(token[0]) == 1:
            return None  # A text that does not end.
        if depth == 0:
            return token.end()
    return None


def repaired(text: str) -> Any:
    """Value of a text that the decoder refuses.

    Raises
    ------
    ValueError
        What is wrong with it is nothing that has one meaning.
    """
    pieces = (_plain(match[0]) for match in _PIECE.finditer(text))
    return DECODER.decode("".join(pieces))


def _plain(piece: str) -> str:
    """A text with its stray backslashes doubled, or what stands between texts without stray commas and words."""
    if piece.startswith('"'):
        return _ESCAPE.sub(lambda match: match[0] if match[1] else "\\\\", piece)
    return _COMMA_BEFORE_END.sub(r"\1", _NOT_FINITE.sub("NaN", piece))
