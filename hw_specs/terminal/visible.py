"""Text that a terminal shows and does not obey, wherever it comes from: names in files may hold any characters."""

from __future__ import annotations

__all__ = ["visible"]


def visible(text: str) -> str:
    r"""Text whose characters that cannot be seen are escaped, but for ends of lines.

    Examples
    --------
    >>> visible("kernel\x1b[2J")
    'kernel\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
