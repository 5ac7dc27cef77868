"""Schemes that a part cannot run."""

from __future__ import annotations

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution, ExecutionError
from simulator.lowering import execution_on


def test_products_that_a_part_lacks_are_refused_with_what_would_do():
    with pytest.raises(
        ExecutionError, match=r"has no fp8 products, which fp8-row needs; valid: .*int8-dynamic"
    ) as error:
        execution_on(load_accelerator("a100"), Execution(quantize="fp8-row"))
    assert "\n" not in str(error.value)
    assert "fp8-tensor" not in str(error.value)
    assert "nf4" in str(error.value)


def test_weights_alone_need_nothing():
    execution = Execution(quantize="fp8-weight")
    assert execution_on(load_accelerator("a100"), execution).quantize == "fp8-weight"
