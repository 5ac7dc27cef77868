"""Free parameters of the calibrated cost model: name, unit, default, physical range and meaning.

Everything else in the cost model is derived from the datasheet. Most parameters are shares of a datasheet
quantity, so that they carry over from one part to the next; times are of launch and memory pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GROUPS", "PARAMETERS", "Parameter", "ParameterError", "parameter_columns"]

FloatArray = NDArray[np.float64]


class ParameterError(ValueError):
    """A calibration names a parameter that does not exist, or a value outside its physical range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One free parameter.

    Attributes
    ----------
    name : str
        ``family.parameter``; the part before the dot is the kernel family (or ``device``).
    unit : str
    default : float
        Value without any calibration.
    lower, upper : float
        Physical range; a fit stays inside it and a calibration outside it is refused.
    meaning : str
    """

    name: str
    unit: str
    default: float
    lower: float
    upper: float
    meaning: str


def _parameter(name: str, unit: str, default: float, lower: float, upper: float, meaning: str) -> Parameter:
    return Parameter(name=name, unit=unit, default=default, lower=lower, upper=upper, meaning=meaning)


PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        _parameter("matmul.floor", "s", 3e-6, 0.0, 4e-5, "shortest duration"),
        _parameter("matmul.rate", "1", 0.8, 0.2, 1.0, "share of the matrix peak inside a tile"),
        _parameter("matmul.dram", "1", 0.85, 0.4, 1.0, "share of the DRAM bandwidth reached"),
        _parameter("vector_matmul.floor", "s", 3e-6, 0.0, 4e-5, "shortest duration"),
        _parameter("vector_matmul.rate", "1", 0.85, 0.2, 1.0, "share of the vector peak inside a tile"),
        _parameter("vector_matmul.dram", "1", 0.85, 0.4, 1.0, "share of the DRAM bandwidth reached"),
        _parameter("attention.floor", "s", 4e-6, 0.0, 4e-5, "shortest duration"),
        _parameter("attention.rate", "1", 0.6, 0.1, 1.0, "share of the matrix peak inside a tile"),
        _parameter("attention.dram", "1", 0.85, 0.4, 1.0, "share of the DRAM bandwidth reached"),
        _parameter("convolution.floor", "s", 4e-6, 0.0, 4e-5, "shortest duration"),
        _parameter("convolution.rate", "1", 0.7, 0.1, 1.0, "share of the matrix peak inside a tile"),
        _parameter("convolution.dram", "1", 0.8, 0.4, 1.0, "share of the DRAM bandwidth reached"),
        _parameter("vector_convolution.floor", "s", 4e-6, 0.0, 4e-5, "shortest duration"),
        _parameter("vector_convolution.rate", "1", 0.75, 0.1, 1.0, "share of the vector peak inside a tile"),
        _parameter("vector_convolution.dram", "1", 0.8, 0.4, 1.0, "share of the DRAM bandwidth reached"),
        _parameter("stream.floor", "s", 2e-6, 0.0, 4e-5, "shortest duration"),
        _parameter("stream.dram", "1", 0.86, 0.4, 1.0, "share of the DRAM bandwidth reached"),
        _parameter("rows.floor", "s", 2.5e-6, 0.0, 6e-5, "shortest duration"),
        _parameter("rows.dram", "1", 0.7, 0.2, 1.0, "share of the DRAM bandwidth reached"),
        _parameter("collective.floor", "s", 5e-6, 0.0, 1e-4, "shortest duration"),
        _parameter("collective.link", "1", 0.8, 0.2, 1.2, "share of the link bandwidth that a ring reaches"),
    )
}

#: Parameter groups: kernels that share their parameters, and are calibrated and inherited together.
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(name.partition(".")[0] for name in PARAMETERS))


def parameter_columns(rows: Sequence[Mapping[str, float]]) -> dict[str, FloatArray]:
    """Columns of shape (num_accelerators,) from one mapping per accelerator; missing names take the default.

    Raises
    ------
    ParameterError
        For an unknown name or a value outside the range.
    """
    for row in rows:
        for name, value in row.items():
            _check(name, value)
    return {
        name: np.array([row.get(name, parameter.default) for row in rows], dtype=np.float64)
        for name, parameter in PARAMETERS.items()
    }


def _check(name: str, value: float) -> None:
    if name not in PARAMETERS:
        raise ParameterError(f"unknown cost parameter {name!r}; valid: {', '.join(PARAMETERS)}")
    parameter = PARAMETERS[name]
    if not parameter.lower <= value <= parameter.upper:
        bounds = f"[{parameter.lower:g}, {parameter.upper:g}] {parameter.unit}"
        raise ParameterError(f"{name} = {value:g} is outside its physical range {bounds}")
