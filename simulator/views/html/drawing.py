"""What figures of a page share: colours and marks of categories, axes, texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from simulator.views.numbers import long_time, quantity, time_text
from simulator.views.style import GREEN, GREY, ORANGE, PART_LABELS, PURPLE, VERMILION

__all__ = [
    "COLOURS",
    "SYMBOLS",
    "axis",
    "category_label",
    "hover",
    "layout",
    "long_time",
    "percent",
    "quantity",
    "time_text",
]

#: Colours of categories that are seen on light and on dark ground, attention in shades of blue.
COLOURS: Mapping[str, str] = {
    "attention_spatial": "#2171B5",
    "attention_temporal": "#4292C6",
    "attention_joint": "#6BAED6",
    "attention_self": "#9ECAE1",
    "attention_cross": "#C6DBEF",
    "convolution": ORANGE,
    "linear": GREEN,
    "normalization": VERMILION,
    "elementwise": "#8C8C8C",
    "data_movement": "#C4C4C4",
    "layout_conversion": "#B59F6B",
    "communication": PURPLE,
}
#: Marks of categories, so that they differ without colour.
SYMBOLS: Mapping[str, str] = {
    "attention_spatial": "diamond",
    "attention_temporal": "diamond-tall",
    "attention_joint": "diamond-wide",
    "attention_self": "star-diamond",
    "attention_cross": "star-square",
    "convolution": "square",
    "linear": "circle",
    "normalization": "triangle-up",
    "elementwise": "cross",
    "data_movement": "x",
    "layout_conversion": "triangle-down",
    "communication": "hexagram",
}


def category_label(name: str) -> str:
    """Name of a category for people."""
    return "normalization" if name == "normalization" else PART_LABELS.get(name, name.replace("_", " "))


def colour_of(name: str) -> str:
    """Colour of a category or of anything else."""
    return COLOURS.get(name, GREY)


def percent(share: float, digits: int = 0) -> str:
    """A share in per cent."""
    return f"{100 * share:.{digits}f} %"


def hover(lines: Iterable[str]) -> str:
    """Lines of what is shown at a mark; nothing in them is markup."""
    return "<br>".join(escape(line, quote=False) for line in lines)


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with a title."""
    return {"title": {"text": title}, "automargin": True, **more}


def layout(*, x: Mapping[str, Any], y: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Layout of a figure with one pair of axes."""
    return {
        "xaxis": x,
        "yaxis": y,
        "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
        "hoverlabel": {"align": "left"},
        "hovermode": "closest",
        **more,
    }
