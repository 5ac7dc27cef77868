import math

import pytest

from simulator.recording.tape import Recording, Ref, UnrecordableError, constant


@pytest.fixture
def recording():
    return Recording()


def test_a_step_that_stands_there_is_not_written_again(recording):
    a, b = recording.step("input", detail="a"), recording.step("input", detail="b")
    assert recording.binary("add", a, b) is recording.binary("add", b, a)
    assert recording.binary("subtract", a, b) is not recording.binary("subtract", b, a)
    assert [step.name for step in recording.steps] == ["input", "input", "add", "subtract", "subtract"]


@pytest.mark.parametrize(
    ("name", "left", "right", "expected"),
    [
        ("add", "a", 0.0, "a"),
        ("multiply", "a", 0.0, 0.0),
        ("multiply", 1.0, "a", "a"),
        ("divide", 0.0, "a", 0.0),
        ("divide", "a", math.inf, 0.0),
        ("maximum", "a", -math.inf, "a"),
        ("minimum", math.inf, "a", "a"),
        ("fmax", math.nan, "a", "a"),
        ("power", "a", 1.0, "a"),
        ("power", 0.0, "a", 0.0),
        ("less", "a", math.nan, False),
    ],
)
def test_what_is_known_of_a_result_is_no_step(recording, name, left, right, expected):
    a = recording.step("input", detail="a")
    left, right, expected = (a if cell == "a" else cell for cell in (left, right, expected))
    assert recording.binary(name, left, right) is expected or recording.binary(name, left, right) == expected
    assert len(recording.steps) == 1


def test_not_a_number_stays_so(recording):
    assert math.isnan(recording.binary("add", recording.step("input", detail="a"), math.nan))


def test_powers_that_products_and_roots_give_are_these(recording):
    a = recording.step("input", detail="a")
    recording.binary("power", a, 4.0)
    recording.binary("power", a, 0.25)
    assert [step.name for step in recording.steps] == ["input", "multiply", "multiply", "sqrt", "sqrt"]


def test_nobody_can_ask_what_is_not_known_yet(recording):
    with pytest.raises(UnrecordableError, match="not known yet"):
        bool(Ref(recording, 0))


def test_known_numbers_are_numpy_s():
    assert constant("divide", 1.0, 0.0) == math.inf
    assert constant("ceil", 1.2) == 2.0
