"""Accelerators of the catalogue by name, and of specification files."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .errors import SpecError
from .hypothetical.composition import in_si, is_composed, with_factors, with_parts, without_factors, without_groups
from .listing.names import FOLDER, resolve_name
from .overrides import changed_numbers
from .reading.conversion import MOVED, retire
from .reading.explain import explain
from .reading.yaml_loader import read_yaml
from .schema import Accelerator
from .units.strings import parse_quantity

__all__ = ["extended_accelerator", "load_accelerator", "load_file", "retired_fields"]

_NOT_INHERITED = frozenset({"name", "aliases", "extends", "hypothetical", "module_of", "notes", "disputed"})


@dataclass(frozen=True, kw_only=True)
class _Specification:
    """Content of a specification file merged onto those that it extends, and where its architectures may lie.

    `complaints` are about what is left out of it.
    """

    tree: dict[str, Any]
    folders: tuple[Path, ...]
    complaints: tuple[str, ...] = ()


def load_accelerator(name_or_path: str) -> Accelerator:
    """Accelerator of a name, an alias or a YAML file.

    Case, spaces, dashes, underscores, leading names of vendor and line (``Tesla``, ``Instinct``), trade marks, the
    kind of memory and whether a virtual function of it is seen do not matter: ``"NVIDIA A100-SXM4-80GB"``,
    ``"a100_sxm4_80gb"`` and ``"a100"`` are the same one. A path is meant where there is a path separator, or a file
    of that name exists in the working directory.

    Raises
    ------
    SpecError
        If there is no such accelerator or file (with near misses), or the file is refused.
    """
    path = Path(name_or_path)
    if _is_path(name_or_path):
        return load_file(path)
    return _load_catalogue_file(resolve_name(name_or_path))


def load_file(path: Path) -> Accelerator:
    """Accelerator of one specification file. Raises as :func:`load_accelerator`.

    A user's own file that extends another of the same architecture is that one with values changed.
    """
    specification = _read(path)
    accelerator = _build(specification, where=_display(path))
    extended = extended_accelerator(str(path)) if Path(os.path.realpath(path)).parent != FOLDER else None
    if extended is None or extended.architecture != accelerator.architecture:
        return accelerator
    return accelerator.changed_from(extended.product or extended)


def extended_accelerator(name_or_path: str) -> Accelerator | None:
    """Accelerator that a user's own file extends; None for a name of the catalogue and for a file that extends none.

    Raises
    ------
    SpecError
        If the file, or what it extends, is missing or refused.
    """
    if not _is_path(name_or_path):
        return None
    path = Path(name_or_path)
    parent = read_yaml(path).get("extends")
    return None if parent is None else load_file(_parent_file(parent, path))


def retired_fields(name_or_path: str) -> tuple[str, ...]:
    """One line for each field of a user's own file that no prediction reads any more, and that is left out.

    Raises
    ------
    SpecError
        If the file, or what it extends, is missing or refused.
    """
    if not _is_path(name_or_path):
        return ()
    return tuple(f"{name_or_path}: {line}" for line in retire(_read(Path(name_or_path)).tree))


def _read(path: Path, seen: tuple[Path, ...] = ()) -> _Specification:
    """Content of a specification file, merged onto the files that it extends; quantities still as written.

    Factors and groups taken from other parts are replaced by what they give (:mod:`hw_specs.hypothetical.composition`).
    A mapping merges key by key, a ``null`` removes what was inherited, the parent's ``sources`` follow the
    file's own, and everything else replaces. Names, aliases and notes are not inherited, nor is the measured
    bandwidth of the DRAM where the file gives another bandwidth.

    Raises
    ------
    SpecError
        If a file is missing or refused, or extends itself.
    """
    resolved = Path(os.path.realpath(path))
    if resolved in seen:
        chain = " -> ".join(step.name for step in (*seen, resolved))
        raise SpecError(f"{_display(path)}: extends: goes in a circle ({chain}); extend another file")
    written = read_yaml(path)
    beside = (resolved.parent / "architectures",)
    if "extends" not in written:
        return _Specification(tree=written, folders=beside)
    parent = _read(_parent_file(written["extends"], path), (*seen, resolved))
    inherited = {key: value for key, value in parent.tree.items() if key not in _NOT_INHERITED}
    tree, relative, complaints = _own_values(written, path, (*seen, resolved))
    # What another part has replaces the inherited group as a whole.
    merged = _merge(inherited if complaints else without_groups(inherited, written), tree)
    _forget_measured_dram(merged, tree)
    merged["sources"] = _all_sources(tree.get("sources"), inherited.get("sources"))
    del merged["extends"]
    found = _Specification(tree=merged, folders=(*beside, *parent.folders), complaints=complaints)
    return _with_factors(found, parent, relative, tree, path) if relative else found


def _own_values(
    written: Mapping[str, Any], path: Path, seen: tuple[Path, ...]
) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """What a file states with the groups that it takes from other parts, and its values relative to what it extends.

    Last come complaints about parts that are not to be had.
    """
    if not is_composed(written):
        return dict(written), {}, ()
    complaints = list[str]()

    def donor(name: str) -> dict[str, Any] | None:
        try:
            return _tree_in_si(name, path, seen)
        except SpecError as error:
            complaints.extend(
                f"{_display(path)}: {line.removeprefix(f'{_display(path)}: ')}" for line in error.complaints
            )
        return None

    try:
        filled = with_parts(written, donor)
    except SpecError as error:
        raise SpecError(_of(path, str(error))) from error
    tree, relative = without_factors(filled)
    return {**tree, "hypothetical": True}, relative, tuple(complaints)


def _of(path: Path, complaint: str) -> str:
    """A complaint that names its file once."""
    return f"{_display(path)}: {complaint.removeprefix(f'{_display(path)}: ')}"


def _tree_in_si(name: str, path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """Tree of another part that a file names, whose numbers mean the same beside any clock."""
    other = _parent_file(name, path, key="from")
    specification = _read(other, seen)
    return in_si(
        specification.tree, _build(replace(specification, tree=dict(specification.tree)), where=_display(other))
    )


def _with_factors(
    found: _Specification, parent: _Specification, relative: Mapping[str, str], stated: Mapping[str, Any], path: Path
) -> _Specification:
    """Specification with values relative to what its file extends."""
    complaints = list[str]()
    try:
        base = _build(replace(found, tree=dict(found.tree)), where=_display(path))
    except SpecError as error:
        complaints += error.complaints
        base = _build(replace(parent, tree=dict(parent.tree)), where=_display(path))
    for changed, text in relative.items():  # each by itself, so that all complaints come together
        try:
            changed_numbers(base, [f"{changed}={text.strip()}"])
        except SpecError as error:
            complaints.append(f"{_display(path)}: {str(error).removeprefix('change ')}")
    if complaints:
        raise _together(complaints)
    return replace(found, tree=with_factors(found.tree, base, relative, stated))


def _all_sources(own: object, inherited: object) -> object:
    """Own sources and then the parent's. What is no filled list is left for validation to refuse: a file that
    changes values says where they come from.
    """
    if not (isinstance(own, list) and own and isinstance(inherited, list)):
        return own or []
    return own + [source for source in inherited if source not in own]


def _build(specification: _Specification, *, where: str) -> Accelerator:
    """Validated accelerator of a merged tree of unit strings; ``where`` opens the messages."""
    tree = specification.tree
    _refuse_moved(tree, where)
    retire(tree)
    folders = tuple(folder for folder in specification.folders if folder.is_dir())
    context = {"unit_strings_only": True, "clock": _clock(tree), "folders": folders}
    try:
        found = Accelerator.model_validate(tree, context=context)
    except ValidationError as error:
        refused = explain(error, model=Accelerator, where=where)
        if not specification.complaints:
            raise refused from error
        raise _together((*specification.complaints, *refused.complaints)) from error
    if specification.complaints:
        raise _together(specification.complaints)
    return found


def _together(complaints: Sequence[str]) -> SpecError:
    """Error of several complaints: the first one, and how many more there are."""
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return SpecError(f"{complaints[0]}{more}", tuple(complaints))


def _refuse_moved(tree: Mapping[str, Any], where: str) -> None:
    for (group, key), instead in MOVED.items():
        if isinstance(tree.get(group), Mapping) and key in tree[group]:
            raise SpecError(
                f"{where}: {group}.{key}: is no key any more; {instead}: 'hwspec convert {where} -o NEW.yaml' does it"
            )


def _clock(tree: Mapping[str, Any]) -> float | None:
    """Clock of the cores where the tree has a readable one; validation reports an unreadable one. [Hz]"""
    cores = tree.get("cores")
    text = cores.get("clock") if isinstance(cores, Mapping) else None
    try:
        clock = parse_quantity(text, unit="Hz") if isinstance(text, str) else 0.0
    except SpecError:
        return None
    return clock if clock > 0 else None


def _merge(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(parent)
    for key, value in child.items():
        below = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _merge(below, value)
        else:
            merged[key] = value
    return merged


def _forget_measured_dram(merged: dict[str, Any], child: Mapping[str, Any]) -> None:
    """Drop what the parent's DRAM reached where the child's is another: it would read as a share of that one."""
    own = child.get("memory")
    dram = own.get("dram") if isinstance(own, Mapping) else None
    if isinstance(dram, Mapping) and "bandwidth" in dram and "measured_bandwidth" not in dram:
        level = {name: value for name, value in merged["memory"]["dram"].items() if name != "measured_bandwidth"}
        merged["memory"] = {**merged["memory"], "dram": level}


def _parent_file(parent: object, path: Path, key: str = "extends") -> Path:
    if not isinstance(parent, str):
        raise SpecError(f"{_display(path)}: {key}: {parent!r} is no name; give an accelerator or a file")
    sibling = path.parent / parent
    if sibling.is_file():
        return sibling
    try:
        return resolve_name(parent)
    except SpecError as error:
        raise SpecError(f"{_display(path)}: {key}: {error}") from error


def _is_path(text: str) -> bool:
    if os.sep in text.replace(" / ", " ") or (os.altsep is not None and os.altsep in text):
        return True
    try:
        return Path(text).is_file()
    except OSError:  # no file has a name of such length
        return False


def _display(path: Path) -> str:
    return path.name if path.parent == FOLDER else str(path)


@functools.cache
def _load_catalogue_file(path: Path) -> Accelerator:
    return load_file(path)
