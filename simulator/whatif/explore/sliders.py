"""Numbers of an accelerator that act on a run: each with its present value and the ends between which it is dragged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_specs import Accelerator, changeable_paths

from .figures import LoweredDesign

__all__ = ["Slider", "sliders"]

#: Factors at the ends of a slider.
ENDS = (0.25, 4.0)
# Relative change below which a figure does not move: rounding.
_NOTHING = 1e-9
# A bandwidth that was measured goes with the published one.
_FOLLOWS = "measured_bandwidth"
_MOVED = ("latency", "energy", "peak_memory", "fits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider:
    """One number.

    Attributes
    ----------
    path : str
        As ``--set`` takes it.
    unit : str
        SI unit; empty for a count.
    value : float
        Of the accelerator as it is. [SI]
    acts : bool
        Whether latency, energy or memory move at an end, other numbers being as the design has them.
    """

    path: str
    unit: str
    value: float
    acts: bool


def sliders(lowered: LoweredDesign, part: Accelerator, chosen: Mapping[str, float]) -> list[Slider]:
    """Numbers of an accelerator, those that a design has changed among them.

    Parameters
    ----------
    lowered : LoweredDesign
    part : Accelerator
        As it is.
    chosen : mapping of str to float
        Numbers that the design changes.
    """
    units = changeable_paths(part)
    paths = [path for path in lowered.present if not path.endswith(_FOLLOWS)]
    acting = dict(zip(paths, _acting(lowered, paths, chosen, units), strict=True))
    return [Slider(path=path, unit=units[path], value=lowered.present[path], acts=acting[path]) for path in paths]


def _acting(
    lowered: LoweredDesign, paths: list[str], chosen: Mapping[str, float], units: Mapping[str, str]
) -> list[bool]:
    """Whether figures move between the ends of each path, all ends computed at once."""
    figures = lowered.outcomes([chosen, *_tried(lowered, paths, chosen, units)])
    moved = np.any([_moved(figures[name]) for name in _MOVED], axis=0)
    return [bool(pair.any()) for pair in moved[1:].reshape(-1, len(ENDS))]


def _tried(
    lowered: LoweredDesign, paths: list[str], chosen: Mapping[str, float], units: Mapping[str, str]
) -> Iterator[dict[str, float]]:
    """Numbers of the design with one at an end of its slider."""
    for path in paths:
        for factor in ENDS:
            value = lowered.present[path] * factor
            yield {**chosen, path: value if units[path] else max(round(value), 1)}


def _moved(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each value is another one than the first."""
    known = np.nan_to_num(values, nan=0.0)
    moved: NDArray[np.bool_] = np.abs(known - known[0]) > _NOTHING * max(abs(float(known[0])), 1e-300)
    return moved
