"""Values that nobody meant, put anywhere into a tree of lists and mappings."""

from __future__ import annotations

import contextlib
import json
import math
import random
from typing import Any

__all__ = ["NASTY", "changed", "nasty"]

NASTY: list[Any] = [
    *(0, -1, 1, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400, 1e-320, 1e308, -1e308),
    *(math.inf, -math.inf, math.nan, "", "x", "\ud800", "\0", "x" * 5000, "1e999", "-2x", "1e-200x", "nan", "inf B/s"),
    *(None, True, [], {}, [[]], {"a": 1}, [1, 2, 3], "ünï 漢字", "1 nB", "0 Hz", "1e30 B/s", "../../etc/passwd"),
]


def nasty(rng: random.Random) -> Any:
    """One of them, or a deep one."""
    if rng.random() < 0.03:
        deep: Any = 1
        for _ in range(rng.choice([70, 500])):
            deep = [deep]
        return deep
    return rng.choice(NASTY)


def changed(tree: Any, rng: random.Random) -> Any:
    """A tree with some of its values replaced, left out, added or moved."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        places = _places(tree)
        if not places:
            return nasty(rng)
        holder, key = rng.choice(places)
        way = rng.random()
        if way < 0.7:
            holder[key] = nasty(rng)
        elif way < 0.8:
            del holder[key]
        elif way < 0.9 and isinstance(holder, dict):
            holder[str(rng.choice(NASTY))[:50]] = nasty(rng)
        else:
            other, there = rng.choice(places)
            with contextlib.suppress(LookupError, TypeError):
                holder[key] = json.loads(json.dumps(other[there]))
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value below a tree."""
    found, waiting = [], [tree]
    while waiting and len(found) < 20_000:
        here = waiting.pop()
        items = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for key, value in items:
            found.append((here, key))
            waiting.append(value)
    return found
