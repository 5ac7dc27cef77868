import numpy as np
import pytest

from simulator.cost.tiles import LIBRARIES, library_groups, occupied_rounds


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_library_has_tiles_and_a_source(name):
    library = LIBRARIES[name]
    rows, columns, splits = library.candidates()
    assert len(rows) == len(library.tiles) * len(library.splits)
    assert rows.min() > 0
    assert columns.min() > 0
    assert splits.min() == 1
    assert library.source


def test_architectures_share_libraries():
    found = library_groups("matrix", ("ampere", "hopper", "ada"))
    groups = {library.source: columns.tolist() for library, columns in found}
    assert groups == {LIBRARIES["warp"].source: [0, 2], LIBRARIES["warpgroup"].source: [1]}


def test_rounds_by_hand():
    def rounds(blocks, resident, alone=0.5):
        busy, count = occupied_rounds(
            np.array([blocks]), cores=np.array([100.0]), resident=np.array([resident]), alone=np.array([alone])
        )
        return busy[0], count[0]

    assert rounds(100.0, 1.0) == (1.0, 1.0)
    assert rounds(101.0, 1.0) == (2.0, 2.0)
    # Two side by side: 250 blocks are 3 a core, a full round of two and one block that is alone.
    assert rounds(250.0, 2.0) == (3.0, 2.0)
    # Four side by side with one left: it lasts as half a round.
    assert rounds(500.0, 4.0) == (6.0, 2.0)
