import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_specs import load_architecture
from hw_specs.tiles import Rule, TileLibrary, list_tile_libraries, load_tile_library
from simulator.cost.products.tiles import candidates, library_groups, offered, wave_time


@pytest.mark.parametrize("name", list_tile_libraries())
def test_every_library_has_tiles(name):
    library = load_tile_library(name)
    rows, columns, splits = candidates(library)
    assert len(rows) == len({*library.tiles, *library.small}) * len(library.splits)
    assert rows.min() > 0
    assert columns.min() > 0
    assert splits.min() == 1


def test_architectures_share_libraries():
    found = library_groups("matrix", [load_architecture(name) for name in ("ampere", "hopper", "ada")])
    groups = {library.name: columns.tolist() for library, columns in found}
    assert groups == {"warp": [0, 2], "warpgroup": [1]}


def test_rounds_by_hand():
    def waves(blocks, resident, lone=1.0):
        busy, count = wave_time(
            np.array([blocks]), cores=np.array([100.0]), resident=np.array([resident]), lone=np.array([lone])
        )
        return busy[0], count[0]

    assert waves(100.0, 1.0) == (1.0, 1.0)
    assert waves(101.0, 1.0) == (2.0, 2.0)
    # 250 blocks are 3 a core: with two abreast the last one is alone, and lasts as two; with four all run at once.
    assert waves(250.0, 2.0, lone=2.0) == (4.0, 2.0)
    assert waves(250.0, 4.0, lone=2.0) == (3.0, 1.0)
    # Five a core in waves of three and two: four abreast would leave one alone.
    assert waves(500.0, 4.0, lone=2.0) == (5.0, 2.0)


@given(
    blocks=st.integers(1, 5000),
    cores=st.integers(1, 300),
    resident=st.integers(1, 8),
    lone=st.floats(0.25, 8.0),
    more=st.tuples(st.integers(0, 300), st.integers(0, 8)),
)
def test_more_cores_and_more_room_never_cost_time(blocks, cores, resident, lone, more):
    def busy(cores, resident):
        columns = {"cores": cores, "resident": resident, "lone": lone}
        return wave_time(np.array([float(blocks)]), **{n: np.array([float(x)]) for n, x in columns.items()})[0][0]

    assert busy(cores + more[0], resident + more[1]) <= busy(cores, resident) * (1 + 1e-12)


@pytest.mark.parametrize("name", ["warp", "warpgroup", "pair"])
def test_batches_of_small_matrices_have_tiles_of_one_warp(name):
    library = load_tile_library(name)
    rows, columns, _ = candidates(library)
    shapes = (np.array([64.0, 65.0, 64.0]), np.full(3, 16.0), np.full(3, 64.0))
    small, large, single = offered(library, *shapes, batch=np.array([9.0, 9.0, 1.0]))
    assert set(zip(rows[small], columns[small], strict=True)) == {(16, 16)}
    assert large.sum() == single.sum() == len(library.tiles) * len(library.splits)


def _chosen(name: str, m: float, n: float, k: float) -> tuple[float, float]:
    library = load_tile_library(name)
    rows, columns, _ = candidates(library)
    open_to = offered(library, *(np.array([x]) for x in (m, n, k)), batch=np.ones(1))[0]
    assert open_to.sum() == 1
    return rows[open_to][0], columns[open_to][0]


@pytest.mark.parametrize(
    ("name", "shape", "tile"),
    [
        ("eight_bit", (1, 512, 4096), (32, 64)),
        ("eight_bit", (300, 5120, 4096), (256, 128)),
        ("eight_bit", (300, 16384, 4096), (128, 128)),
        ("eight_bit_warpgroup", (64, 1280, 4096), (16, 64)),
        ("eight_bit_warpgroup", (64, 1281, 4096), (64, 64)),
        ("eight_bit_warpgroup", (8192, 1024, 6144), (256, 128)),
        ("eight_bit_warpgroup", (8192, 1024, 6143), (128, 128)),
        ("eight_bit_pair", (64, 1024, 4095), (64, 64)),
        ("eight_bit_pair", (64, 1024, 4096), (64, 128)),
        ("eight_bit_pair", (257, 1024, 4096), (256, 128)),
    ],
)
def test_libraries_with_rules_take_one_tile(name, shape, tile):
    assert _chosen(name, *shape) == tile


def test_the_first_rule_that_applies_decides():
    library = TileLibrary(
        name="test",
        tiles=((32, 32), (64, 64), (128, 128)),
        splits=(1, 2),
        step=64.0,
        resident=1,
        rules=(Rule(tile=(32, 32), rows=10), Rule(tile=(64, 64), columns=10), Rule(tile=(128, 128))),
        sources=("test",),
    )
    m, n = np.array([1.0, 11.0, 11.0]), np.array([1.0, 1.0, 11.0])
    open_to = offered(library, m, n, np.ones(3), batch=np.ones(3))
    assert open_to.tolist() == [
        [True] * 2 + [False] * 4,
        [False] * 2 + [True] * 2 + [False] * 2,
        [False] * 4 + [True] * 2,
    ]


def test_without_rules_everything_is_offered():
    assert offered(load_tile_library("vector"), *(np.ones(2),) * 3, batch=np.ones(2)).all()
