from dataclasses import replace

import numpy as np

from simulator.cost.products import WIDEST_ACCESS, Problem


def _problem() -> Problem:
    column = np.arange(1.0, 4.0)
    names = ("batch", "m", "n", "k", "itemsize", "reads", "writes")
    pairs = np.arange(6.0).reshape(3, 2)
    return Problem(**dict.fromkeys(names, column), hit_rate=pairs, peak=10.0 * pairs)


def test_rows_are_of_all_columns():
    some = replace(_problem(), access=np.array([2.0, 4.0, 8.0])).rows(np.array([2, 0]))
    assert some.m.tolist() == some.reads.tolist() == [3, 1]
    assert some.peak.tolist() == [[40, 50], [0, 10]]
    assert some.widths().tolist() == [8, 2]


def test_accelerators_are_of_columns_that_have_them():
    some = _problem().accelerators(np.array([1]))
    assert some.peak.tolist() == [[10], [30], [50]]
    assert some.hit_rate.tolist() == [[1], [3], [5]]
    assert some.m.tolist() == [1, 2, 3]


def test_accesses_are_of_full_width_unless_it_says_otherwise():
    assert _problem().widths().tolist() == 3 * [WIDEST_ACCESS]


def test_rates_of_gathering_are_of_accelerators():
    problem = replace(_problem(), gathered=np.array([20.0, 84.0]))
    assert problem.rows(np.array([0])).gathered.tolist() == [20, 84]
    assert problem.accelerators(np.array([1])).gathered.tolist() == [84]
