import numpy as np
import pytest

from hw_specs import load_architecture
from hw_specs.tiles import Rule, TileLibrary, list_tile_libraries, load_tile_library
from simulator.cost.families.tiles import candidates, library_groups, offered, wave_time


@pytest.mark.parametrize("name", list_tile_libraries())
def test_every_library_has_tiles(name):
    library = load_tile_library(name)
    rows, columns, splits = candidates(library)
    assert len(rows) == len(library.tiles) * len(library.splits)
    assert rows.min() > 0
    assert columns.min() > 0
    assert splits.min() == 1


def test_architectures_share_libraries():
    found = library_groups("matrix", [load_architecture(name) for name in ("ampere", "hopper", "ada")])
    groups = {library.name: columns.tolist() for library, columns in found}
    assert groups == {"warp": [0, 2], "warpgroup": [1]}


def test_rounds_by_hand():
    def waves(blocks, resident, alone=0.5):
        busy, count = wave_time(
            np.array([blocks]), cores=np.array([100.0]), resident=np.array([resident]), alone=np.array([alone])
        )
        return busy[0], count[0]

    assert waves(100.0, 1.0) == (1.0, 1.0)
    assert waves(101.0, 1.0) == (2.0, 2.0)
    # Two side by side: 250 blocks are 3 a core, a full round of two and one block that is alone.
    assert waves(250.0, 2.0) == (3.0, 2.0)
    # Four side by side with one left: it lasts as half a round.
    assert waves(500.0, 4.0) == (6.0, 2.0)


def _chosen(name: str, m: float, n: float, k: float) -> tuple[float, float]:
    library = load_tile_library(name)
    rows, columns, _ = candidates(library)
    open_to = offered(library, *(np.array([x]) for x in (m, n, k)))[0]
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
    open_to = offered(library, m, n, np.ones(3))
    assert open_to.tolist() == [
        [True] * 2 + [False] * 4,
        [False] * 2 + [True] * 2 + [False] * 2,
        [False] * 4 + [True] * 2,
    ]


def test_without_rules_everything_is_offered():
    assert offered(load_tile_library("warp"), *(np.ones(2),) * 3).all()
