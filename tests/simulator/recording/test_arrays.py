import numpy as np
import pytest

from simulator.recording import Recorded, Recording, Ref, UnrecordableError, is_recorded


@pytest.fixture
def column():
    recording = Recording()
    return Recorded.of([recording.step("input", detail="x")])


def _names(array):
    return [step.name for step in next(cell for cell in array.flat if type(cell) is Ref).recording.steps]


def test_shapes_and_places_are_numpy_s(column):
    table = np.array([[2.0], [3.0], [0.0]]) * column
    assert isinstance(table, Recorded)
    assert table.shape == (3, 1)
    assert table[2, 0] == 0.0  # a product with nothing is known
    assert _names(table) == ["input", "multiply", "multiply"]
    assert table[np.array([2, 2])].tolist() == [[0.0], [0.0]]


def test_what_is_all_known_is_an_array_of_numbers(column):
    known = np.where(np.array([True]), np.array([4.0]), column)
    assert not is_recorded(known)
    assert known.dtype == np.float64
    assert known.tolist() == [4.0]
    assert np.isnan(column).tolist() == [False]


def test_zeros_take_what_is_recorded(column):
    zeros = np.zeros_like(column, shape=(2, 1))
    zeros[1] = column
    assert zeros[0, 0] == 0.0
    assert type(zeros[1, 0]) is Ref


def test_extremes_and_sums_go_element_by_element(column):
    stacked = np.stack([column, column + 1.0, np.array([7.0])])
    assert stacked.max(axis=0).shape == (1,)
    assert stacked.sum(axis=0).shape == (1,)
    assert _names(stacked)[1:] == ["add", "maximum", "maximum", "add", "add"]


def test_the_best_can_be_looked_up(column):
    place = np.stack([column, np.array([1.0])]).argmax(axis=0)
    assert type(np.choose(place, np.array([5.0, 6.0]))[0]) is Ref


def test_what_is_no_step_is_refused(column):
    with pytest.raises(UnrecordableError, match=r"numpy.sin is no step"):
        np.sin(column)
    with pytest.raises(UnrecordableError, match=r"numpy.sort is no step"):
        np.sort(column)
    with pytest.raises(UnrecordableError, match="not known yet"):
        bool((column > 1.0).any())
