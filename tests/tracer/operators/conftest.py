"""Comparison of an inferred output with torch's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tracer.operators import infer_outputs


@pytest.fixture(scope="session")
def assert_like_torch() -> Callable[[Callable[[], object]], None]:
    """Check of the last operator that a function on meta tensors calls."""
    from tracer.capture import trace_module

    def check(function: Callable[[], object]) -> None:
        graph = trace_module(lambda: function())
        op = graph.operators[graph.stages[0].operators[-1]]
        (first, *_) = infer_outputs(replace(op, outputs=()))
        assert first == op.outputs[0]

    return check
