"""Changes of an accelerator that do nothing say so: a setting that no term reads, or that another value hides.

What a prediction reads of an accelerator is the columns of the cost model, its power model, and the memory that a
report holds against the peak. A change that leaves all of them as they are cannot move any prediction. Whether a term
reads a field is found by changing it, so that no list can be out of date.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from pydantic import BaseModel

from hw_specs import Accelerator, CalibrationPool, SpecError, apply_overrides, changeable_paths
from hw_specs.catalogue import extended_accelerator, retired_fields
from hw_specs.listing.known_parts import slips
from hw_specs.reading.fields import lookup
from simulator.cost.hardware.power import UnknownPowerError, power_model
from simulator.schedule.offload import HOST_LINK

from .cost import hardware_columns

__all__ = ["changes_without_effect", "fields_without_effect", "is_read", "remarks_on"]

_Numbers = Mapping[str, object]


def remarks_on(
    name: str,
    accelerator: Accelerator,
    changes: Sequence[str],
    calibrations: CalibrationPool,
    *,
    offloads: bool = False,
    devices: int = 1,
) -> tuple[str, ...]:
    """What is said of values that no part has and of those that change nothing, of a user's file or of changes to it.

    What is no one device is named, too.

    Parameters
    ----------
    name : str
        Of the accelerator, or of its file, as the user gave it.
    accelerator : Accelerator
        What it stands for.
    changes, calibrations
        As :func:`changes_without_effect` takes them.
    offloads : bool
        Whether weights come over the link to the host, which is then read.
    devices : int
        Devices that share a run; where they are more than a link joins, others are read.
    """
    implausible = slips(apply_overrides(accelerator, changes))
    if any(link.domain is not None and devices > link.domain for link in accelerator.links.values()):
        changes = [change for change in changes if not change.startswith("links.")]
    changes = [change for change in changes if not (offloads and change.startswith(f"links.{HOST_LINK}."))]
    extended = extended_accelerator(name)
    of_file = () if extended is None else fields_without_effect(accelerator, extended, calibrations)
    return (
        *(f"warning: {line}" for line in implausible),
        *_of_modules(accelerator),
        *retired_fields(name),
        *of_file,
        *changes_without_effect(accelerator, changes, calibrations),
    )


def _of_modules(accelerator: Accelerator) -> tuple[str, ...]:
    """That no framework runs on a whole module of several devices."""
    if accelerator.module_of is None:
        return ()
    one = accelerator.module_of
    return (
        f"{accelerator.name} is a module of several devices, each of which a framework sees by itself: "
        f"take --hw {one.lower()} for one of them, with --parallel for several",
    )


def changes_without_effect(
    accelerator: Accelerator, changes: Sequence[str], calibrations: CalibrationPool
) -> tuple[str, ...]:
    """One line for each change without which all that predictions read would be the same.

    Parameters
    ----------
    accelerator : Accelerator
    changes : sequence of str
        As :func:`hw_specs.apply_overrides` takes them.
    calibrations : CalibrationPool

    Examples
    --------
    >>> from hw_specs import load_accelerator
    >>> changes = ["links.pcie.bandwidth=2x", "memory.dram.bandwidth=2x"]
    >>> changes_without_effect(load_accelerator("h100"), changes, CalibrationPool.empty())
    ('no term reads links.pcie.bandwidth: the change has no effect',)
    """
    if not changes:
        return ()
    after = _read_of(apply_overrides(_as_changed(accelerator), changes), calibrations)
    idle = [change for change in changes if _without(accelerator, changes, change, calibrations) == after]
    paths = [change.partition("=")[0].strip() for change in idle]
    return tuple(_line(path, read=is_read(accelerator, path, calibrations)) for path in paths)


def fields_without_effect(
    accelerator: Accelerator, extended: Accelerator, calibrations: CalibrationPool
) -> tuple[str, ...]:
    """One line for each value in which an accelerator differs from the one it extends, and which no term reads."""
    own, inherited = accelerator.model_dump(), extended.model_dump()
    paths = [path for path in changeable_paths(accelerator) if lookup(own, path) not in (None, lookup(inherited, path))]
    before = _read_of(_as_changed(accelerator), calibrations) if paths else {}
    idle = [path for path in paths if not _moves_something(accelerator, path, before, calibrations)]
    return tuple(_line(path, read=False) for path in idle)


def is_read(accelerator: Accelerator, path: str, calibrations: CalibrationPool) -> bool:
    """Whether more or less of the value at a path moves anything; no where there is no value."""
    return _moves_something(accelerator, path, _read_of(_as_changed(accelerator), calibrations), calibrations)


def _moves_something(accelerator: Accelerator, path: str, before: _Numbers, calibrations: CalibrationPool) -> bool:
    """Whether more or less of the value at a path gives other numbers than those read before."""
    for factor in ("2x", "0.5x", "0.125x"):
        try:
            changed = apply_overrides(accelerator, [f"{path}={factor}"])
        except SpecError:  # no value, or a part of a count is none
            continue
        if _read_of(changed, calibrations) != before:
            return True
    return False


def _without(
    accelerator: Accelerator, changes: Sequence[str], change: str, calibrations: CalibrationPool
) -> _Numbers | None:
    """What is read without one of the changes; None where the others need it."""
    others = [other for other in changes if other != change]
    try:
        return _read_of(apply_overrides(_as_changed(accelerator), others), calibrations)
    except SpecError:
        return None


def _line(path: str, *, read: bool) -> str:
    if read:
        return f"{path}: the change has no effect, another value decides"
    return f"no term reads {path}: the change has no effect"


def _as_changed(accelerator: Accelerator) -> Accelerator:
    """The accelerator as a change leaves it that moves no value: no product, so that nothing was measured on it."""
    update = {"hypothetical": True, "based_on": accelerator.based_on or accelerator.name}
    return accelerator.model_copy(update=update).changed_from(accelerator.product or accelerator)


def _read_of(accelerator: Accelerator, calibrations: CalibrationPool) -> _Numbers:
    """All numbers that predictions read for the devices that the fastest link joins, by name."""
    columns = hardware_columns([accelerator], calibrations)
    columns = dataclasses.replace(columns, wide_link_bandwidth=columns.link_bandwidth)
    try:
        power = power_model(accelerator)
    except UnknownPowerError:
        power = None
    read = {"columns": columns, "power": power, "capacity": accelerator.memory.dram.capacity}
    return dict(_numbers(read))


def _numbers(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Leaves of nested records, mappings and arrays. Names and traits are left out, since no change moves them."""
    if isinstance(value, np.ndarray):
        yield name, np.nan_to_num(value, nan=-1.0).tolist()
    elif isinstance(value, BaseModel):
        yield from _numbers(value.model_dump(), name)
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _numbers(below, f"{name}.{key}")
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name not in ("name", "traits"):
                yield from _numbers(getattr(value, field.name), f"{name}.{field.name}")
    else:
        yield name, value
