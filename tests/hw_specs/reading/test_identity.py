from hw_specs.reading.identity import Same


def test_equal_to_itself_alone():
    one, other = {"a": 1.0}, {"a": 1.0}
    assert Same(one) == Same(one)
    assert Same(one) != Same(other)
    assert Same(one) != one
    assert {Same(one): "one", Same(other): "other"}[Same(one)] == "one"


def test_what_it_holds_lives_as_long_as_the_key():
    kept = {Same([number]): number for number in range(100)}
    assert len(kept) == 100
