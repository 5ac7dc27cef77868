"""Cases as kernels."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from hw_specs import load_accelerator
from simulator.kernels import ProductTable
from validation.machine.sweeps.case import KernelCase, contiguous
from validation.machine.sweeps.lowered import case_kernels, case_operators, measured_cases


def test_a_linear_layer_is_one_product() -> None:
    case = contiguous("aten::linear", (8, 32), (16, 32), dtype="float16")
    assert [op.name for op in case_operators(case)][-1] == "aten::mm"
    (kernel,) = case_kernels(case)
    assert (kernel.m, kernel.n, kernel.k) == (8, 16, 32)


def test_weights_of_a_norm_are_made_outside_the_case() -> None:
    case = contiguous("aten::layer_norm", (4, 16), dtype="float16", normalized_shape=(16,))
    assert [op.name for op in case_operators(case)] == ["aten::native_layer_norm"]


def test_measured_cases_find_all_or_nothing_in_the_cache() -> None:
    case = contiguous("aten::bmm", (2, 8, 16), (2, 16, 8), dtype="float16")
    measured = measured_cases(
        load_accelerator("h100"), "H100", [case, case], [1e-6, 2e-6], cold=[False, True], source="test"
    )
    assert measured.latency.tolist() == [1e-6, 2e-6]
    assert measured.row.tolist() == [0, 1]
    warm, cold = measured.kernels.tables[0].resident_bytes.tolist()
    assert (warm, cold) == (measured.kernels.tables[0].bytes_read[0], 0.0)
    assert [type(table) for table in measured.kernels.tables] == [ProductTable]
    assert np.all(measured.per_row(measured.kernels.matrix_flops) == 2 * 2 * 8 * 8 * 16)


def test_what_has_no_formula_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    case = KernelCase(op="aten::silu", input_shapes=((4,),), dtype="float32")
    monkeypatch.setattr(
        "validation.machine.sweeps.lowered.case_kernels",
        lambda case, execution: [] if case.op.endswith("silu") else case_kernels(case),
    )
    measured = measured_cases(
        load_accelerator("h100"),
        "H100",
        [case, contiguous("aten::relu", (4,), dtype="float32")],
        [1e-6, 1e-6],
        cold=[False, False],
        source="test",
    )
    assert len(measured) == 1
    assert dict(measured.skipped) == {"operator aten::silu has no formula": 1}
