"""What figures of a page share."""

import pytest

from simulator.lowering import CATEGORIES
from simulator.views.html.drawing import COLOURS, SYMBOLS, category_label, hover, long_time, time_text


def test_every_category_has_a_colour_a_mark_and_a_label():
    assert set(COLOURS) == set(SYMBOLS) == set(CATEGORIES)
    assert len(set(COLOURS.values())) == len(set(SYMBOLS.values())) == len(CATEGORIES)
    assert len({category_label(name) for name in CATEGORIES}) == len(CATEGORIES)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(695.0771, "695.1 s"), (0.00317, "3.17 ms"), (9999.4, "9999 s"), (12345.6, "12346 s"), (1.0, "1 s"), (0.0, "0 s")],
)
def test_times(seconds, text):
    assert time_text(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(119, ""), (695.1, "11 min 35 s"), (7384, "2 h 03 min")])
def test_times_in_words(seconds, text):
    assert long_time(seconds) == text


def test_what_is_shown_at_a_mark_is_no_markup():
    assert hover(["<b>x</b>", "y & z"]) == "&lt;b&gt;x&lt;/b&gt;<br>y &amp; z"
