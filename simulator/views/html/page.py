"""A page of sections, figures and tables, as one file that needs nothing from elsewhere.

Plotly draws the figures in the browser from their data, which lie in the page; its code lies there compressed, and the
browser unpacks it. The page forbids itself every request (Content-Security-Policy), and every figure has its numbers as
a table behind it, for those who do not see it and where no script runs.
"""

from __future__ import annotations

import base64
import functools
import importlib.util
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Bar", "Chart", "Page", "Section", "Table", "library_file", "render", "require_libraries", "style"]

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    caption : str
    columns : sequence of str
    rows : sequence of sequence of str
        As many cells as columns; the first names the row.
    bars : sequence of float, optional
        For each row a length between 0 and 1 that is drawn behind its second cell.
    words : bool
        Whether the cells are words and no numbers, so that they begin at the left.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    bars: Sequence[float] = ()
    words: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Parts of a whole as one bar: name, share of it, text and colour of each."""

    caption: str
    parts: Sequence[tuple[str, float, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A figure that Plotly draws.

    Attributes
    ----------
    name : str
        Tells it from the others of the page.
    title : str
    says : str
        What it shows, for those who do not see it.
    traces : sequence of mapping
        ``data`` of Plotly's figure format, without NaN.
    layout : mapping
        ``layout`` of the same; colours of text, grid and ground are the page's.
    table : Table
        The numbers that are drawn, or the largest of them.
    height : int
        [px]
    """

    name: str
    title: str
    says: str
    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    table: Table
    height: int = 420

    def figure(self) -> str:
        """Data and layout as JSON that may stand inside a ``script`` element."""
        text = json.dumps({"data": self.traces, "layout": self.layout}, allow_nan=False, separators=(",", ":"))
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Part of a page with a heading: sentences, then figures and tables in order."""

    name: str
    title: str
    text: Sequence[str] = ()
    blocks: Sequence[Chart | Table | Bar | Section] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All of a page.

    Attributes
    ----------
    title, subtitle : str
    answer : str
        The result in one sentence.
    facts : sequence of (str, str)
        What is said beside it: name and text.
    blocks : sequence
        What stands beside the answer on the first screen.
    sections : sequence of Section
    made_by : str
    """

    title: str
    subtitle: str
    answer: str
    facts: Sequence[tuple[str, str]] = ()
    warnings: Sequence[str] = ()
    blocks: Sequence[Section] = ()
    sections: Sequence[Section] = field(default_factory=tuple)
    made_by: str = ""


def render(page: Page) -> str:
    """HTML text of a page.

    Raises
    ------
    ModuleNotFoundError
        Jinja2 or Plotly is not installed.
    """
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string(_text("page.html.j2"))
    return template.render(page=page, style=style(), script=_text("page.js"), library=_library(), kind=_kind)


def style() -> str:
    """Style that pages share, as CSS."""
    return _text("page.css")


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _kind(block: object) -> str:
    """Name of what a block is."""
    return type(block).__name__.lower()


def require_libraries() -> None:
    """Refuse a page before anything is computed for it, where what draws it is not installed.

    Raises
    ------
    ModuleNotFoundError
    """
    import jinja2  # noqa: F401

    library_file()


def library_file() -> Path:
    """Plotly's code as its Python package brings it; the package itself, which is slow to import, is not."""
    found = importlib.util.find_spec("plotly")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'plotly'", name="plotly")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


@functools.cache
def _library() -> str:
    """Plotly's code, compressed by deflate with a zlib header, in base64: 2.2 MB instead of 4.8 MB.

    At level 3, which takes half the time of the default and gives a tenth more.
    """
    return base64.b64encode(zlib.compress(library_file().read_bytes(), 3)).decode("ascii")
