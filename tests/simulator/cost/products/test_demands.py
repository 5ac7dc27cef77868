import numpy as np

from hw_specs.tiles import load_tile_library
from simulator.cost.products.demands import demands
from simulator.cost.products.terms import library_numbers


def test_what_a_choice_takes_by_hand():
    library = load_tile_library("warp")
    numbers = library_numbers(library)
    # One product of 300 x 200 x 1024 in 16 bits, whose outputs take 2 bytes, on tiles of 128 x 64, halved.
    kernels, tiles = (
        np.array([[1.0], [300.0], [200.0], [1024.0], [2.0], [16.0], [2.0]]),
        np.array([[128.0], [64.0], [2.0]]),
    )
    taken = demands(kernels, tiles, numbers)[:, 0]
    steps = np.ceil(2048.0 / 2.0 / numbers.step)
    fetched = steps * numbers.step * 192.0
    assert taken[0] == 3 * 4 * 2  # blocks
    assert taken[1] == 4  # accumulators of 128 x 64 fill a core of 256 x 128
    assert taken[2] == steps * numbers.step / 2.0 * 2.0 * 128 * 64
    assert taken[3] == steps * numbers.step / 2.0 * 2.0 * 192
    assert taken[4] == numbers.staged * fetched / 16.0
    assert taken[5] == 0.0  # whole vectors need no placing
    assert taken[6] == fetched
    assert taken[7] == 24 * 128 * 64 * 2.0
    assert taken[8] == 24 * numbers.shared * fetched
    assert taken[9] == 2 * 300 * 200 * 8.0
    assert taken[10] == 3 * numbers.step * 192
