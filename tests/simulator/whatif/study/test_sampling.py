"""Points by index: balanced, the same in any chunk, and scattered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.whatif.study.sampling import Grid, LatinHypercube, Sobol


@given(samples=st.integers(1, 3000), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_each_part_of_a_coordinate_holds_one_point(samples, seed):
    points = LatinHypercube(samples=samples, fields=3, seed=seed).points(0, samples)
    assert points.shape == (samples, 3)
    parts = np.sort(np.floor(points * samples).astype(int), axis=0)
    assert (parts == np.arange(samples)[:, None]).all()


def test_coordinates_of_a_hypercube_know_nothing_of_one_another_or_of_the_index():
    points = LatinHypercube(samples=20_000, fields=8, seed=1).points(0, 20_000)
    correlation = np.corrcoef(np.column_stack([np.arange(20_000), points]).T)
    # Of independent columns: a deviation of 1 / sqrt(n), five of them.
    assert np.abs(correlation - np.eye(9)).max() < 5 / np.sqrt(20_000)


@pytest.mark.parametrize(
    "sampler",
    [
        LatinHypercube(samples=10**9, fields=3, seed=7),
        Sobol(fields=3, seed=7),
        Grid(levels=(1000, 10, 1000)),
    ],
    ids=["latin-hypercube", "sobol", "grid"],
)
def test_a_chunk_is_the_same_alone(sampler):
    every = sampler.points(1024, 2048)
    assert (every >= 0).all()
    assert (every < 1).all()
    assert np.array_equal(sampler.points(1500, 1777), every[476:753])


def test_another_seed_is_another_sample():
    first, second = (LatinHypercube(samples=100, fields=2, seed=seed).points(0, 100) for seed in (0, 1))
    assert not np.array_equal(first, second)
    first, second = (Sobol(fields=2, seed=seed).points(0, 64) for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_a_sobol_sequence_is_balanced():
    """Of 64 points, each eighth of a coordinate holds eight."""
    points = Sobol(fields=3, seed=3).points(0, 64)
    assert (np.sort(np.floor(points * 8), axis=0) == np.repeat(np.arange(8), 8)[:, None]).all()


def test_a_grid_goes_through_the_last_field_fastest():
    points = Grid(levels=(2, 3)).points(0, 6)
    assert np.floor(points * [2, 3]).tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert Grid(levels=()).points(0, 1).shape == (1, 0)
