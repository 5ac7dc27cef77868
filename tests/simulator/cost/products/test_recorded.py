import numpy as np

from hw_specs.tiles import load_tile_library
from simulator.cost.products.product import open_choices, splittable
from simulator.cost.products.recorded import recorded_cost
from simulator.cost.products.terms import Space
from simulator.recording import Recorded, Recording, Ref


def test_alike_products_are_one_call(drawn_products):
    library = load_tile_library("warp")
    problem, hardware, parameters = drawn_products(2, seed=3)
    own = hardware.select(np.array([0]))
    problem = problem.accelerators(np.array([0])).rows(np.array([0, 1, 0]))
    space = Space.build(problem, own, parameters.select(np.array([0])), library)
    recording = Recording()
    dram = np.asarray(space.dram).astype(object)
    dram[:, 0] = recording.step("input", detail="dram")
    machines = {"dram": Recorded.of(dram)}
    space = Space(**{name: machines.get(name, getattr(space, name)) for name in Space.__slots__})
    cost = recorded_cost(space, library, open_choices(problem, library), splittable(problem, own, library))
    assert cost.time[0, 0] is cost.time[2, 0]
    assert cost.time[0, 0] is not cost.time[1, 0]
    assert type(cost.arithmetic[0, 0]) is Ref
    assert [step.name for step in recording.steps].count("call") == 2
