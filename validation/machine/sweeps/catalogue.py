"""The families of this folder, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from tracer.graph import Op

from . import attention, convolution, matmul, movement, normalization, pointwise
from .case import CaseNotRunnableError, KernelCase, Runner, make_tensors

if TYPE_CHECKING:
    import torch

__all__ = ["FAMILIES", "Level", "case_of", "cases_of", "prepare"]

#: How large a grid is: a few small shapes for tests, shapes for a CPU within minutes, everything.
Level = Literal["tiny", "probe", "full"]


class Family(Protocol):
    """What a file of this folder offers."""

    RUNNERS: Mapping[str, Runner]

    def cases(self, level: str) -> Iterator[KernelCase]:
        """Grid of a level."""

    def from_operator(self, op: Op) -> KernelCase | None:
        """Case of an operator of a graph; None where the family has none."""


FAMILIES: Mapping[str, Family] = {
    "convolution": convolution,
    "matmul": matmul,
    "attention": attention,
    "normalization": normalization,
    "pointwise": pointwise,
    "movement": movement,
}
"""By name, those that take most time first."""


def cases_of(family: str, level: Level) -> Sequence[KernelCase]:
    """Distinct cases of a family's grid."""
    return tuple(dict.fromkeys(FAMILIES[family].cases(level)))


def case_of(op: Op) -> tuple[str, KernelCase] | None:
    """Family and case of an operator of a graph; None where no family has it."""
    for name, family in FAMILIES.items():
        case = family.from_operator(op)
        if case is not None:
            return name, case
    return None


def prepare(case: KernelCase, device: torch.device, generator: torch.Generator) -> Callable[[], object]:
    """The call of a case on new random inputs.

    Raises
    ------
    CaseNotRunnableError
        No family has the operator.
    """
    for family in FAMILIES.values():
        runner = family.RUNNERS.get(case.op)
        if runner is not None:
            return runner(make_tensors(case, device, generator), dict(case.attributes))
    raise CaseNotRunnableError(f"operator {case.op} has no runner")
