"""Kinds: each is declared of some operator, and the sets of kinds do not overlap."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

from tracer.operators import COLLECTIVES, FREE, Kind, iter_operators, kinds


def test_every_kind_has_an_operator() -> None:
    assert {declared.kind for declared in iter_operators()} == set(Kind)


def test_every_kind_says_what_it_means() -> None:
    """A member is followed by its docstring, which the compiler drops."""
    tree = ast.parse(Path(str(kinds.__file__)).read_text(encoding="utf-8"))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    said = [
        member.targets[0].id
        for member, text in pairwise(body)
        if isinstance(member, ast.Assign)
        and isinstance(member.targets[0], ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    ]
    assert said == [kind.name for kind in Kind]


def test_collectives_are_not_free() -> None:
    assert frozenset() == COLLECTIVES & FREE
