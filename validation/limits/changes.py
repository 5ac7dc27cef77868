"""Changes of an accelerator that can only help: more of anything, and shorter latencies, by drawn factors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hw_specs import Accelerator, SpecError, apply_overrides, changeable_paths
from hw_specs.reading.fields import lookup

__all__ = ["Changed", "drawn_improvements", "small_steps"]

Changed = tuple[tuple[str, ...], Accelerator]
"""Changes as ``--set`` takes them, and the accelerator with them."""

#: Of which more is no help, or which no kernel of one accelerator reads.
_NO_HELP = ("power.idle", "cores.warp_size")
_FACTORS = (1.01, 1.03, 1.1, 1.25, 1.5, 2.0, 3.0, 4.0, 10.0)
_CHANGES_AT_ONCE = (1, 1, 1, 2, 3)


def drawn_improvements(accelerator: Accelerator, count: int, generator: np.random.Generator) -> Iterator[Changed]:
    """So many accelerators with one to three values that are better by drawn factors.

    More cores with a peak that grows by less are slower cores, of which some kernels keep few busy: those are no help.
    """
    paths = _improvable(accelerator)
    made = 0
    while made < count:
        at_once = min(int(generator.choice(_CHANGES_AT_ONCE)), len(paths))
        chosen = generator.choice(len(paths), size=at_once, replace=False).tolist()
        changes = tuple(_change(accelerator, paths[at], float(generator.choice(_FACTORS))) for at in chosen)
        try:
            changed = apply_overrides(accelerator, changes)
        except SpecError:  # two changes of one value, or more than its range
            continue
        if _keeps_cores_fast(accelerator, changed):
            yield changes, changed
            made += 1


def _keeps_cores_fast(accelerator: Accelerator, changed: Accelerator) -> bool:
    """Whether each core of a changed accelerator is as fast as before."""
    more = changed.cores.count / accelerator.cores.count * (1.0 - 1e-9)
    return all(
        getattr(changed.peak, unit)[name] >= more * rate
        for unit in ("matrix", "vector", "special")
        for name, rate in getattr(accelerator.peak, unit).items()
    )


def small_steps(accelerator: Accelerator, factor: float = 1.01) -> Iterator[Changed]:
    """Accelerators with one quantity each a step better; counts, of which the least step is one, are left out."""
    units = changeable_paths(accelerator)
    for path in _improvable(accelerator):
        if units[path]:
            change = _change(accelerator, path, factor)
            yield (change,), apply_overrides(accelerator, [change])


def _improvable(accelerator: Accelerator) -> list[str]:
    tree = accelerator.model_dump()
    return [path for path in changeable_paths(accelerator) if path not in _NO_HELP and lookup(tree, path) is not None]


def _change(accelerator: Accelerator, path: str, factor: float) -> str:
    """Text of a change; a latency is better when it is shorter, and a count grows by one at least."""
    value = float(lookup(accelerator.model_dump(), path))  # type: ignore[arg-type]  # it is a number
    if not changeable_paths(accelerator)[path]:
        return f"{path}={max(round(value * factor), int(value) + 1)}"
    return f"{path}={1 / factor if path.endswith('latency') else factor:.6f}x"
