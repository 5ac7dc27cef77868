"""Specification files made from others: values as factors of what is extended, and groups taken from another part.

.. code-block:: yaml

    name: H100-next
    extends: h100
    memory:
      dram: {from: b200}          # all of it, and what stands beside `from` in place of its own
      l2: {capacity: 2x}          # a factor, or a signed quantity to add: +20 MiB
    cores: {count: 1.2x}          # takes along what --set cores.count=1.2x takes along
    sources: [thought up]

What follows a factor is as in :func:`hw_specs.apply_overrides`, except for values that the file states itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hw_specs.errors import SpecError
from hw_specs.overrides import changeable_paths, changed_numbers, present_numbers, with_followers
from hw_specs.schema import Accelerator

__all__ = ["Donor", "in_si", "is_composed", "with_factors", "with_parts", "without_factors", "without_groups"]

Tree = Mapping[str, Any]
#: Finds the tree of another part, all of whose numbers are in SI units, by its name; None is a part that is not to be
#: had, of which a file takes nothing.
Donor = Callable[[str], Tree | None]

_GROUPS = ("peak", "cores", "memory", "links", "power")
_FROM = "from"
_RELATIVE = re.compile(r"\s*(?:[\d.]+(?:[eE][+-]?\d+)?\s*[x×]|[+-]\s*[\d.].*)\s*")


def is_composed(tree: Tree) -> bool:
    """Whether a file takes factors of what it extends, or groups of another part."""
    return bool(_relative(tree)) or any(path for path, _ in _taken(_groups(tree)))


def with_parts(tree: Tree, donor: Donor) -> dict[str, Any]:
    """Content of a file with every group that it takes from another part in its place.

    Raises
    ------
    SpecError
        There is no such part, or it has no such group.
    """
    result = dict(tree)
    for group, below in _groups(tree).items():
        result[group] = _filled(below, group, donor)
    return result


def without_factors(tree: Tree) -> tuple[dict[str, Any], dict[str, str]]:
    """Content of a file without values that are relative to what it extends, and those by their path."""
    relative = _relative(tree)
    return _pruned(tree, "", relative), relative


def without_groups(inherited: Tree, written: Tree) -> dict[str, Any]:
    """What is inherited without the groups that a file takes from another part instead."""
    taken = [path.rpartition(".")[0] for path, _ in _taken(_groups(written))]
    return _pruned(inherited, "", dict.fromkeys(taken, ""))


def with_factors(tree: Tree, base: Accelerator, relative: Mapping[str, str], stated: Tree) -> dict[str, Any]:
    """Tree of a part whose numbers are factors of those of another one.

    Parameters
    ----------
    tree : mapping
        Of the part without its factors.
    base : Accelerator
        The same one.
    relative : mapping of str to str
        Factors and differences by path.
    stated : mapping
        What the file states itself, which follows nothing.

    Raises
    ------
    SpecError
        A path is unknown, there is nothing to multiply, or the result is no valid number.
    """
    present = present_numbers(base)
    own = {path: present[path] for path, _ in _leaves(_groups(stated)) if path in present}
    chosen = changed_numbers(base, [f"{path}={text.strip()}" for path, text in relative.items()])
    return in_si(tree, base, with_followers(present, {**own, **chosen}))


def in_si(tree: Tree, accelerator: Accelerator, numbers: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Tree with all numbers of an accelerator, or others in their place, as strings in SI units: none goes by a clock.

    Only what the accelerator has or the numbers name is there.
    """
    units, result = changeable_paths(accelerator), {**tree, **{g: _copied(tree.get(g)) for g in _GROUPS if g in tree}}
    for path, value in (present_numbers(accelerator) if numbers is None else numbers).items():
        *parents, leaf = path.split(".")
        node = result
        for part in parents:
            node = node.setdefault(part, {})
        node[leaf] = round(value) if not units[path] else f"{float(value)!r} {units[path]}".removesuffix(" 1")
    return result


def _groups(tree: Tree) -> dict[str, Any]:
    return {group: tree[group] for group in _GROUPS if isinstance(tree.get(group), Mapping)}


def _leaves(tree: Tree, above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        else:
            yield path, value


def _relative(tree: Tree) -> dict[str, str]:
    leaves = _leaves(_groups(tree))
    return {path: value for path, value in leaves if isinstance(value, str) and _RELATIVE.fullmatch(value)}


def _taken(tree: Tree) -> Iterator[tuple[str, object]]:
    return ((path, value) for path, value in _leaves(tree) if path.rpartition(".")[2] == _FROM)


def _pruned(tree: Tree, above: str, out: Mapping[str, str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in tree.items():
        path = f"{above}.{key}" if above else key
        if path not in out:
            result[key] = _pruned(value, path, out) if isinstance(value, Mapping) else value
    return result


def _copied(value: object) -> Any:
    return {key: _copied(below) for key, below in value.items()} if isinstance(value, Mapping) else value


def _filled(node: object, path: str, donor: Donor) -> Any:
    """Node with what it takes from another part below what it states itself."""
    if not isinstance(node, Mapping):
        return node
    own = {key: _filled(value, f"{path}.{key}", donor) for key, value in node.items() if key != _FROM}
    if _FROM not in node:
        return own
    name = node[_FROM]
    if not isinstance(name, str):
        raise SpecError(f"{path}.{_FROM}: {name!r} is no name; give an accelerator or a file")
    found: Any = donor(name)
    if found is None:
        return own
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        raise SpecError(f"{path}.{_FROM}: {name} has no {path}; leave it out")
    return _laid_over(found, own)


def _laid_over(below: Tree, above: Tree) -> dict[str, Any]:
    result = _copied(below)
    for key, value in above.items():
        inner = result.get(key)
        result[key] = _laid_over(inner, value) if isinstance(value, Mapping) and isinstance(inner, Mapping) else value
    return dict(result)
