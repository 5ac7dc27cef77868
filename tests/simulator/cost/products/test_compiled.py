import numpy as np
import pytest

from hw_specs.tiles import list_tile_libraries, load_tile_library
from simulator.cost.products import choice
from simulator.cost.products.product import open_choices, splittable
from simulator.cost.products.terms import Space, product_terms

pytest.importorskip("numba")

from simulator.cost.products.compiled import searched


@pytest.mark.parametrize("name", list_tile_libraries())
def test_compiled_code_finds_choices_as_fast_as_numpy_does(name, drawn_products):
    library = load_tile_library(name)
    problem, hardware, parameters = drawn_products(20, seed=len(name) + 100)
    space = Space.build(problem, hardware, parameters, library)
    masks = open_choices(problem, library), splittable(problem, hardware, library)
    compiled, plain = (product_terms(space.chosen(found(space, *masks))).time for found in (searched, choice._searched))
    assert compiled == pytest.approx(plain, rel=1e-12)


def test_studies_use_it_and_single_accelerators_do_not(drawn_products, monkeypatch):
    library = load_tile_library("warp")
    used = []
    monkeypatch.setattr(choice, "_compiled", lambda: lambda *args: used.append(args) or searched(*args))
    problem, hardware, parameters = drawn_products(3, seed=1)
    for few in (np.arange(1), np.arange(80)):
        part = hardware.select(few)
        space = Space.build(problem.accelerators(few), part, parameters.select(few), library)
        choice.fastest(space, open_choices(problem, library), splittable(problem, part, library))
    assert [args[0].peak.shape[1] for args in used] == [80]
