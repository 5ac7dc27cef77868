"""Collectives over the ranks of a group."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic

import numpy as np

from .kernel import Code, FloatArray, IntArray, Kernel, Number, column
from .table import FamilyTable

__all__ = ["Collective", "CollectiveAlgorithm", "CollectiveColumns", "CollectiveTable"]


class CollectiveAlgorithm(enum.IntEnum):
    """What every rank has in the end."""

    ALL_REDUCE = 0
    ALL_GATHER = 1
    REDUCE_SCATTER = 2
    ALL_TO_ALL = 3
    BROADCAST = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class CollectiveColumns(Generic[Number, Code]):
    """Extents of collectives.

    Attributes
    ----------
    algorithm
        A :class:`CollectiveAlgorithm`.
    message_bytes
        The larger of what a rank has before and after. [B]
    num_ranks
        Ranks that take part. [1]
    span
        Neighbouring devices among which the ranks lie: more than ranks where others lie between; 0 for the ranks
        alone. [1]
    beside
        1 where the kernel after it does not wait for it and runs at the same time. [1]
    direct
        1 where a kernel of each rank may read the memory of the others. [1]
    """

    algorithm: Code
    message_bytes: Number
    num_ranks: Number
    span: Number = column(0.0)
    beside: Number = column(0.0)
    direct: Number = column(0.0)


@dataclass(frozen=True, kw_only=True)
class Collective(CollectiveColumns[float, CollectiveAlgorithm], Kernel):
    """One collective, as one rank sees it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CollectiveTable(CollectiveColumns[FloatArray, IntArray], FamilyTable):
    """Collectives as columns."""

    kernel_type = Collective

    @property
    def memory_bytes(self) -> FloatArray:
        """None: what crosses the links sets the pace. [B]"""
        return np.zeros(len(self))

    @property
    def link_devices(self) -> FloatArray:
        """Devices from the first to the last rank. [1]"""
        devices: FloatArray = np.maximum(self.num_ranks, self.span)
        return devices

    @property
    def link_bytes(self) -> FloatArray:
        """Each rank sends all but its own part of the message once. [B]"""
        ranks = np.maximum(self.num_ranks, 1.0)
        sent: FloatArray = (ranks - 1) / ranks * self.message_bytes
        return sent
