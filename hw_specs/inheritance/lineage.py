"""Reading architectures: each one merged onto the one that it descends from, or that stands in for it.

An accelerator's file names its architecture. The file ``architectures/<name>.yaml`` beside the accelerator's is taken
where there is one, else that of the catalogue.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hw_specs.architecture import Architecture, required_traits, trait_paths
from hw_specs.errors import SpecError
from hw_specs.reading.explain import explain
from hw_specs.reading.yaml_loader import read_yaml
from hw_specs.terminal.meanings import did_you_mean

__all__ = [
    "FOLDER",
    "architecture_of_isa",
    "find_architecture",
    "line_of",
    "lineage_distance",
    "list_architectures",
    "load_architecture",
]

FOLDER = Path(__file__).parents[1] / "architectures"
"""Architectures of the catalogue."""

_GROUPS = frozenset(path.partition(".")[0] for path in trait_paths() if "." in path)
_TRAITS = frozenset(trait_paths())

_NAME = re.compile(r"[a-z][a-z0-9_]*")

_Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Merged:
    """An architecture's traits by path as they are written, who stated each, on which ground, and the ancestors."""

    traits: _Values
    stated_by: Mapping[str, str]
    origins: Mapping[str, str]
    lineage: Mapping[str, int]


_NOTHING = _Merged(traits={}, stated_by={}, origins={}, lineage={})


