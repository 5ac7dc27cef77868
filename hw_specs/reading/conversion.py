"""Specification files of earlier releases, as files of this one: ``hwspec convert``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

__all__ = ["MOVED", "RETIRED", "as_yaml", "converted", "retire"]

#: Keys that files had once, and what stands in their place.
MOVED: Mapping[tuple[str, str], str] = {
    ("cores", "shared_memory"): "memory.shared.capacity says it, which no longer counts the L1 cache",
}

#: Keys that files had once, which no prediction reads and which are left out of a file that has them, and why.
RETIRED: Mapping[tuple[str, str], str] = {
    ("cores", "sustained_clock"): "the power limit says which clock lasts",
    ("cores", "shared_memory_per_block"): "the capacity of memory.shared bounds a block as well",
}

# Releases before the field was there took the boost clock of every card with this form factor for exceeded by a tenth.
_FORM_FACTOR, _HEADROOM = "GeForce", 1.1


def converted(tree: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Content of a file in the keys of this release, and what was changed.

    Parameters
    ----------
    tree : mapping
        Content of one file as it is written; what it extends is not looked at.
    """
    new = {key: dict(value) if isinstance(value, Mapping) else value for key, value in tree.items()}
    changes = [*_move_shared_memory(new), *_state_headroom(new), *retire(new)]
    return new, tuple(changes)


def retire(tree: dict[str, Any]) -> tuple[str, ...]:
    """Take keys out of a tree that no prediction reads any more; one line for each."""
    found = [(group, key) for group, key in RETIRED if isinstance(tree.get(group), Mapping) and key in tree[group]]
    for group, key in found:
        tree[group] = {name: value for name, value in tree[group].items() if name != key}
    return tuple(f"{group}.{key}: is left out, {RETIRED[group, key]}" for group, key in found)


def as_yaml(tree: Mapping[str, Any]) -> str:
    """Text of a specification file; keys stay in their order."""
    return yaml.safe_dump(dict(tree), sort_keys=False, allow_unicode=True, width=120)


def _move_shared_memory(tree: dict[str, Any]) -> list[str]:
    cores = tree.get("cores")
    if not isinstance(cores, dict) or "shared_memory" not in cores:
        return []
    memory = tree.setdefault("memory", {})
    shared = dict(memory.get("shared") or {"per_core": True})
    before = shared.get("capacity", "nothing")
    shared["capacity"] = cores.pop("shared_memory")
    memory["shared"] = shared
    return [f"memory.shared.capacity: {shared['capacity']} (was {before}), from cores.shared_memory"]


def _state_headroom(tree: dict[str, Any]) -> list[str]:
    cores = tree.get("cores")
    if tree.get("form_factor") != _FORM_FACTOR or not isinstance(cores, dict) or "clock_headroom" in cores:
        return []
    cores["clock_headroom"] = _HEADROOM
    return [f"cores.clock_headroom: {_HEADROOM}, which the form factor implied"]
