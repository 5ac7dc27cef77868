r"""How far one part is from another: the distance of the logarithms of what they are made of.

.. math:: d = \sqrt{\sum_i \max_{x \in i} \left(\ln \frac{x_a}{x_b}\right)^2}

over independent properties :math:`i`: each number by itself, but the rates of one kind of unit together, which mostly
move together. Links and the size of the DRAM do not count, which no time on one device depends on, nor does what a
bandwidth reached, which goes with the bandwidth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hw_specs.overrides import present_numbers
from hw_specs.schema import Accelerator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["distance", "distances"]

_RATES = "peak."
_LEFT_OUT = ("links.", "memory.dram.capacity")


def distance(one: Accelerator, other: Accelerator) -> float:
    """Distance of two parts, of the numbers that both have. [1]

    Examples
    --------
    >>> from hw_specs import apply_overrides, load_accelerator
    >>> part = load_accelerator("h100")
    >>> round(distance(part, apply_overrides(part, ["memory.dram.bandwidth=2x"])), 3)
    0.693
    """
    return float(distances(present_numbers(one), present_numbers(other)))


def distances(
    numbers: Mapping[str, float], others: Mapping[str, NDArray[np.float64] | float]
) -> NDArray[np.float64] | float:
    """Distances of variants from one part, given the numbers of both by path; shape (num_variants,), or a float. [1]"""
    import numpy as np

    largest: dict[str, NDArray[np.float64] | float] = {}
    for path in sorted(numbers.keys() & others.keys()):
        if not path.startswith(_LEFT_OUT) and not path.endswith("measured_bandwidth"):
            # peak.matrix.fp16 and peak.matrix.bf16 are one property.
            name = path.rpartition(".")[0] if path.startswith(_RATES) else path
            apart = np.abs(np.log(others[path] / numbers[path]))
            largest[name] = np.maximum(largest.get(name, 0.0), apart)
    return np.sqrt(sum((np.square(value) for value in largest.values()), start=np.float64(0.0)))
