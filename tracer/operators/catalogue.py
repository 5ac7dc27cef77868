"""The operators of this folder: every file that declares ``OPERATORS`` is found by listing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tracer.graph import GraphError, Op, TensorSpec

from .declaration import Declaration, DeclarationError
from .kinds import FREE, Kind

__all__ = [
    "argument_names",
    "canonical_name",
    "declaration_of",
    "infer_outputs",
    "is_free",
    "is_in_place",
    "iter_operators",
    "kind_of",
]


def iter_operators() -> Iterator[Declaration]:
    """Every declaration, by file."""
    folder = str(Path(__file__).parent)
    for name in sorted(info.name for info in pkgutil.iter_modules([folder])):
        yield from getattr(importlib.import_module(f"{__package__}.{name}"), "OPERATORS", ())


def declaration_of(name: str) -> Declaration | None:
    """Declaration of an operator by its full name (``aten::addmm``), of an in-place form that of the plain one.

    None for an operator that nothing declares.

    Raises
    ------
    DeclarationError
        An operator is declared twice.
    """
    declared = _by_name()
    return declared.get(name) or declared.get(name.removesuffix("_"))


def kind_of(name: str) -> Kind | None:
    """Kind of an operator; None for one that nothing declares."""
    declared = declaration_of(name)
    return declared.kind if declared is not None else None


def is_free(name: str) -> bool:
    """Whether an operator is known to launch no kernel.

    ``reshape``, ``contiguous`` and ``to`` are not free: they appear in a graph as the copy that they make, or as the
    view.
    """
    return kind_of(name) in FREE


def is_in_place(name: str) -> bool:
    """Whether an operator writes to its first input, as a trailing underscore says."""
    return name.endswith("_") and not name.endswith("__")


def canonical_name(name: str) -> str:
    """Name of the work: of the plain form of an in-place call, of the operator that another one comes down to."""
    declared = declaration_of(name)
    if declared is None:
        return name
    return declared.same_as or (name if name in declared.names else name.removesuffix("_"))


def argument_names(name: str) -> tuple[str, ...]:
    """Names of an operator's arguments in order; empty for one of which none are declared."""
    declared = declaration_of(name)
    return declared.arguments if declared is not None else ()


def infer_outputs(op: Op) -> tuple[TensorSpec, ...]:
    """Outputs of an operator from its inputs and attributes; empty where they cannot be told.

    The first output is inferred, with the layout that PyTorch's CUDA kernels give it where that differs from
    row-major; statistics that normalizations and attention return beside it are left out, as they are small.
    """
    declared = _by_name().get(op.name)
    rule = declared.outputs if declared is not None else None
    if rule is None:
        return op.inputs[:1] if is_in_place(op.name) else ()
    try:
        return rule(op)
    except (IndexError, ValueError, TypeError, ZeroDivisionError, GraphError):
        return ()  # Not the arguments that the operator takes: the call is counted as one without outputs.


@cache
def _by_name() -> Mapping[str, Declaration]:
    found: dict[str, Declaration] = {}
    for declared in iter_operators():
        for name in declared.names:
            if name in found:
                raise DeclarationError(f"{name} is declared twice, as {found[name].kind.name} and {declared.kind.name}")
            found[name] = declared
    return found
