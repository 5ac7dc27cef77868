"""A total of kernels is the sum by hand, and does not depend on which accelerators stand beside it."""

from __future__ import annotations

import numpy as np

from simulator.kernels.totals import weighted_total


def test_each_kernel_counts_as_often_as_it_runs():
    values = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    assert weighted_total(np.array([3, 0, 2]), values).tolist() == [11.0, 110.0]


def test_a_column_is_the_same_wherever_it_stands():
    """A product of matrices sums the last columns of a block in another order."""
    rng = np.random.default_rng(3)
    column = rng.random(700)
    counts = rng.integers(1, 60, 700)
    totals = weighted_total(counts, np.repeat(column[:, None], 517, axis=1))
    assert np.unique(totals).size == 1
