from dataclasses import fields, replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from hw_specs.catalogue import accelerator_files, load_file
from hw_specs.tiles import list_tile_libraries, load_tile_library
from simulator.cost import HardwareColumns, hardware_columns
from simulator.cost.power_limit import Allowance
from simulator.cost.products import Problem, ProductParameters, choice
from simulator.cost.products.choice import fastest
from simulator.cost.products.product import open_choices, splittable
from simulator.cost.products.terms import Space, least_on_chip, product_terms


def _drawn_problems(count: int, hardware: HardwareColumns, rng: np.random.Generator) -> Problem:
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


def _drawn_parameters(count: int, rng: np.random.Generator) -> ProductParameters:
    """Anything within the physical ranges."""
    return ProductParameters(
        **{name: rng.uniform(d.lower, d.upper, count) for name, d in ProductParameters.declarations().items()}
    )


def _drawn_hardware(rng: np.random.Generator) -> HardwareColumns:
    """All of the catalogue, each with another number of cores, clock, cache and memory."""
    parts = [load_file(path) for path in accelerator_files()]
    catalogue = hardware_columns(parts, CalibrationPool.empty())
    drawn = {
        name: getattr(catalogue, name) * rng.uniform(0.5, 2.0, len(parts))
        for name in ("cores", "clock", "cache_rate", "core_memory", "dram_achievable_read")
    }
    return replace(catalogue, **drawn)


@pytest.mark.parametrize("name", list_tile_libraries())
def test_no_choice_that_could_win_is_left_out(name):
    rng = np.random.default_rng(len(name))
    library, hardware = load_tile_library(name), _drawn_hardware(rng)
    problem = _drawn_problems(25, hardware, rng)
    space = Space.build(problem, hardware, _drawn_parameters(len(hardware), rng), library)
    open_to, splits = open_choices(problem, library), splittable(problem, hardware, library)
    found = product_terms(space.chosen(fastest(space, open_to, splits))).time
    allowed = open_to[:, None, :] & (splits[:, :, None] | (space.tiles[2] == 1))
    plain = np.where(allowed, product_terms(space.every()).time, np.inf).min(axis=-1)
    assert found == pytest.approx(plain, rel=1e-12)


def _drawn_allowance(space: Space, rng: np.random.Generator) -> Allowance:
    """Limits at which about half of the products are held, alone for ever or fifty times in a row."""
    drawn = {name: rng.uniform(*bounds, space.peak.shape) for name, bounds in _POWERS.items()}
    rest = dict.fromkeys(("run_time", "run_clocked", "run_work"), np.zeros(space.peak.shape))
    least = product_terms(space.every()).time.min(axis=-1)
    energy = 10 ** rng.uniform(0.5, 2.7, space.peak.shape) * least
    return Allowance(**drawn, **rest, energy=energy, repeats=rng.choice([50.0, np.inf], space.peak.shape))


_POWERS = {"running": (0.0, 100.0), "spare": (100.0, 200.0), "beside": (0.0, 1e-4)}


@pytest.mark.parametrize("name", ["warpgroup", "convolution", "vector"])
def test_the_choice_is_the_fastest_within_the_power_limit(name):
    rng = np.random.default_rng(len(name))
    library, hardware = load_tile_library(name), _drawn_hardware(rng)
    problem = _drawn_problems(15, hardware, rng)
    space = Space.build(problem, hardware, _drawn_parameters(len(hardware), rng), library)
    open_to, splits = open_choices(problem, library), splittable(problem, hardware, library)
    limit = _drawn_allowance(space, rng)
    terms = product_terms(space.every())
    columns = {field.name: getattr(limit, field.name)[..., None] for field in fields(limit)}
    every = Allowance(**{name: np.broadcast_to(values, terms.time.shape) for name, values in columns.items()})
    allowed = open_to[:, None, :] & (splits[:, :, None] | (space.tiles[2] == 1))
    limited = np.where(allowed, every.times(*np.broadcast_arrays(terms.time, terms.arithmetic)), np.inf)
    free, held = (
        np.take_along_axis(limited, fastest(space, open_to, splits, by)[..., None], axis=-1)[..., 0]
        for by in (None, limit)
    )
    assert held == pytest.approx(limited.min(axis=-1), rel=1e-6)
    assert (free > (1 + 1e-5) * held).any()


def test_bounds_are_below_the_time_and_close_to_it():
    rng = np.random.default_rng(1)
    hardware = hardware_columns([load_accelerator("h100")], CalibrationPool.empty())
    problem = replace(_drawn_problems(50, hardware, rng), hit_rate=np.ones((50, 1)))
    parameters = ProductParameters.usual(1)
    space = Space.build(problem, hardware, parameters, load_tile_library("warpgroup"))
    bound, time = least_on_chip(space.every()), product_terms(space.every()).time - parameters.floor
    assert (bound <= time * (1 + 1e-12)).all()
    assert np.quantile(bound / time, 0.1) > 0.8


def test_chunks_of_kernels_and_accelerators_do_not_change_the_choice(monkeypatch):
    rng = np.random.default_rng(2)
    hardware = _drawn_hardware(rng)
    problem, library = _drawn_problems(7, hardware, rng), load_tile_library("convolution")
    space = Space.build(problem, hardware, ProductParameters.usual(len(hardware)), library)
    masks = open_choices(problem, library), splittable(problem, hardware, library)
    whole = fastest(space, *masks)
    for size in (1, 100, 1000):
        monkeypatch.setattr(choice, "_CHUNK", size)
        assert (fastest(space, *masks) == whole).all()


def test_few_choices_are_computed_to_their_end(monkeypatch):
    rng = np.random.default_rng(3)
    hardware = hardware_columns([load_accelerator("h100")], CalibrationPool.shipped())
    problem, library = _drawn_problems(200, hardware, rng), load_tile_library("warpgroup")
    space = Space.build(problem, hardware, ProductParameters.usual(1), library)
    computed = []
    monkeypatch.setattr(
        choice, "product_terms", lambda choices: computed.append(choices.peak.size) or product_terms(choices)
    )
    fastest(space, open_choices(problem, library), splittable(problem, hardware, library))
    assert sum(computed) < 200 * 20
