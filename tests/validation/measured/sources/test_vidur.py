"""Rows of Vidur."""

from __future__ import annotations

import pytest

from validation.measured.sources import source_of


@pytest.mark.parametrize(
    ("op", "told"), [("aten::add", False), ("silu_and_mul", False), ("aten::rms_norm", False), ("aten::linear", True)]
)
def test_kernels_of_a_serving_engine_are_not_fitted_and_the_others_are(op: str, told: bool) -> None:
    assert (op not in source_of("vidur").not_fitted) is told


def test_a_row_may_say_more_after_the_name() -> None:
    assert source_of("vidur a40").name == "vidur"
