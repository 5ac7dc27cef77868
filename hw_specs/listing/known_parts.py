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

__all__ = ["BEYOND", "known_ranges", "ranges_of", "slips", "unlike_any"]

#: How many times below the least, or above the most, of any known part a number is taken for a slip.
BEYOND = 1e3
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
        if not low / BEYOND <= value <= high * BEYOND:
            unit = units[path]
            shown = [format_quantity(number, unit) if unit else f"{number:g}" for number in (value, low, high)]
            yield path, f"is {shown[0]}; known parts have {shown[1]} to {shown[2]}"
    for path, name, value in _ratios(accelerator):
        low, high = known.get(name, (value, value))
        margin = max(2.0, 0.9 * BEYOND * low / high)
        if not low / margin <= value <= high * margin:
            yield path, f"gives {name} = {value:.3g}; known parts have {low:.3g} to {high:.3g}: a factor of 1000 off?"
            if path == "memory.dram.bandwidth":
                return  # The others are held against it.


def slips(accelerator: Accelerator) -> tuple[str, ...]:
    """One line for each number that is a slip of the pen, or of a part that no physics allows."""
    power = accelerator.power
    idle = power.idle and power.board and power.idle >= power.board
    above = (("power.idle", "is not below the board power"),) if idle else ()
    return tuple(f"{path} {message}" for path, message in (*unlike_any(accelerator), *above))


def _field(path: str) -> str:
    """Path without the number format or the name of a link."""
    group, _, rest = path.partition(".")
    if group == "peak":
        return f"peak.{rest.partition('.')[0]}"
    return f"links.{rest.rpartition('.')[2]}" if group == "links" else path


def _ratios(part: Accelerator) -> Iterator[tuple[str, str, float]]:
    """(path that is named, name, value) of rates against one another."""
    dram = part.memory.dram.bandwidth or math.nan
    peak = max((*part.peak.matrix.values(), *part.peak.vector.values()))
    yield "memory.dram.bandwidth", "peak over bandwidth of DRAM in FLOP per byte", peak / dram
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
