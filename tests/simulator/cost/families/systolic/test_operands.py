import numpy as np
import pytest

from simulator.cost.families.systolic.operands import read_again


def _again(*, m, n, k, room, item=2.0):
    cells = {
        "m": m,
        "n": n,
        "depth": k * item,
        "first": m * k * item,
        "second": n * k * item,
    }
    columns = {name: np.array([[float(value)]]) for name, value in cells.items()}
    return read_again(**columns, room=np.array([room]))[0, 0]


def test_an_operand_that_fits_is_read_once():
    assert _again(m=1e6, n=1024, k=1024, room=2 * 1024 * 1024) == 0.0


def test_a_panel_that_fits_decides_how_often_the_other_operand_comes():
    # Room for 1 MB: panels of 1e6 / 8192 = 122 rows of 4096 elements; 1220 rows are ten, and the other comes nine times
    # more.
    assert _again(m=1220, n=100_000, k=4096, room=122 * 8192.0) == pytest.approx(9 * 100_000 * 8192)


def test_more_room_never_moves_more():
    sizes = [_again(m=5000, n=7000, k=4096, room=room) for room in np.geomspace(1e5, 1e9, 60)]
    assert (np.diff(sizes) <= 0).all()
    assert sizes[-1] == 0.0


def test_unknown_room_holds_everything():
    assert _again(m=1e6, n=1e6, k=1e4, room=np.inf) == 0.0
