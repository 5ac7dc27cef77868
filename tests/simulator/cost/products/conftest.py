"""Products, and their cost with a tile library of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hw_specs import CalibrationPool
from hw_specs.catalogue import load_file
from hw_specs.listing.names import accelerator_files
from hw_specs.tiles import TileLibrary
from simulator.cost import HardwareColumns, hardware_columns
from simulator.cost.families.family import parameters_of
from simulator.cost.families.matmul import MATMUL
from simulator.cost.products import Problem, ProductCost, ProductParameters, product, product_cost


def make_problem(m: float, n: float, k: float, *, hardware: HardwareColumns, batch: float = 1.0) -> Problem:
    """A product of 16-bit operands that come from the DRAM."""
    column = [np.array([float(x)]) for x in (batch, m, n, k)]
    names = dict(zip(("batch", "m", "n", "k"), column, strict=True))
    return Problem(
        **names,
        itemsize=np.array([2.0]),
        reads=np.array([batch * (m + n) * k * 2.0]),
        writes=np.array([batch * m * n * 2.0]),
        hit_rate=np.zeros((1, len(hardware))),
        peak=hardware.rates("matrix", ["bf16"]),
    )


@pytest.fixture
def problem() -> Callable[..., Problem]:
    """Makes products."""
    return make_problem


# One choice alone: tiles of 128 x 64, four blocks to an output tile or one, steps of 64 B, at most four blocks a core.
_TILE = (128, 64)
_VALUES = {
    "rate": 0.8,
    "feed": 40.0,
    "alone": 0.75,
    "accesses": 2.0,
    "store": 1.5,
    "dram": 0.9,
    "l2": 0.6,
    "overlap": 2.0,
    "split": 1e-6,
    "floor": 2e-6,
}


@pytest.fixture
def library() -> Callable[..., TileLibrary]:
    """Makes tile libraries."""
    return make_library


def make_library(*tiles: tuple[int, int], splits: tuple[int, ...] = (1,), **changes: Any) -> TileLibrary:
    """A library of one tile, unless it says others."""
    values = {"step": "64 B", "resident": 4, "shared": 0.5, "staged": 0.75, "sources": ["made up"], **changes}
    return TileLibrary(name="test", tiles=tiles or (_TILE,), splits=splits, **values)


@pytest.fixture
def cost(hardware: Callable[..., HardwareColumns], monkeypatch: pytest.MonkeyPatch) -> Callable[..., SimpleNamespace]:
    """Cost of a product with a library of its own, on 100 cores of 1 GHz, 100 TFLOP/s, 4 TB/s of L2, 1 TB/s of DRAM."""

    def build(
        m: float,
        n: float,
        k: float,
        *,
        batch: float = 1.0,
        library: TileLibrary | None = None,
        part: dict[str, Any] | None = None,
        problem: dict[str, Any] | None = None,
        **parameters: float,
    ) -> SimpleNamespace:
        chosen = library or make_library()
        monkeypatch.setattr(product, "library_groups", lambda role, traits: [(chosen, np.arange(len(traits)))])
        values = {f"matmul.{name}": value for name, value in {**_VALUES, **parameters}.items()}
        own = replace(hardware(), **(part or {})).with_parameters(values)
        column = replace(make_problem(m, n, k, hardware=own, batch=batch), **(problem or {}))
        found = product_cost(column, own, parameters_of(own, MATMUL), role="matrix")
        return SimpleNamespace(**{name: getattr(found, name)[0, 0] for name in ProductCost.__dataclass_fields__})

    return build


def drawn_problems(count: int, hardware: HardwareColumns, rng: np.random.Generator) -> Problem:
    """Products from single vectors to thousands on each side, cold and cached, with rows of any width."""
    batch = np.where(rng.random(count) < 0.5, 1.0, np.round(10 ** rng.uniform(0, 3, count)))
    m, n, k = np.round(10 ** rng.uniform(0, 4.3, (3, count)))
    itemsize = rng.choice([1.0, 2.0, 4.0], count)
    pairs = (count, len(hardware))
    return Problem(
        batch=batch,
        m=m,
        n=n,
        k=k,
        itemsize=itemsize,
        reads=batch * (m + n) * k * itemsize,
        writes=batch * m * n * itemsize,
        hit_rate=rng.choice([0.0, 0.5, 1.0], pairs),
        peak=10 ** rng.uniform(12, 15.5, pairs),
        access=rng.choice([2.0, 4.0, 16.0], count),
    )


def drawn_parameters(count: int, rng: np.random.Generator) -> ProductParameters:
    """Anything within the physical ranges."""
    return ProductParameters(
        **{name: rng.uniform(d.lower, d.upper, count) for name, d in ProductParameters.declarations().items()}
    )


def drawn_hardware(rng: np.random.Generator) -> HardwareColumns:
    """All of the catalogue, each with another number of cores, clock, cache and memory."""
    parts = [load_file(path) for path in accelerator_files()]
    catalogue = hardware_columns(parts, CalibrationPool.empty())
    drawn = {
        name: getattr(catalogue, name) * rng.uniform(0.5, 2.0, len(parts))
        for name in ("cores", "clock", "operand_rate", "core_memory", "dram_achievable_read")
    }
    return replace(catalogue, **drawn)


@pytest.fixture
def drawn_products() -> Callable[..., tuple[Problem, HardwareColumns, ProductParameters]]:
    """Draws products, accelerators and parameters."""

    def draw(count: int, *, seed: int) -> tuple[Problem, HardwareColumns, ProductParameters]:
        rng = np.random.default_rng(seed)
        hardware = drawn_hardware(rng)
        return drawn_problems(count, hardware, rng), hardware, drawn_parameters(len(hardware), rng)

    return draw
