"""Points of a study by their index: any chunk of them can be made alone, on any machine, and is the same there.

A point is a place in the unit cube, one coordinate a field. Latin hypercubes are those of McKay, Beckman and Conover
(Technometrics 21, 1979): of `n` points, each of the `n` equal parts of a coordinate holds one. What is usually a
shuffled list is here a permutation that is computed for each index, a Feistel network whose round keys come from the
seed (Luby and Rackoff, SIAM J. Comput. 17, 1988; for sets that are no power of two: Black and Rogaway, CT-RSA 2002), so
that no list of all points exists anywhere. Sobol sequences are scipy's, scrambled by the seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Grid", "LatinHypercube", "Sampler", "Sobol"]

FloatArray = NDArray[np.float64]
Words = NDArray[np.uint64]

_ROUNDS = 6
# Of Sobol's sequence with scipy's default of 30 bits.
MOST_SOBOL = 2**30


class Sampler(Protocol):
    """Points of the unit cube, in order."""

    def points(self, start: int, stop: int) -> FloatArray:
        """Points of some indices, shape (stop - start, num_fields), each coordinate in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Every combination of some numbers of levels; the last field varies fastest.

    Attributes
    ----------
    levels : tuple of int
        Of each field.
    """

    levels: tuple[int, ...]

    def points(self, start: int, stop: int) -> FloatArray:
        """The middle of the part of each level in turn, so that a coordinate times the levels tells the level."""
        places = np.unravel_index(np.arange(start, stop), self.levels) if self.levels else ()
        columns = [(place + 0.5) / count for place, count in zip(places, self.levels, strict=True)]
        return np.column_stack(columns) if columns else np.zeros((stop - start, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LatinHypercube:
    """Latin hypercube: every coordinate has one point in each of as many equal parts as there are points."""

    samples: int
    fields: int
    seed: int

    def points(self, start: int, stop: int) -> FloatArray:
        """Points of some indices, by permutation and jitter of each coordinate."""
        index = np.arange(start, stop, dtype=np.uint64)
        return np.column_stack([self._coordinate(field, index) for field in range(self.fields)])

    def _coordinate(self, field: int, index: Words) -> FloatArray:
        keys = _keys(self.seed, field, _ROUNDS + 1)
        part = _permuted(index, self.samples, keys[:_ROUNDS])
        within = (_mixed(index ^ keys[_ROUNDS]) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return (part.astype(np.float64) + within) / self.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Sobol:
    """Scrambled Sobol sequence of :mod:`scipy.stats.qmc`."""

    fields: int
    seed: int

    def points(self, start: int, stop: int) -> FloatArray:
        """Points of some indices; the sequence is wound forward to the first."""
        from scipy.stats import qmc

        sequence = qmc.Sobol(self.fields, scramble=True, seed=self.seed)
        if start:
            sequence.fast_forward(start)
        # Whole powers of two at a time, which is what the sequence is balanced for.
        points: FloatArray = sequence.random(2 ** math.ceil(math.log2(max(stop - start, 1))))
        return points[: stop - start]


def _keys(seed: int, field: int, count: int) -> Words:
    """Round keys of one coordinate."""
    start = np.uint64((seed * 0x9E3779B97F4A7C15 + field * 0xD1B54A32D192ED03 + 1) % 2**64)
    return _mixed(start + np.arange(count, dtype=np.uint64) * np.uint64(0xA0761D6478BD642F))


def _mixed(words: Words) -> Words:
    """Each word with all of its bits mixed: the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _permuted(index: Words, size: int, keys: Sequence[np.uint64] | Words) -> Words:
    """Places of some indices in a permutation of ``0 .. size - 1``.

    The network permutes the next even power of two; what falls beyond the size goes through it again until it does not.
    """
    half = max((max(size - 1, 1).bit_length() + 1) // 2, 1)
    places = _through_network(index, half, keys)
    while (beyond := places >= np.uint64(size)).any():
        places[beyond] = _through_network(places[beyond], half, keys)
    return places


def _through_network(words: Words, half: int, keys: Sequence[np.uint64] | Words) -> Words:
    shift, mask = np.uint64(half), np.uint64(2**half - 1)
    left, right = words >> shift, words & mask
    for key in keys:
        left, right = right, left ^ (_mixed(right + key) & mask)
    return (left << shift) | right
