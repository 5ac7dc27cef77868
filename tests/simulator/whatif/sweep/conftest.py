"""A small study for the tests of sweeps: three chunks of a few designs, a lower bound of a small model."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.whatif.study.study import Study, load_study

CONTENT: dict[str, Any] = {
    "title": "small",
    "models": "stable-diffusion",
    "hw": "h100",
    "chunk": 8,
    "sampling": {"method": "latin-hypercube", "samples": 20, "seed": 4},
    "fields": {
        "memory.dram.bandwidth": {"low": "0.5x", "high": "2x", "scale": "log"},
        "cores.count": {"low": 66, "high": 264},
        "attention": ["flash", "naive"],
    },
}


@pytest.fixture
def study() -> Study:
    """20 designs in three chunks."""
    return load_study(CONTENT)
