"""Names and aliases of the catalogue's accelerators, however they are spelt, and the file of each."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hw_specs.errors import SpecError
from hw_specs.reading.yaml_loader import parse_yaml
from hw_specs.terminal.meanings import did_you_mean
from hw_specs.vendors import maker_words

__all__ = ["FOLDER", "accelerator_files", "list_accelerators", "resolve_name"]

FOLDER = Path(__file__).parents[1] / "accelerators"
"""Where the specification files of the catalogue lie."""

_HEAD_KEYS = frozenset({"name", "aliases", "extends", "hypothetical"})
# Words that tell no product from another, as drivers and tables put them.
_SAYING_NOTHING = frozenset({"gpu", "graphics", "oam", "vf", "hbm", "hbm2", "hbm2e", "hbm3", "hbm3e"})


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What name resolution needs to know of one file."""

    path: Path
    name: str
    aliases: tuple[str, ...]


def list_accelerators() -> tuple[str, ...]:
    """Names of all accelerators of the catalogue, sorted."""
    return tuple(sorted((head.name for head in _heads()), key=str.lower))


def accelerator_files() -> tuple[Path, ...]:
    """Specification files of the catalogue, sorted by name."""
    return tuple(sorted(FOLDER.glob("*.yaml")))


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
    if name.endswith((".yaml", ".yml")):
        raise SpecError(f"{name}: no such file; give the path of a YAML file or a name that 'hwspec list' shows")
    raise SpecError(
        f"no accelerator {name!r}{_several(name) or did_you_mean(name, _names_to_suggest()) or ';'}"
        " give a name that 'hwspec list' shows or the path of a YAML file"
    )


def _several(name: str) -> str:
    """What is said of names in one word with commas between."""
    names = [part.strip() for part in name.split(",")]
    return "; one name at a time:" if len(names) > 1 and all(_key(part) in _names_by_key() for part in names) else ""


def _key(name: str) -> str:
    """Spelling-independent form of a name."""
    plain = re.sub(r"\((r|tm)\)", " ", name.lower())
    words = re.sub(r"[^a-z0-9+]+", " ", plain).split()
    while len(words) > 1 and words[0] in maker_words():
        words = words[1:]
    telling = [word for word in words if word not in _SAYING_NOTHING]
    return "".join(telling or words)


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
    tree = parse_yaml(_head_text(path.read_text(encoding="utf-8")), where=path.name)
    return _Head(path=path, name=str(tree["name"]), aliases=tuple(tree.get("aliases", ())))


def _head_text(text: str) -> str:
    """The text before the first top-level key that has nothing to do with names."""
    for match in re.finditer(r"^(\w+):", text, flags=re.MULTILINE):
        if match.group(1) not in _HEAD_KEYS:
            return text[: match.start()]
    return text
