"""What is declared of an operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracer.graph import Op, TensorSpec

from .kinds import Kind

__all__ = ["Declaration", "DeclarationError", "OutputRule", "declare"]

OutputRule = Callable[[Op], tuple[TensorSpec, ...]]

_COUNTED_BY_ELEMENT = frozenset({Kind.ELEMENTWISE, Kind.COMPARISON, Kind.REDUCTION, Kind.SCAN, Kind.LOSS, Kind.FOREACH})


class DeclarationError(ValueError):
    """A declaration lacks what its kind needs, or an operator is declared twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One operator, or several that differ in name alone.

    Attributes
    ----------
    names : tuple of str
        Full names: ``aten::mm``. The in-place form (``aten::mul_``) follows from the plain one.
    kind : Kind
    arguments : tuple of str
        Arguments by position, for sources that record positions alone; an exclamation mark marks a result that the
        caller provides, and tensors beyond the last name are results too. Empty where all that matters are tensors.
    outputs : callable, optional
        Outputs of a call from its inputs and attributes; None where they do not follow from those.
    flops, special_ops : float
        Adds, multiplies, divisions and comparisons, and exponentials, roots and sines, of one element. [FLOP], [1]
    complex_flops : float, optional
        FLOPs of one element where an input is complex; by default those of a real one. [FLOP]
    heads_axis : int
        Axis of the heads in query, key and value of attention, from the end.
    may_do_nothing : bool
        Whether it is made of other operators alone and may call none of them.
    encloses : bool
        Whether its work holds that of the operators that it calls, so that it answers for what they launch.
    same_as : str
        Full name of the operator that a graph or a run has in place of this one, where the two differ in name alone.
    """

    names: tuple[str, ...]
    kind: Kind
    arguments: tuple[str, ...] = ()
    outputs: OutputRule | None = None
    flops: float = 0.0
    special_ops: float = 0.0
    complex_flops: float | None = None
    heads_axis: int = -3
    may_do_nothing: bool = False
    encloses: bool = False
    same_as: str = ""

    def __post_init__(self) -> None:
        """Refuse a kind that is counted by element without a count."""
        if self.kind in _COUNTED_BY_ELEMENT and not self.flops and not self.special_ops:
            raise DeclarationError(f"{self.names[0]} is {self.kind.name.lower()}: it needs flops or special_ops")


def declare(
    names: str,
    arguments: str = "",
    *,
    kind: Kind,
    outputs: OutputRule | None = None,
    flops: float = 0.0,
    special_ops: float = 0.0,
    complex_flops: float | None = None,
    heads_axis: int = -3,
    may_do_nothing: bool = False,
    encloses: bool = False,
    same_as: str = "",
    namespace: str = "aten",
) -> Declaration:
    """Declaration from names and arguments that spaces separate.

    Parameters
    ----------
    names : str
        Names without a colon are of the namespace.
    arguments : str
        Empty where no argument but the tensors matters.
    namespace : str
        Empty for operators that have none.

    Other parameters are those of :class:`Declaration`.
    """
    prefix = f"{namespace}::" if namespace else ""
    return Declaration(
        names=_full_names(names, prefix),
        kind=kind,
        arguments=tuple(arguments.split()),
        outputs=outputs,
        flops=float(flops),
        special_ops=float(special_ops),
        complex_flops=complex_flops,
        heads_axis=heads_axis,
        may_do_nothing=may_do_nothing,
        encloses=encloses,
        same_as="".join(_full_names(same_as, prefix)),
    )


def _full_names(names: str, prefix: str) -> tuple[str, ...]:
    return tuple(name if ":" in name else prefix + name for name in names.split())
