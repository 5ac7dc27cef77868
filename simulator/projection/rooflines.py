"""What a kernel can move by at all: ratios of the datasheet rates of two accelerators.

A kernel of which nothing is known is bound by arithmetic of some format, by the memory, or by links to other devices.
Its time moves by the ratio of the rates of whichever it is, and so by something between the smallest and the largest of
these ratios (Williams et al., "Roofline", CACM 52(4), 2009). A kernel of a few microseconds is bound by its own start,
which hardly differs between accelerators: it may stay as it is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from hw_specs import Accelerator
from tracer.events.kernel_names import COLLECTIVE, STREAM, named_work

__all__ = ["HOST_LINK", "SHORT", "SPREAD", "RatioRange", "roofline_ratios", "unknown_ratio"]

#: Mean time below which a kernel's own start may be most of it. [s]
SHORT = 1e-5
#: Link that leads to the host, not to other devices.
HOST_LINK = "pcie"
#: How far shares of a bandwidth differ from part to part: the scatter of the model by single kernels, 20 %.
SPREAD = math.exp(0.2)
# Formats that generative models compute in; the rate of another says nothing of their kernels.
_FORMATS = ("tf32", "fp16", "bf16", "fp8", "int8", "fp32")


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioRange:
    """Range of the time on the target over that on the source. [1]"""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """As far from one end as from the other, by ratio. [1]"""
        return math.sqrt(self.low * self.high)


def roofline_ratios(
    source: Accelerator, target: Accelerator, *, formats: Collection[str] = (), links: bool = False
) -> dict[str, float]:
    """Time on the target over that on the source of a kernel that one resource bounds, by resource. [1]

    Parameters
    ----------
    source, target : Accelerator
    formats : collection of str
        Number formats that kernels may compute in; all of generative models by default.
    links : bool
        Whether kernels may send to other devices.
    """
    pairs = {"memory": (source.memory.dram.bandwidth, target.memory.dram.bandwidth)}
    for name in [each for each in _FORMATS if each in formats] or _FORMATS:
        pairs[name] = (_rate(source, name), _rate(target, name))
    if links:
        pairs["links"] = (_link(source), _link(target))
    return {name: one / other for name, (one, other) in pairs.items() if one and other}


def unknown_ratio(
    source: Accelerator,
    target: Accelerator,
    name: str,
    mean_time: float,
    *,
    formats: Collection[str] = (),
    links: bool = False,
) -> RatioRange:
    """Range of the ratio of a kernel of which nothing is known but its name.

    Where the name tells what it does (:mod:`tracer.events.kernel_names`), fewer resources can bound it: memory alone a
    kernel that goes through its data once, memory or arithmetic of its format a product, the links a collective.

    Parameters
    ----------
    source, target : Accelerator
    name : str
        Of the kernel; empty where there is none.
    mean_time : float
        Of such kernels on the source; short ones may also stay as they are. [s]
    formats, links
        See :func:`roofline_ratios`.
    """
    work = named_work(name)
    own = (work.number_format,) if work.number_format else formats
    known = roofline_ratios(source, target, formats=own, links=links or work.kind == COLLECTIVE)
    only = {STREAM: ("memory",), COLLECTIVE: ("links", "memory")}.get(work.kind, tuple(known))
    ratios = [ratio for resource, ratio in known.items() if resource in only]
    if source != target and work.kind == STREAM:
        # One resource, of which a kernel reaches not the same part everywhere.
        ratios = [ratio * factor for ratio in ratios for factor in (1 / SPREAD, SPREAD)]
    if mean_time < SHORT:
        ratios.append(1.0)
    return RatioRange(low=min(ratios), high=max(ratios))


def _rate(part: Accelerator, number_format: str) -> float:
    """Highest rate at which a part multiplies in a format; 0 where it has none. [FLOP/s]"""
    return max(_rates(part, number_format), default=0.0)


def _rates(part: Accelerator, number_format: str) -> Iterator[float]:
    for peaks in (part.peak.matrix, part.peak.vector):
        if number_format in peaks:
            yield peaks[number_format]
    # What has no unit of its own is widened.
    if number_format in ("tf32", "fp16", "bf16") and "fp32" in part.peak.vector:
        yield part.peak.vector["fp32"]


def _link(part: Accelerator) -> float:
    """Bandwidth to other devices; 0 where it has no link. [B/s]"""
    return max((link.bandwidth for name, link in part.links.items() if name != HOST_LINK), default=0.0)
