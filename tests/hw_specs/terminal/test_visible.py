from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hw_specs.terminal.visible import visible


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_shown_is_printable_and_names_that_are_stay(text: str) -> None:
    assert visible(text).replace("\n", "").isprintable()
    assert visible(visible(text)) == visible(text)
    assert not text.isprintable() or visible(text) == text


def test_what_terminals_obey_is_escaped() -> None:
    assert visible("a\x1b[2J\x9b1m\r\u202e\ud800\n\u00e9 \u4e2d") == "a\\x1b[2J\\x9b1m\\r\\u202e\\ud800\n\u00e9 \u4e2d"
