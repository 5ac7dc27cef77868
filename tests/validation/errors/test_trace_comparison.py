"""Figures of a comparison."""

from __future__ import annotations

import json

from validation.errors.trace_comparison import ComparedOperator


def _operator(measured: float, predicted: float) -> ComparedOperator:
    return ComparedOperator(
        operator="aten::mm",
        category="linear",
        shapes=((4, 4),),
        dtype="float16",
        kernel="k",
        calls=1,
        kernels=1,
        predicted_kernels=1,
        measured=measured,
        predicted=predicted,
    )


def test_errors_are_relative_to_what_was_measured() -> None:
    assert _operator(2.0, 3.0).error == 0.5
    assert _operator(0.0, 3.0).error is None
    assert json.dumps(_operator(0.0, 3.0).error) == "null"
