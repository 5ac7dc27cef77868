"""JSON that does not follow the standard."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.storage.json_repair import end_of_value, repaired


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"path": "C:\work\x\model.py"}', {"path": r"C:\work\x\model.py"}),
        (r'{"path": "C:\\kept", "u": "\u00e9\q"}', {"path": r"C:\kept", "u": "\u00e9\\q"}),
        ('{"a": [1, 2,], "b": {"c": 1,},}', {"a": [1, 2], "b": {"c": 1}}),
        ('{"text": "inf, nan,]"}', {"text": "inf, nan,]"}),
        ('{"two": "line\nbreak\x01"}', {"two": "line\nbreak\x01"}),
    ],
)
def test_what_is_meant_is_read(text: str, value: Any) -> None:
    assert repaired(text) == value


@pytest.mark.parametrize(
    "word", ["inf", "-inf", "+inf", "nan", "-nan", "NaN", "Infinity", "-nan(ind)", "1.#INF", "-1.#IND"]
)
def test_numbers_that_are_none(word: str) -> None:
    value = repaired(f'{{"x": {word}, "y": [{word}]}}')
    assert not math.isfinite(value["x"])
    assert not math.isfinite(value["y"][0])


@pytest.mark.parametrize("text", ['{"a": "b" c"}', "{'a': 1}", '{"a": info}', '{"a" 1}', '{"name": "x", {"b": 1}}'])
def test_what_has_no_one_meaning_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        repaired(text)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ('{"a": "}"} x', 10),
        ('[{"b": [1]}], 2', 12),
        ('{"a": "\\"}"', None),
        ('{"a": [', None),
        ("nan, 3", 3),
        ('{"a": "open', None),
    ],
)
def test_where_values_end(text: str, end: int | None) -> None:
    assert end_of_value(text, 0) == end


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(value=st.lists(_VALUES, max_size=4))
def test_json_stays_what_it_is(value: list[Any]) -> None:
    text = json.dumps(value)
    assert repaired(text) == value
    assert end_of_value(text, 0) == len(text)
