"""The registry of lowering rules: kind of operator to the kernels that the framework launches for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hw_specs import SpecError
from simulator.execution import Execution, ExecutionError
from simulator.kernels import Kernel
from simulator.work import FormulaError, declared
from tracer.graph import GraphError, Op
from tracer.operators import FREE, Kind, is_free

from .autocast import in_float32, runs_in_float32

__all__ = ["LoweringRule", "kernels_of", "lowering_rule", "require_rules"]

LoweringRule = Callable[[Op, Execution], Sequence[Kernel]]
_RULES: dict[Kind, LoweringRule] = {}


def lowering_rule(*kinds: Kind) -> Callable[[LoweringRule], LoweringRule]:
    """Register a rule for kinds of operators.

    Raises
    ------
    FormulaError
        A kind has a rule already, or launches nothing.
    """

    def register(rule: LoweringRule) -> LoweringRule:
        for kind in kinds:
            if kind in _RULES or kind in FREE:
                raise FormulaError(f"{kind.name} {'is free' if kind in FREE else 'has two lowering rules'}")
            _RULES[kind] = rule
        return rule

    return register


def require_rules() -> None:
    """Check that every kind has a rule or launches nothing.

    Raises
    ------
    FormulaError
        One has none.
    """
    missing = sorted(kind.name for kind in Kind if kind not in _RULES and kind not in FREE)
    if missing:
        raise FormulaError(f"no lowering rule for {', '.join(missing)}; add one in simulator/lowering")


def kernels_of(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Kernels that one operator call launches, in order; none for views and for empty outputs.

    Raises
    ------
    UnsupportedOpError
        Nothing declares the operator.
    FormulaError
        The operator lacks a tensor that its rule needs.
    ExecutionError
        The kernel that the execution names cannot run the call.
    """
    if is_free(op.name) or (op.outputs and all(t.numel == 0 for t in op.outputs)):
        return ()
    kind = declared(op).kind
    rule = _RULES[kind]
    try:
        if execution.autocast and runs_in_float32(kind, op):
            return in_float32(op, lambda wide: rule(wide, execution), generated=execution.compiled)
        return rule(op, execution)
    except (ExecutionError, GraphError, FormulaError, SpecError):
        raise
    except (IndexError, ValueError, ZeroDivisionError) as error:
        shapes = ", ".join(str(list(t.shape)) for t in op.inputs)
        raise FormulaError(f"{op.name} with inputs {shapes or 'none'}: not the tensors that it takes") from error
