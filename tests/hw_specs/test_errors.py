from hw_specs.errors import SpecError


def test_error_is_a_value_error() -> None:
    assert issubclass(SpecError, ValueError)


def test_an_error_has_one_complaint_at_least() -> None:
    assert SpecError("a").complaints == ("a",)
    assert SpecError("a (and 1 more)", ("a", "b")).complaints == ("a", "b")
