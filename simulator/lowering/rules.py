"""The registry of lowering rules: operator name to the kernels that the framework launches for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hw_specs import SpecError
from simulator.execution import Execution
from simulator.kernels import Kernel
from simulator.work import FormulaError, UnsupportedOpError, is_free
from tracer.graph import GraphError, Op

__all__ = ["LoweringRule", "kernels_of", "lowerable_operators", "lowering_rule"]

LoweringRule = Callable[[Op, Execution], Sequence[Kernel]]
_RULES: dict[str, LoweringRule] = {}


def lowering_rule(names: Iterable[str]) -> Callable[[LoweringRule], LoweringRule]:
    """Register a rule for operators, by full name (``aten::mm``).

    Raises
    ------
    FormulaError
        An operator has a rule already.
    """

    def register(rule: LoweringRule) -> LoweringRule:
        for name in names:
            if name in _RULES:
                raise FormulaError(f"{name} has two lowering rules")
            _RULES[name] = rule
        return rule

    return register


def kernels_of(op: Op, execution: Execution) -> Sequence[Kernel]:
    """Kernels that one operator call launches, in order; none for views and for empty outputs.

    Raises
    ------
    UnsupportedOpError
        The operator has no rule.
    FormulaError
        The operator lacks a tensor that its rule needs.
    """
    if is_free(op.name) or (op.outputs and all(t.numel == 0 for t in op.outputs)):
        return ()
    rule = _RULES.get(op.name) or _RULES.get(op.name.removesuffix("_"))
    if rule is None:
        raise UnsupportedOpError(f"{op.name} has no lowering rule; add one in simulator/lowering")
    try:
        return rule(op, execution)
    except (GraphError, FormulaError, SpecError):
        raise
    except (IndexError, ValueError, ZeroDivisionError) as error:
        shapes = ", ".join(str(list(t.shape)) for t in op.inputs)
        raise FormulaError(f"{op.name} with inputs {shapes or 'none'}: not the tensors that it takes") from error


def lowerable_operators() -> frozenset[str]:
    """Names of all operators that have a rule."""
    return frozenset(_RULES)
