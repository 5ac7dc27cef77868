"""No architecture, vendor or product stands as a literal in the simulator or in validation: code asks for traits."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hw_specs import list_architectures
from hw_specs.catalogue import load_file
from hw_specs.listing.names import accelerator_files

ROOT = Path(__file__).parent.parent
MODULES = tuple(
    sorted(p.relative_to(ROOT) for package in ("simulator", "validation") for p in (ROOT / package).rglob("*.py"))
)


@functools.cache
def _names() -> re.Pattern[str]:
    """Whole words that name an architecture, a vendor or a product, in any case."""
    parts = [load_file(path) for path in accelerator_files()]
    products = {name for part in parts for name in (part.name, *part.aliases)}
    words = {*list_architectures(), *(part.vendor for part in parts), *products}
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])", re.IGNORECASE)


def _literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Strings of the code with their lines; docstrings, other strings that stand alone and examples are prose."""
    prose: set[ast.AST] = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "examples":
            prose.update(ast.walk(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield node.lineno, node.value


def _named(text: str) -> list[tuple[int, str]]:
    found = ((line, _names().search(value)) for line, value in _literals(ast.parse(text)))
    return [(line, match.group()) for line, match in found if match]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_literal_names_hardware(module: Path) -> None:
    found = _named((ROOT / module).read_text(encoding="utf-8"))
    assert [f"{module}:{line}: {name}" for line, name in found] == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ('x = {"hopper": 1}', ["hopper"]),
        ('"""Ampere in prose."""\nx = 1', []),
        ('@app.command(examples={"How long": "simulate --hw a100"})\ndef f(x="t4"): pass', ["t4"]),
        ('if part.vendor == "NVIDIA": pass', ["NVIDIA"]),
        ('x = f"as an {y} on an H100"', ["H100"]),
        ('x = "A100-SXM4-80GB"', ["A100-SXM4-80GB"]),
        ('x = ["hoppers", "pre-ampere-like", "adaptive", "cuda"]', []),
    ],
)
def test_what_counts_as_a_name(code: str, names: list[str]) -> None:
    assert [name for _, name in _named(code)] == names


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_nothing_is_compared_with_a_vendor_or_a_form_factor(module: Path) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    asked = {"vendor", "form_factor"}
    compared = [
        f"{module}:{compare.lineno}"
        for compare in ast.walk(tree)
        if isinstance(compare, ast.Compare)
        for node in ast.walk(compare)
        if isinstance(node, ast.Attribute) and node.attr in asked
    ]
    assert compared == []
