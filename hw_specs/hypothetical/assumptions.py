"""What stands behind a part that nobody sells: how it differs from its product, what takes the place of numbers."""

from __future__ import annotations

from collections.abc import Iterator

from hw_specs.listing.traits import assumptions
from hw_specs.overrides import changeable_paths, present_numbers
from hw_specs.schema import Accelerator
from hw_specs.units.strings import format_quantity

__all__ = ["assumed_lines", "difference_lines"]

_ABSENT = {
    "memory.dram.latency": "the usual latency of DRAM holds",
    "memory.l2.bandwidth": "bytes per clock of its architecture's cores, or four times DRAM",
    "power.board": "no power limit holds it back, and its energy is not known",
}
"""What predictions do without a number."""


def assumed_lines(accelerator: Accelerator) -> tuple[str, ...]:
    """One line for each thing that is assumed of a part: where it differs from its product, what it does not state."""
    return tuple(
        line for lines in (_differing(accelerator), _missing(accelerator), _traits(accelerator)) for line in lines
    )


def _differing(accelerator: Accelerator) -> Iterator[str]:
    if accelerator.product is not None:
        lines = difference_lines(accelerator, accelerator.product)
        yield f"as {accelerator.product.name} but for: {'; '.join(lines) or 'nothing'}"


def difference_lines(accelerator: Accelerator, other: Accelerator) -> tuple[str, ...]:
    """Numbers in which two parts differ: ``memory.dram.bandwidth 3.35 TB/s -> 6.7 TB/s``."""
    before, after = present_numbers(other), present_numbers(accelerator)
    units = {**changeable_paths(other), **changeable_paths(accelerator)}

    def shown(path: str, value: float | None) -> str:
        return "none" if value is None else format_quantity(value, units[path]) if units[path] else str(value)

    paths = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    return tuple(f"{path} {shown(path, before.get(path))} -> {shown(path, after.get(path))}" for path in paths)


def _missing(accelerator: Accelerator) -> Iterator[str]:
    present = present_numbers(accelerator)
    for path, instead in _ABSENT.items():
        level = ".".join(path.split(".")[:2])
        if path not in present and (not path.startswith("memory.") or f"{level}.capacity" in present):
            yield f"{path} is not stated: {instead}"


def _traits(accelerator: Accelerator) -> Iterator[str]:
    if line := assumptions(accelerator.traits):
        yield line
