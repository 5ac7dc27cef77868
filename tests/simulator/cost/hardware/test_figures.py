"""Numbers of accelerators gathered, and with some in place of others."""

import numpy as np

from hw_specs import load_accelerator
from simulator.cost.hardware.figures import figures_of


def test_numbers_stand_under_their_paths():
    parts = [load_accelerator(name) for name in ("a100", "p40")]
    figures = figures_of(parts)
    assert len(figures) == 2
    assert figures.numbers["memory.dram.bandwidth"].tolist() == [part.memory.dram.bandwidth for part in parts]
    assert np.isnan(figures.numbers["memory.llc.capacity"]).all()
    assert np.isnan(figures.below("peak.matrix")["fp16"]).tolist() == [False, True]
    assert figures.trait("shortest_kernel").tolist() == [part.traits.shortest_kernel for part in parts]


def test_variants_have_other_numbers_and_all_else_as_it_is():
    part = load_accelerator("a100")
    figures = figures_of([part]).changed({"cores.count": np.array([10.0, 20.0]), "power.board": 100.0}, 2)
    assert figures.numbers["cores.count"].tolist() == [10, 20]
    assert figures.numbers["power.board"].tolist() == [100, 100]
    assert figures.numbers["cores.clock"].tolist() == [part.cores.clock] * 2
    assert figures.product_count.tolist() == [108, 108]
