from hw_specs.errors import SpecError, did_you_mean


def test_error_is_a_value_error() -> None:
    assert issubclass(SpecError, ValueError)


def test_near_misses_are_named_in_their_own_spelling() -> None:
    assert did_you_mean("h10", ["H100", "MI300X"]) == "; did you mean 'H100'?"


def test_nothing_near_gives_no_hint() -> None:
    assert did_you_mean("zzz", ["H100", "MI300X"]) == ""


def test_at_most_three_hints() -> None:
    assert did_you_mean("a1", [f"a1{letter}" for letter in "bcdef"]).count("'a1") == 3
