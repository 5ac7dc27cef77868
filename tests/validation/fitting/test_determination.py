import numpy as np
import pytest

from validation.fitting.determination import LEAST_EFFECT, undetermined

_ALL = np.arange(2)


def test_an_unknown_that_changes_nothing_is_given_up():
    effects = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, LEAST_EFFECT], [0.0, 0.0]])
    # Over four rows of weight one the second changes them by half the least effect.
    assert undetermined(effects, np.full(2, 2.0), _ALL).tolist() == [1]
    assert undetermined(effects, np.full(2, 1.0), _ALL).tolist() == []


def test_of_two_that_do_the_same_one_is_left():
    effects = np.array([[1.0, 0.9], [1.0, 0.9]])
    assert len(undetermined(effects, np.ones(2), _ALL)) == 1


@pytest.mark.parametrize(("angle", "given_up"), [(1e-4, 1), (1e-2, 0)])
def test_what_others_make_up_for_does_not_count(angle, given_up):
    # Columns of length one at a small angle: the part of one that the other cannot bring about is its sine.
    effects = np.array([[1.0, np.cos(angle)], [0.0, np.sin(angle)]])
    assert len(undetermined(effects, np.ones(2), _ALL)) == given_up


def test_only_candidates_are_given_up():
    effects = np.array([[1.0, 1.0], [0.0, 0.0]])
    assert undetermined(effects, np.ones(2), np.array([0])).tolist() == [0]
    assert undetermined(np.zeros((0, 2)), np.ones(2), _ALL).tolist() == [0, 1]
