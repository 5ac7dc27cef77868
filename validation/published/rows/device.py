"""Accelerator by the name of a device in a table of published figures."""

from __future__ import annotations

import re

from hw_specs import Accelerator, SpecError, load_accelerator
from validation.published.names import Names, Unmappable, first_that_fits

__all__ = ["accelerator_of"]

# Size of memory in a name: 16GB, 16 GB, 16G, 79.3 GiB. [GB]
_MEMORY = re.compile(r"[\s-]*\b(\d+(?:\.\d+)?) ?gi?b?\b", re.IGNORECASE)
_GIGABYTE = 1e9
# Drivers report less than is built in, and binary units are called like decimal ones.
_SAME_MEMORY = 0.1


def accelerator_of(name: str, names: Names, assumed: list[str]) -> Accelerator:
    """Accelerator of a device's name, without remarks in parentheses; a power limit that it names is assumed away.

    A size of memory that the catalogue's name does not have must be that of the accelerator.

    Raises
    ------
    Unmappable
        There is none.
    """
    telling = any(remark in name for remark in names.device_remarks)
    plain = name if telling else re.sub(r"\(.*?\)", "", name).strip()
    bare = re.sub(f"^(?:{names.device_makers})", "", plain.lower()).strip()
    family = first_that_fits(names.devices, bare) or first_that_fits(names.devices, name)
    if family is None:
        accelerator = _listed(plain)
    else:
        if family.assumed or names.device_left_open in name:
            assumed.append(f"variant {family.accelerator}")
        accelerator = load_accelerator(family.accelerator)
    limit = re.search(r"(\d+) ?w\b", name.lower())
    if limit and accelerator.power and float(limit.group(1)) != accelerator.power.board:
        assumed.append(f"a power limit of {limit.group(1)} W changes nothing")
    return accelerator


def _listed(name: str) -> Accelerator:
    """Accelerator of the catalogue by a name that may hold its memory."""
    try:
        return load_accelerator(name)
    except SpecError:
        stated = _MEMORY.search(name)
    if stated is None:
        raise Unmappable("device is not in hw_specs")
    try:
        accelerator = load_accelerator(_MEMORY.sub("", name, count=1).strip())
    except SpecError:
        raise Unmappable("device is not in hw_specs") from None
    if abs(accelerator.memory.dram.capacity / (float(stated.group(1)) * _GIGABYTE) - 1) > _SAME_MEMORY:
        raise Unmappable("device is in hw_specs with another memory")
    return accelerator
