"""The number format of a workload, or the nearest that a part has."""

from __future__ import annotations

import pytest

from hw_specs import SpecError, load_accelerator
from simulator.format_choice import AUTO, dtype_of, dtype_on, settings_on


@pytest.mark.parametrize(
    ("part", "dtype", "chosen"),
    [
        ("h100", "bfloat16", "bfloat16"),
        ("t4", "bfloat16", "float16"),  # as wide
        ("tpu-v4", "float16", "bfloat16"),
        ("p100", "bfloat16", "float16"),  # on vector units
        ("a100", "float8_e4m3fn", "bfloat16"),  # the narrowest that is wider
        ("gaudi2", "float32", "float32"),  # its compiler takes it and multiplies in bf16
        ("h100", "float8_e4m3fn", "float8_e4m3fn"),
    ],
)
def test_the_nearest_format(part: str, dtype: str, chosen: str) -> None:
    assert dtype_on(load_accelerator(part), dtype) == chosen


def test_settings_name_what_was_chosen_and_why() -> None:
    settings, remark = settings_on("flux-dev", load_accelerator("t4"), {"dtype": AUTO, "batch": 2})
    assert settings == {"dtype": "float16", "batch": 2}
    assert remark == "flux-dev is in bf16, which T4 lacks: fp16 in its place"
    assert settings_on("flux-dev", load_accelerator("h100"), {"dtype": AUTO}) == ({"dtype": "bfloat16"}, "")


def test_a_dtype_that_is_given_is_kept() -> None:
    assert settings_on("flux-dev", load_accelerator("t4"), {"dtype": "bfloat16"}) == ({"dtype": "bfloat16"}, "")
    assert settings_on("no such model", load_accelerator("t4"), {}) == ({}, "")


def test_auto_stands_among_the_names() -> None:
    assert (dtype_of("auto"), dtype_of("Auto"), dtype_of("bf16")) == (AUTO, AUTO, "bfloat16")
    with pytest.raises(SpecError):
        dtype_of("automatic")
