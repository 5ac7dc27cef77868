"""YAML that refuses what PyYAML lets pass: a repeated key, a key that is no text, tags beyond plain data."""

from __future__ import annotations

import copy
import functools
import math
import re
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hw_specs.errors import SpecError
from hw_specs.reading.bounds import InputError, read_text
from hw_specs.reading.yaml_bounds import LARGEST, check_bounds

__all__ = ["parse_yaml", "read_yaml"]

if TYPE_CHECKING:
    from yaml import SafeLoader as _Base
else:
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser where PyYAML was built with it


# Whole numbers of YAML 1.1 that mean something else than people write: 1:30 is 90, and 0132 is, too.
_READ_OTHERWISE = re.compile(r"[-+]?(?:[0-9_]+:.*|0[0-9_]+|0b.*)")
_LONGEST_NUMBER = 100


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

    def construct_whole(self, node: yaml.ScalarNode) -> int:
        """Whole number of at most 64 bits: no count, size or rate is larger, and arrays hold no more."""
        line = node.start_mark.line + 1
        if _READ_OTHERWISE.fullmatch(node.value):
            raise SpecError(f"line {line}: {node.value[:40]} is in base 60, 8 or 2 for YAML; write it in base 10")
        if len(node.value) > _LONGEST_NUMBER:
            raise SpecError(f"line {line}: {node.value[:40]}... has more than 64 bits")
        value: int = self.construct_yaml_int(node)
        if not -(2**63) <= value < 2**63:
            raise SpecError(f"line {line}: {node.value[:40]} has more than 64 bits")
        return value

    def construct_finite(self, node: yaml.ScalarNode) -> float:
        """Number that is one."""
        if ":" in node.value:
            raise SpecError(f"line {node.start_mark.line + 1}: {node.value[:40]} is in base 60; write it in base 10")
        value: float = self.construct_yaml_float(node)
        if not math.isfinite(value):
            raise SpecError(f"line {node.start_mark.line + 1}: {node.value[:40]} is no finite number")
        return value

    def construct_no_plain_data(self, node: yaml.Node) -> Any:
        """Refuse a tag whose value would be cast to something else."""
        tag = node.tag.rpartition(":")[2]
        raise SpecError(f"line {node.start_mark.line + 1}: !!{tag} is no plain data; write text, numbers or lists")


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_whole)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _StrictLoader.construct_finite)
for _tag in ("binary", "omap", "pairs", "set"):  # no file here has any, and each would be cast to something else
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _StrictLoader.construct_no_plain_data)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML file that holds a mapping.

    Raises
    ------
    SpecError
        If the file cannot be read, is not YAML, or is not a mapping with unique text keys.
    """
    try:
        text = read_text(path, most=LARGEST)
    except InputError as error:
        raise SpecError(f"{path}: {error}; give the path of a YAML file") from error
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
    check_bounds(text, _StrictLoader)
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (derived from the safe loader)


@functools.lru_cache(maxsize=256)
def _kept(text: str) -> Any:
    return _loaded(text)


def _one_line(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: is not valid YAML ({error.problem})"
    return f"is not valid YAML ({' '.join(str(error).split())})"
