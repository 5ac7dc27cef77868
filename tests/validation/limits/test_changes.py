"""Changes that can only help."""

from __future__ import annotations

import numpy as np
import pytest

from hw_specs import load_accelerator
from hw_specs.reading.fields import lookup
from validation.limits.changes import drawn_improvements, small_steps

PART = load_accelerator("h100")


def _values(changes, changed):
    """Values of the changed fields before and after."""
    for change in changes:
        path = change.partition("=")[0]
        yield path, *(lookup(part.model_dump(), path) for part in (PART, changed))


def test_every_draw_is_better():
    drawn = list(drawn_improvements(PART, 50, np.random.default_rng(1)))
    assert len(drawn) == 50
    assert {len(changes) for changes, _ in drawn} == {1, 2, 3}
    for changes, changed in drawn:
        for path, before, after in _values(changes, changed):
            assert after < before if path.endswith("latency") else after > before


def test_more_cores_are_no_slower_ones():
    drawn = [part for _, part in drawn_improvements(PART, 200, np.random.default_rng(1))]
    more = [part for part in drawn if part.cores.count > PART.cores.count]
    assert more
    for part in more:
        assert part.peak.matrix["bf16"] / part.cores.count >= PART.peak.matrix["bf16"] / PART.cores.count * (1 - 1e-9)


def test_draws_follow_from_the_seed():
    first, again, other = (
        [changes for changes, _ in drawn_improvements(PART, 5, np.random.default_rng(seed))] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_small_step_is_of_one_quantity():
    for changes, changed in small_steps(PART):
        ((path, before, after),) = _values(changes, changed)
        assert path not in ("cores.count", "cores.max_threads")
        assert after / before == pytest.approx(1 / 1.01 if path.endswith("latency") else 1.01, rel=1e-6)
