from dataclasses import fields, replace

import numpy as np
import pytest

from hw_specs.tiles import list_tile_libraries, load_tile_library
from simulator.cost.power_limit import Allowance
from simulator.cost.products import ProductParameters, choice
from simulator.cost.products.choice import fastest
from simulator.cost.products.product import open_choices, splittable
from simulator.cost.products.terms import Space, least_on_chip, product_terms


@pytest.mark.parametrize("name", list_tile_libraries())
def test_no_choice_that_could_win_is_left_out(name, drawn_products):
    library = load_tile_library(name)
    problem, hardware, parameters = drawn_products(25, seed=len(name))
    space = Space.build(problem, hardware, parameters, library)
    open_to, splits = open_choices(problem, library), splittable(problem, hardware, library)
    found = product_terms(space.chosen(choice._searched(space, open_to, splits))).time
    allowed = open_to[:, None, :] & (splits[:, :, None] | (space.tiles[2] == 1))
    plain = np.where(allowed, product_terms(space.every()).time, np.inf).min(axis=-1)
    assert found == pytest.approx(plain, rel=1e-12)


def _drawn_allowance(space: Space, rng: np.random.Generator) -> Allowance:
    """Limits at which about half of the products are held, alone for ever or fifty times in a row."""
    drawn = {name: rng.uniform(*bounds, space.peak.shape) for name, bounds in _POWERS.items()}
    rest = dict.fromkeys(("run_time", "run_clocked", "run_work"), np.zeros(space.peak.shape))
    least = product_terms(space.every()).time.min(axis=-1)
    energy = 10 ** rng.uniform(0.5, 2.7, space.peak.shape) * least
    return Allowance(**drawn, **rest, energy=energy, repeated=rng.choice([2500.0, np.inf], space.peak.shape))


_POWERS = {"running": (0.0, 100.0), "spare": (100.0, 200.0), "beside": (0.0, 1e-4)}


@pytest.mark.parametrize("name", ["warpgroup", "convolution", "vector"])
def test_the_choice_is_the_fastest_within_the_power_limit(name, drawn_products):
    library = load_tile_library(name)
    problem, hardware, parameters = drawn_products(15, seed=len(name))
    space = Space.build(problem, hardware, parameters, library)
    open_to, splits = open_choices(problem, library), splittable(problem, hardware, library)
    limit = _drawn_allowance(space, np.random.default_rng(len(name)))
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


def test_bounds_are_below_the_time_and_close_to_it(drawn_products):
    problem, hardware, _ = drawn_products(50, seed=1)
    problem = replace(problem, hit_rate=np.ones((50, len(hardware))))
    parameters = ProductParameters.usual(len(hardware))
    space = Space.build(problem, hardware, parameters, load_tile_library("warpgroup"))
    bound, time = least_on_chip(space.every()), product_terms(space.every()).time - parameters.floor[0]
    assert (bound <= time * (1 + 1e-12)).all()
    assert np.quantile(bound / time, 0.1) > 0.8


def test_chunks_of_kernels_and_accelerators_do_not_change_the_choice(monkeypatch, drawn_products):
    monkeypatch.setattr(choice, "_MANY", np.inf)
    library = load_tile_library("convolution")
    problem, hardware, parameters = drawn_products(7, seed=2)
    space = Space.build(problem, hardware, parameters, library)
    masks = open_choices(problem, library), splittable(problem, hardware, library)
    whole = fastest(space, *masks)
    for size in (1, 100, 1000):
        monkeypatch.setattr(choice, "_CHUNK", size)
        assert (fastest(space, *masks) == whole).all()


def test_few_choices_are_computed_to_their_end(monkeypatch, drawn_products):
    library, one = load_tile_library("warpgroup"), np.arange(1)
    problem, hardware, _ = drawn_products(200, seed=3)
    problem, hardware = problem.accelerators(one), hardware.select(one)
    space = Space.build(problem, hardware, ProductParameters.usual(1), library)
    computed = []
    monkeypatch.setattr(
        choice, "product_terms", lambda choices: computed.append(choices.peak.size) or product_terms(choices)
    )
    fastest(space, open_choices(problem, library), splittable(problem, hardware, library))
    assert sum(computed) < 200 * 20