@functools.cache
def list_architectures() -> tuple[str, ...]:
    """Names of the architectures of the catalogue, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_architecture(name: str) -> Architecture:
    """Architecture of the catalogue.

    Raises
    ------
    SpecError
        If there is none of the name, or a file is refused.
    """
    return find_architecture(name, ())


@functools.cache
def find_architecture(name: str, folders: tuple[Path, ...]) -> Architecture:
    """Architecture of a name: from the first of some folders that holds it, else from the catalogue.

    Raises
    ------
    SpecError
        If no file has the name, with what to write into one, or a file is refused.
    """
    path = _file(name, folders)
    if path is None:
        raise SpecError(_way_out(name))
    return _read(path, folders)


@functools.cache
def architecture_of_isa(isa: str) -> Architecture:
    """Architecture that a compiler target or a processor's flag tells.

    Raises
    ------
    SpecError
        If none does.
    """
    for name in list_architectures():
        if isa in load_architecture(name).isa:
            return load_architecture(name)
    raise SpecError(
        f"no architecture names the compiler target {isa!r}; add it to 'isa' in the file of its generation in "
        f"{FOLDER}, or write a file there that names its parent"
    )


def lineage_distance(architecture: Architecture, other: str) -> int | None:
    """Steps of lineage between an architecture and one of a name, None where they share no ancestor.

    A name that the catalogue does not have, as of a user's own architecture, has no ancestors but itself.
    """
    theirs = load_architecture(other).lineage if other in list_architectures() else {other: 0}
    common = [steps + architecture.lineage[name] for name, steps in theirs.items() if name in architecture.lineage]
    return min(common, default=None)


def line_of(architecture: Architecture) -> str:
    """First ancestor of an architecture, which is that of all its relatives; itself where it has none."""
    return max(architecture.lineage, key=lambda name: architecture.lineage[name])


def _file(name: str, folders: Sequence[Path]) -> Path | None:
    return next((path for folder in (*folders, FOLDER) if (path := folder / f"{name}.yaml").is_file()), None)


def _way_out(name: str) -> str:
    hint = did_you_mean(name, list_architectures())
    return (
        f"{name!r} has no file{hint or ';'} known are {', '.join(list_architectures())}; for a new one write "
        f"architectures/{name}.yaml beside the accelerator's file with three lines: 'name: {name}', 'parent: <the one "
        "of these that it descends from>', 'sources: {parent: <who says so>}'"
    )


def _read(path: Path, folders: tuple[Path, ...]) -> Architecture:
    tree = read_yaml(path)
    merged = _merged(path, tree, folders, ())
    identity = {key: value for key, value in tree.items() if key not in _TRAITS and key not in _GROUPS}
    identity.setdefault("refresh", _is_refresh(tree))
    known = _validated({**identity, **_nested(merged.traits)}, path)
    stated = (trait for trait in trait_paths() if known.trait(trait) is not None)
    assumed = {trait: by for trait in stated if (by := merged.stated_by[trait]) != known.name}
    return known.with_provenance(lineage=merged.lineage, assumed=assumed, origins=merged.origins)


def _validated(tree: dict[str, Any], path: Path) -> Architecture:
    where = _display(path)
    absent = [name for name in required_traits() if name not in dict(_flat(tree))]
    if absent and not (tree.get("parent") or tree.get("like")):
        raise SpecError(
            f"{where}: {absent[0]}: missing; give a value, or name a parent (or 'like', for an architecture that is no "
            f"relative) whose traits stand in ({len(absent)} are missing)"
        )
    try:
        return Architecture.model_validate(tree, context={"unit_strings_only": True})
    except ValidationError as error:
        raise explain(error, model=Architecture, where=where) from error


def _merged(path: Path, tree: _Values, folders: tuple[Path, ...], seen: tuple[str, ...]) -> _Merged:
    """Traits of a file over those of the architecture that it names."""
    name, base = _named(path, tree), _base_of(path, tree)
    if name in seen:
        raise SpecError(f"{_display(path)}: parent: goes in a circle ({' -> '.join((*seen, name))}); name another one")
    below = _NOTHING
    if base is not None:
        source = _file(base, folders)
        if source is None:
            raise SpecError(f"{_display(path)}: {'parent' if tree.get('parent') else 'like'}: {_way_out(base)}")
        below = _merged(source, read_yaml(source), folders, (*seen, name))
    own = {trait: value for trait, value in _flat(tree) if trait in _TRAITS or trait.partition(".")[0] in _GROUPS}
    grounds = _grounds(path, tree, own)
    step = 0 if _is_refresh(tree) else 1
    relatives = {other: steps + step for other, steps in below.lineage.items()} if tree.get("parent") else {}
    return _Merged(
        traits={**below.traits, **own},
        stated_by={**below.stated_by, **dict.fromkeys(own, name)},
        origins={**below.origins, **grounds},
        lineage={name: 0, **relatives},
    )


def _named(path: Path, tree: _Values) -> str:
    name = tree.get("name")
    if name != path.stem:
        raise SpecError(f"{_display(path)}: name: {name!r} is not the name of the file; write {path.stem!r}")
    return path.stem


def _base_of(path: Path, tree: _Values) -> str | None:
    parent, like = tree.get("parent"), tree.get("like")
    if parent is not None and like is not None:
        raise SpecError(f"{_display(path)}: like: stands beside a parent, whose traits count already; keep one of them")
    base = parent if parent is not None else like
    if base is not None and not (isinstance(base, str) and _NAME.fullmatch(base)):
        raise SpecError(f"{_display(path)}: {'parent' if like is None else 'like'}: {base!r} is no name")
    return base


def _is_refresh(tree: _Values) -> bool:
    """As declared, else whether the file has a parent and states no trait: nothing says that it differs."""
    declared = tree.get("refresh")
    if isinstance(declared, bool):
        return declared
    return tree.get("parent") is not None and not any(key in _TRAITS or key in _GROUPS for key in tree)


def _grounds(path: Path, tree: _Values, own: _Values) -> dict[str, str]:
    """Source of each trait that a file states; refuses a trait without one, and a source of nothing.

    Sources are looked up by the trait's path, then by the group that it is in.
    """
    sources = tree.get("sources")
    if not isinstance(sources, Mapping):
        raise SpecError(f"{_display(path)}: sources: missing; write 'sources: {{<trait>: <who says so>}}'")
    valid = {"parent", "like", "isa", *_GROUPS, *_TRAITS}
    for key in sources:
        if key not in valid:
            raise SpecError(f"{_display(path)}: sources: {key!r} is no trait{did_you_mean(key, valid)}")
    needed = [*own, *(key for key in ("parent", "like") if tree.get(key) is not None)]
    grounds = {trait: sources.get(trait) or sources.get(trait.partition(".")[0]) for trait in needed}
    for trait, source in grounds.items():
        if source is None and trait in valid:
            raise SpecError(f"{_display(path)}: sources: nothing for {trait}; say who states it, or leave it out")
    return {trait: str(source) for trait, source in grounds.items()}


def _flat(tree: _Values) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if key in _GROUPS and isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", below) for inner, below in value.items())
        else:
            yield key, value


def _nested(traits: _Values) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in traits.items():
        group, _, inner = path.partition(".")
        if inner:
            tree.setdefault(group, {})[inner] = value
        else:
            tree[group] = value
    return tree


def _display(path: Path) -> str:
    return f"architectures/{path.name}" if path.parent == FOLDER else str(path)
