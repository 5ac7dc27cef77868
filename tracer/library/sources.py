"""Files of this package that shape the graph of a pipeline: those of which a change makes a cached graph stale."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

__all__ = ["sources_of"]

_PACKAGE = Path(__file__).parents[1]

# What traces each pipeline; a file of it that imports another is followed to that one.
_TRACING = (_PACKAGE / "capture" / "pipelines.py", _PACKAGE / "lengths.py")

# What holds a graph, or what a workload's file declares, does not shape it: the version of the file format stands for
# the one, and the workload's own file for the other.
_HOLDING = frozenset(
    _PACKAGE / name
    for name in (
        "errors.py",
        "graph.py",
        "trace.py",
        "workload.py",
        "__init__.py",
        "workloads/pipeline.py",
        "workloads/limits.py",
    )
)


def sources_of(build: Callable[..., object]) -> list[Path]:
    """Files that shape what a build function's stages are traced to, in order.

    Parameters
    ----------
    build : callable
        Of a :class:`~tracer.workloads.pipeline.Pipeline`.

    Returns
    -------
    list of Path
        Those of tracing, that of the function, and all that they import of this package, wherever in the file.
    """
    while isinstance(build, partial):
        build = build.func
    found, ahead = set[Path](), [*_TRACING, *_modules(build.__module__)]
    while ahead:
        path = ahead.pop()
        if path not in found and path not in _HOLDING:
            found.add(path)
            ahead.extend(_imported(path))
    return sorted(found)


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """Files of this package that a file imports."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    own = ".".join((_PACKAGE.name, *path.relative_to(_PACKAGE).with_suffix("").parts))
    return tuple(file for node in nodes if isinstance(node, ast.ImportFrom) for file in _named(node, own))


def _named(node: ast.ImportFrom, importing: str) -> Iterator[Path]:
    """Files that ``from module import names`` names, in a module of that dotted name."""
    module = ".".join([*importing.split(".")[: -node.level or None], *filter(None, [node.module])])
    if node.level == 0:
        module = node.module or ""
    yield from _modules(module)
    for alias in node.names:
        yield from _modules(f"{module}.{alias.name}")


def _modules(dotted: str) -> Iterator[Path]:
    """Files of a module or package of this package; none where it is foreign or no module."""
    first, *rest = dotted.split(".")
    if first == _PACKAGE.name:
        path = _PACKAGE.joinpath(*rest)
        yield from (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file())
