"""Bounds of YAML: depth, number of values with those of aliases, and nothing that holds itself."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_specs import SpecError
from hw_specs.reading.yaml_bounds import DEEPEST, MOST_VALUES, check_bounds
from hw_specs.reading.yaml_loader import parse_yaml

_LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(60))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 30_000 + "]" * 30_000, f"line 1: nests deeper than {DEEPEST} levels"),
        ("a: " + "{a: " * 30_000, "nests deeper"),
        ("- " * 5_000 + "a", "nests deeper"),
        ("".join(" " * n + f"k{n}:\n" for n in range(100)), "line 65: nests deeper"),
        ("a: &a {b: *a}", r"line 1: alias \*a stands inside what it names"),
        ("a: &a\n- b\n- *a", r"line 3: alias \*a stands inside"),
        (_LAUGHS, f"holds more than {MOST_VALUES} values, aliases written out"),
        ("\n".join(f"k{n}: 1" for n in range(MOST_VALUES // 2 + 1)), "holds more than"),
    ],
)
def test_what_is_beyond_a_bound_is_named_with_its_line(text, message):
    with pytest.raises(SpecError, match=message):
        check_bounds(text, yaml.CSafeLoader)


@pytest.mark.parametrize("text", ["a: &a {b: 1}\nc: [*a, *a]", "a: " + "[" * 60 + "]" * 60, "{}", ""])
def test_what_is_within_passes(text):
    check_bounds(text, yaml.CSafeLoader)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet='ab:-?[]{},&*!|>"%@ \n\t#1.eE+~', max_size=80))
def test_any_text_is_a_mapping_or_one_line(text):
    try:
        found, said = parse_yaml(text, where="f.yaml"), ""
    except SpecError as error:
        found, said = {}, str(error)
    assert isinstance(found, dict)
    assert "\n" not in said
