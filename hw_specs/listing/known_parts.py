"""What the numbers of known parts are like, and which numbers of a part are like none of them.

Ranges of the catalogue are kept in ``known_parts.yaml``, because reading every part to look at one takes longer than
a prediction; a test holds the file to the catalogue, and ``python -m hw_specs.listing.known_parts`` writes it anew.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from hw_specs.catalogue import load_file
from hw_specs.listing.names import accelerator_files
from hw_specs.output import write_text
from hw_specs.overrides import changeable_paths, present_numbers
from hw_specs.reading.yaml_loader import read_yaml
from hw_specs.schema import Accelerator
from hw_specs.units.strings import format_quantity

__all__ = ["BEYOND", "known_ranges", "ranges_of", "slip_warnings", "slips", "unlike_any"]

#: How many times below the least, or above the most, of any known part a number is taken for a slip.
BEYOND = 1e3
#: Fields that known parts agree on so far that less than :data:`BEYOND` tells a slip: from this margin on.
_NARROW = 30.0
#: Least factor that a ratio may be beyond known ones: designs of the future are no slips.
_LEAST_MARGIN = 10.0
_FILE = Path(__file__).with_suffix(".yaml")
_Ranges = dict[str, tuple[float, float]]


@functools.cache
def known_ranges() -> _Ranges:
    """(least, most) of all known parts by field, in SI units, and of ratios between fields."""
    return {name: (float(low), float(high)) for name, (low, high) in read_yaml(_FILE).items()}


def ranges_of(parts: Iterable[Accelerator]) -> _Ranges:
    """(least, most) by field and ratio of some parts."""
    found: _Ranges = {}
    for part in parts:
        numbers = [(_field(path), value) for path, value in present_numbers(part).items()]
        for name, value in (*numbers, *((name, value) for _, name, value in _ratios(part))):
            low, high = found.get(name, (value, value))
            found[name] = (min(low, value), max(high, value))
    return dict(sorted(found.items()))


def unlike_any(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    """(path, what is wrong) of numbers a thousand times beyond those of any known part.

    A number may be within them and yet be a thousand times off for the part that it stands in: rates are held against
    one another too, as far as known parts are alike in that.
    """
    units, known = changeable_paths(accelerator), known_ranges()
    for path, value in present_numbers(accelerator).items():
        low, high = known.get(_field(path), (value, value))
        margin = _margin(low, high) if _margin(low, high) >= _NARROW else BEYOND
        if not low / margin <= value <= high * margin:
            unit = units[path]
            shown = [format_quantity(number, unit) if unit else f"{number:g}" for number in (value, low, high)]
            yield path, f"is {shown[0]}; known parts have {shown[1]} to {shown[2]}"
    yield from _off_by_a_thousand(accelerator)


def _off_by_a_thousand(accelerator: Accelerator) -> Iterator[tuple[str, str]]:
    """Rates that are out of all proportion to the bandwidth of DRAM, or that one where most rates are."""
    known = known_ranges()
    peaks = list(_peaks_over_dram(accelerator))
    wrong = [ratio for ratio in peaks if _is_off(ratio, known)]
    if 2 * len(wrong) >= len(peaks) and wrong:
        _, name, value = max(wrong, key=lambda ratio: ratio[2])
        yield "memory.dram.bandwidth", _said_of_ratio(name, value, known)
        return  # The others are held against it.
    for path, name, value in (*wrong, *(ratio for ratio in _others_over_dram(accelerator) if _is_off(ratio, known))):
        yield path, _said_of_ratio(name, value, known)


def _margin(low: float, high: float) -> float:
    """Factor below the least and above the most that whatever is like a known part but for a factor of 1000 exceeds."""
    return 0.9 * BEYOND * low / high


def _is_off(ratio: tuple[str, str, float], known: _Ranges) -> bool:
    _, name, value = ratio
    low, high = known.get(name, (value, value))
    margin = max(_LEAST_MARGIN, _margin(low, high))
    return not low / margin <= value <= high * margin


def _said_of_ratio(name: str, value: float, known: _Ranges) -> str:
    low, high = known[name]
    return f"gives {name} = {value:.3g}; known parts have {low:.3g} to {high:.3g}: a factor of 1000 off?"


def slips(accelerator: Accelerator) -> tuple[str, ...]:
    """One line for each number that is a slip of the pen, or of a part that no physics allows."""
    power = accelerator.power
    idle = power.idle and power.board and power.idle >= power.board
    above = (("power.idle", "is not below the board power"),) if idle else ()
    return tuple(f"{path} {message}" for path, message in (*unlike_any(accelerator), *above))


def slip_warnings(parts: Iterable[Accelerator]) -> tuple[str, ...]:
    """Lines of :func:`slips` of some parts, each with the name of its part."""
    return tuple(f"warning: {part.name}: {line}" for part in parts for line in slips(part))


def _field(path: str) -> str:
    """Path without the number format or the name of a link."""
    group, _, rest = path.partition(".")
    if group == "peak":
        return f"peak.{rest.partition('.')[0]}"
    return f"links.{rest.rpartition('.')[2]}" if group == "links" else path


def _ratios(part: Accelerator) -> Iterator[tuple[str, str, float]]:
    """(path that is named, name, value) of rates against one another."""
    yield from _peaks_over_dram(part)
    yield from _others_over_dram(part)


def _peaks_over_dram(part: Accelerator) -> Iterator[tuple[str, str, float]]:
    """As :func:`_ratios`, of every number format: engines and formats differ by more than parts do."""
    dram = part.memory.dram.bandwidth or math.nan
    for group in ("matrix", "vector", "special"):
        for name, rate in getattr(part.peak, group).items():
            yield f"peak.{group}.{name}", f"peak.{group}.{name} over bandwidth of DRAM", rate / dram


def _others_over_dram(part: Accelerator) -> Iterator[tuple[str, str, float]]:
    dram = part.memory.dram.bandwidth or math.nan
    for name, level in part.memory.levels():
        if name in ("l2", "llc") and level.bandwidth:
            count = part.cores.count if level.per_core else 1
            yield f"memory.{name}.bandwidth", f"bandwidth of {name} over DRAM", count * level.bandwidth / dram
    for name, link in part.links.items():
        yield f"links.{name}.bandwidth", "bandwidth of DRAM over a link", dram / link.bandwidth


def main() -> None:
    """Write the file anew from the catalogue, with three digits."""
    found = ranges_of(load_file(path) for path in accelerator_files())
    write_text(_FILE, "".join(f"{name}: [{low:.3g}, {high:.3g}]\n" for name, (low, high) in found.items()))


if __name__ == "__main__":
    main()
