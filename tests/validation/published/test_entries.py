import pydantic
import pytest

from validation.published.entries import Entry


def test_a_pattern_fits_the_whole_text_whatever_its_case():
    assert Entry(pattern="tpu v[45]").fits("TPU v4")
    assert not Entry(pattern="tpu v[45]").fits("TPU v4-8")


def test_what_a_text_contains_may_be_a_piece_of_it():
    assert Entry(contains="v4").fits("TPU v4-8")


@pytest.mark.parametrize("given", [{}, {"pattern": "a", "contains": "b"}])
def test_an_entry_has_one_of_both(given):
    with pytest.raises(pydantic.ValidationError, match="give either pattern or contains"):
        Entry(**given)


def test_what_is_no_expression_is_refused():
    with pytest.raises(pydantic.ValidationError, match="is no regular expression"):
        Entry(pattern="(")
