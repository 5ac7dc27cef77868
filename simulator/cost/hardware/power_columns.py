"""Power of accelerators as columns: idle power, limit, and what work takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.energies import AMOUNTS

from .figures import Figures
from .power import PowerModel

__all__ = ["PowerColumns", "changed_power", "power_columns"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PowerColumns:
    """Power of a sequence of accelerators; every array has shape (num_accelerators,).

    Attributes
    ----------
    idle, limit : array
        NaN where not known. [W]
    active, active_vector : array
        Of running cores, and where they multiply on vector units; 0 where not known. [W]
    energy : mapping of str to array
        Of the work by what it does. [J/FLOP], [J], [J/B]
    """

    idle: FloatArray
    limit: FloatArray
    active: FloatArray
    active_vector: FloatArray
    energy: Mapping[str, FloatArray]


def power_columns(models: Sequence[PowerModel | None]) -> PowerColumns:
    """Columns of some power models, None where nothing is known of an accelerator's power."""
    return PowerColumns(
        idle=_column([p.parameters.idle if p else None for p in models]),
        limit=_column([p.board if p else None for p in models]),
        active=_column([p.parameters.active if p else 0.0 for p in models]),
        active_vector=_column([p.active_vector if p else 0.0 for p in models]),
        energy={name: _column([getattr(p.parameters, name) if p else 0.0 for p in models]) for name in AMOUNTS},
    )


def changed_power(model: PowerModel | None, one: Figures, variants: Figures) -> PowerColumns:
    """Power of variants of one accelerator, from its model.

    Energies go with its process and with what it was before it was changed. Idle power and limit go with the numbers,
    and so does the power of running cores where it is known as a share of the limit alone.

    Parameters
    ----------
    model : PowerModel or None
        Of the accelerator.
    one : Figures
        Of the accelerator.
    variants : Figures
        With numbers in the same places.
    """
    known = power_columns([model])
    every = np.zeros(len(variants), dtype=np.int64)
    idle = known.idle[every] * (_idle(variants) / _idle(one))
    limit = known.limit[every] * (variants.numbers["power.board"] / one.numbers["power.board"])
    active, on_vector = known.active[every], known.active_vector[every]
    if model is not None and model.busy_share is not None:
        active = on_vector = model.busy_share * np.maximum(limit - idle, 0.0)
    energy = {name: values[every] for name, values in known.energy.items()}
    return PowerColumns(idle=idle, limit=limit, active=active, active_vector=on_vector, energy=energy)


def _idle(figures: Figures) -> FloatArray:
    """As stated, or by the limit of the board. [W]"""
    stated = figures.numbers["power.idle"]
    return np.where(np.isnan(stated), figures.idle_share * figures.numbers["power.board"], stated)


def _column(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
