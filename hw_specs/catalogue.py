"""Finding accelerators by name among ``accelerators/*.yaml``, and reading specification files."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .errors import SpecError, did_you_mean
from .hypothetical.composition import in_si, is_composed, with_factors, with_parts, without_factors, without_groups
from .reading.conversion import MOVED, retire
from .reading.explain import explain
from .reading.yaml_loader import parse_yaml, read_yaml
from .schema import Accelerator
from .units.strings import parse_quantity
from .vendors import maker_words

__all__ = [
    "accelerator_files",
    "extended_accelerator",
    "list_accelerators",
    "load_accelerator",
    "load_file",
    "resolve_name",
    "retired_fields",
]

_FOLDER = Path(__file__).parent / "accelerators"
_HEAD_KEYS = frozenset({"name", "aliases", "extends", "hypothetical"})
_NOT_INHERITED = frozenset({"name", "aliases", "extends", "hypothetical", "module_of", "notes", "disputed"})
# Words that tell no product from another, as drivers and tables put them.
_SAYING_NOTHING = frozenset({"gpu", "graphics", "oam", "vf", "hbm", "hbm2", "hbm2e", "hbm3", "hbm3e"})


@dataclass(frozen=True, kw_only=True)
class _Specification:
    """Content of a specification file merged onto those that it extends, and where its architectures may lie."""

    tree: dict[str, Any]
    folders: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What name resolution needs to know of one file."""

    path: Path
    name: str
    aliases: tuple[str, ...]


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


def list_accelerators() -> tuple[str, ...]:
    """Names of all accelerators of the catalogue, sorted."""
    return tuple(sorted((head.name for head in _heads()), key=str.lower))


def accelerator_files() -> tuple[Path, ...]:
    """Specification files of the catalogue, sorted by name."""
    return tuple(sorted(_FOLDER.glob("*.yaml")))


def resolve_name(name: str) -> Path:
    """File of the catalogue that a name or an alias stands for.

    Raises
    ------
    SpecError
        If nothing in the catalogue has the name.
    """
    key = _key(name.removesuffix(".yaml").removesuffix(".yml"))
    direct = _files_by_key().get(key)
    if direct is not None:
        return direct
    known = _names_by_key()
    if key in known:
        return known[key]
    raise SpecError(
        f"no accelerator {name!r}{did_you_mean(name, _names_to_suggest()) or ';'}"
        " give a name that 'hwspec list' shows or the path of a YAML file"
    )


def load_file(path: Path) -> Accelerator:
    """Accelerator of one specification file. Raises as :func:`load_accelerator`.

    A user's own file that extends another of the same architecture is that one with values changed.
    """
    specification = _read(path)
    accelerator = _build(specification, where=_display(path))
    extended = extended_accelerator(str(path)) if Path(os.path.realpath(path)).parent != _FOLDER else None
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
    tree, relative = _own_values(written, path, (*seen, resolved))
    # What another part has replaces the inherited group as a whole.
    merged = _merge(without_groups(inherited, written), tree)
    _forget_measured_dram(merged, tree)
    merged["sources"] = _all_sources(tree.get("sources"), inherited.get("sources"))
    del merged["extends"]
    found = _Specification(tree=merged, folders=(*beside, *parent.folders))
    return _with_factors(found, relative, tree, path) if relative else found


def _own_values(
    written: Mapping[str, Any], path: Path, seen: tuple[Path, ...]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What a file states with the groups that it takes from other parts, and its values relative to what it extends."""
    if not is_composed(written):
        return dict(written), {}
    try:
        filled = with_parts(written, lambda name: _tree_in_si(name, path, seen))
    except SpecError as error:
        raise SpecError(f"{_display(path)}: {str(error).removeprefix(f'{_display(path)}: ')}") from error
    tree, relative = without_factors(filled)
    return {**tree, "hypothetical": True}, relative


def _tree_in_si(name: str, path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """Tree of another part that a file names, whose numbers mean the same beside any clock."""
    other = _parent_file(name, path, key="from")
    specification = _read(other, seen)
    return in_si(
        specification.tree, _build(replace(specification, tree=dict(specification.tree)), where=_display(other))
    )


def _with_factors(
    found: _Specification, relative: Mapping[str, str], stated: Mapping[str, Any], path: Path
) -> _Specification:
    """Specification with values relative to what its file extends."""
    base = _build(replace(found, tree=dict(found.tree)), where=_display(path))
    try:
        return replace(found, tree=with_factors(found.tree, base, relative, stated))
    except SpecError as error:
        raise SpecError(f"{_display(path)}: {str(error).removeprefix('change ')}") from error


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
        return Accelerator.model_validate(tree, context=context)
    except ValidationError as error:
        raise explain(error, model=Accelerator, where=where) from error


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
    return path.name if path.parent == _FOLDER else str(path)


def _key(name: str) -> str:
    """Spelling-independent form of a name."""
    plain = re.sub(r"\((r|tm)\)", " ", name.lower())
    words = re.sub(r"[^a-z0-9+]+", " ", plain).split()
    while len(words) > 1 and words[0] in maker_words():
        words = words[1:]
    telling = [word for word in words if word not in _SAYING_NOTHING]
    return "".join(telling or words)


@functools.cache
def _load_catalogue_file(path: Path) -> Accelerator:
    return load_file(path)


@functools.cache
def _files_by_key() -> dict[str, Path]:
    return {_key(path.stem): path for path in accelerator_files()}


@functools.cache
def _names_by_key() -> dict[str, Path]:
    return {_key(name): head.path for head in _heads() for name in (head.name, *head.aliases)}


def _names_to_suggest() -> Iterator[str]:
    for head in _heads():
        yield from (head.name, *head.aliases)


@functools.cache
def _heads() -> tuple[_Head, ...]:
    return tuple(_read_head(path) for path in accelerator_files())


def _read_head(path: Path) -> _Head:
    """Name and aliases of a file without parsing the rest, so that finding a name stays cheap.

    Files of the catalogue open with these keys (a test holds them to it).
    """
    tree = parse_yaml(_head_text(path.read_text(encoding="utf-8")), where=_display(path))
    return _Head(path=path, name=str(tree["name"]), aliases=tuple(tree.get("aliases", ())))


def _head_text(text: str) -> str:
    """The text before the first top-level key that has nothing to do with names."""
    for match in re.finditer(r"^(\w+):", text, flags=re.MULTILINE):
        if match.group(1) not in _HEAD_KEYS:
            return text[: match.start()]
    return text
