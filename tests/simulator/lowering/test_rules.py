"""The registry of lowering rules."""

from __future__ import annotations

import itertools

import pytest

from hw_specs import SpecError
from simulator.execution import EXECUTION_MODES, Execution
from simulator.kernels import Kernel
from simulator.lowering import kernels_of, lowering_rule
from simulator.lowering import rules as module
from simulator.work import FormulaError, UnsupportedOpError
from tracer.graph import GraphError, Op
from tracer.operators import FREE, GENERATED, Kind, iter_operators

_EAGER = Execution()


def test_a_second_rule_is_refused():
    with pytest.raises(FormulaError, match=r"^PRODUCT has two lowering rules$"):
        lowering_rule(Kind.PRODUCT)(lambda op, execution: ())
    with pytest.raises(FormulaError, match=r"^VIEW is free$"):
        lowering_rule(Kind.VIEW)(lambda op, execution: ())


def test_a_kind_without_a_rule_is_named(monkeypatch):
    assert frozenset(Kind) - FREE == set(module._RULES)
    fewer = {kind: rule for kind, rule in module._RULES.items() if kind not in (Kind.SOFTMAX, Kind.PADDING)}
    monkeypatch.setattr(module, "_RULES", fewer)
    with pytest.raises(FormulaError, match=r"^no lowering rule for PADDING, SOFTMAX; add one in simulator/lowering$"):
        module.require_rules()


def test_views_and_empty_results_launch_nothing(call):
    assert kernels_of(call("view", [(4,)], [(2, 2)]), _EAGER) == ()
    assert kernels_of(call("add", [(0, 4), (0, 4)], [(0, 4)]), _EAGER) == ()


def test_an_unknown_operator_says_where_it_belongs(call):
    with pytest.raises(
        UnsupportedOpError, match=r"^aten::frobnicate is not declared; add it to the file of its family in tracer/ope"
    ):
        kernels_of(call("frobnicate", [(4,)], [(4,)]), _EAGER)


def test_a_call_in_place_has_the_rule_of_its_operator(call):
    (kernel,) = kernels_of(call("mul_", [(4,), (4,)], [(4,)]), _EAGER)
    assert kernel == kernels_of(call("mul", [(4,), (4,)], [(4,)]), _EAGER)[0]


@pytest.mark.parametrize("name", ["mm", "addmm", "convolution", "scaled_dot_product_attention", "_softmax", "sum"])
def test_missing_tensors_are_one_line(name, call):
    with pytest.raises(FormulaError, match=rf"^aten::{name} with inputs none: not the tensors that it takes$"):
        kernels_of(call(name, [], []), _EAGER)


def test_an_unknown_dtype_keeps_its_own_message(call):
    with pytest.raises((GraphError, SpecError), match="float12"):
        kernels_of(call("add", [(4,)], [(4,)], dtype="float12"), _EAGER)


# Records of generated kernels have attributes of their own, and a test of their own.
_OPERATORS = sorted(name for d in iter_operators() if d.kind not in FREE | GENERATED for name in d.names)


# Extents of which none is a value: what an output adds, devices between the ranks, a kernel that runs beside another,
# ranks that read one another's memory.
_MAY_BE_NONE = ("output_", "span", "beside", "direct")


def _extents(kernel: Kernel) -> dict[str, float]:
    return {n: getattr(kernel, n) for n in kernel.number_names() if n not in Kernel.number_names()}


@pytest.mark.parametrize("name", _OPERATORS)
def test_every_rule_launches_something(name, call):
    """Four tensors of a shape that every rule can read; what the rules make of it is tested by family."""
    made = call("mm", [(4, 4, 4, 4)] * 4, [(4, 4, 4, 4)])
    op = Op(name, made.inputs, made.outputs)
    for mode, attention in itertools.product(EXECUTION_MODES, ("naive", "flash")):
        kernels = kernels_of(op, Execution(mode=mode, attention=attention))
        assert kernels
        for kernel in kernels:
            assert min(kernel.matrix_flops, kernel.vector_flops, kernel.special_ops, kernel.bytes_read) >= 0
            assert kernel.bytes_read + kernel.bytes_written > 0
            assert kernel.resident_bytes <= kernel.bytes_read
            assert min(value for name, value in _extents(kernel).items() if not name.startswith(_MAY_BE_NONE)) > 0
