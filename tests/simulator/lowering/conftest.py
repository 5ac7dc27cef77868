"""Fixtures of the tests of lowering."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tracer.graph import AttributeValue, Op, TensorSpec, attributes_from

Shape = tuple[int, ...]


@pytest.fixture(scope="session")
def call() -> Callable[..., Op]:
    """Function that makes a call of an ATen operator from shapes."""

    def make(
        name: str,
        inputs: Sequence[Shape | TensorSpec],
        outputs: Sequence[Shape | TensorSpec],
        dtype: str = "float16",
        **attributes: AttributeValue,
    ) -> Op:
        def tensors(given: Sequence[Shape | TensorSpec]) -> tuple[TensorSpec, ...]:
            return tuple(t if isinstance(t, TensorSpec) else TensorSpec(t, dtype) for t in given)

        full = name if ":" in name else f"aten::{name}"
        return Op(full, tensors(inputs), tensors(outputs), attributes_from(attributes))

    return make
