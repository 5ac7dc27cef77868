"""YAML that refuses what PyYAML lets pass: a repeated key, a key that is no text, tags beyond plain data."""

from __future__ import annotations

import copy
import functools
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hw_specs.errors import SpecError

__all__ = ["parse_yaml", "read_yaml"]

if TYPE_CHECKING:
    from yaml import SafeLoader as _Base
else:
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser where PyYAML was built with it


class _StrictLoader(_Base):
    """Safe loader with unique text keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = dict[str, int]()
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag != "tag:yaml.org,2002:str":
                raise SpecError(f"line {line}: key {key_node.value!r} is not text; write it in quotes")
            if key_node.value in seen:
                first = seen[key_node.value]
                raise SpecError(f"line {line}: key {key_node.value!r} repeats line {first}; keep one of them")
            seen[key_node.value] = line
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML file that holds a mapping.

    Raises
    ------
    SpecError
        If the file cannot be read, is not YAML, or is not a mapping with unique text keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"{path}: cannot be read ({error.strerror}); give the path of a YAML file") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: is not UTF-8 text; give the path of a YAML file") from error
    return parse_yaml(text, where=str(path))


def parse_yaml(text: str, *, where: str) -> dict[str, Any]:
    """Mapping in a YAML text; ``where`` names its origin in messages. Raises as :func:`read_yaml`."""
    try:
        tree = copy.deepcopy(_kept(text) if len(text) <= _SHORT else _loaded(text))
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{where}: {_one_line(error)}") from error
    except (ValueError, RecursionError) as error:  # a date that does not exist, thousands of digits or brackets
        raise SpecError(f"{where}: is not usable YAML ({error})") from error
    if not isinstance(tree, dict):
        raise SpecError(f"{where}: holds no mapping; write 'key: value' lines")
    return tree


# Texts up to this length are kept with what they hold: one file of a generation is read for many of its parts.
_SHORT = 2**16


def _loaded(text: str) -> Any:
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (derived from the safe loader)


@functools.lru_cache(maxsize=256)
def _kept(text: str) -> Any:
    return _loaded(text)


def _one_line(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: is not valid YAML ({error.problem})"
    return f"is not valid YAML ({' '.join(str(error).split())})"
