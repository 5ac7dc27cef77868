"""Processes of one report, as the ranks that a launcher starts: numbers, devices and streams of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

__all__ = ["Processes", "devices_of_ranks"]

# Streams of a process, which are numbered from 0 on or nearly so.
_STREAM_BITS = 32
_Pair = tuple[int, int]


class Processes:
    """Numbers of processes in the order in which they are met, and what is theirs."""

    def __init__(self, devices: Mapping[_Pair, int]) -> None:
        """Of devices by (process, number of a device in it), where the two numbers differ."""
        self._devices = dict(devices)
        self._numbers: dict[int, int] = {}
        self._owners: dict[int, int] = {}

    def number(self, process: int) -> int:
        """Number of a process, in which correlations count anew."""
        return self._numbers.setdefault(process, len(self._numbers))

    def device(self, process: int, device: int) -> int:
        """Device that a process calls by a number of its own."""
        found = self._devices.get((process, device), device)
        self._owners.setdefault(found, process)
        return found

    @staticmethod
    def stream(number: int, stream: int) -> int:
        """Number of a stream, of which each process has its own."""
        return stream | (number << _STREAM_BITS)

    def owners(self) -> Mapping[int, int]:
        """Device -> process that used it first; empty where one process used all."""
        return self._owners if len(set(self._owners.values())) > 1 else {}


def devices_of_ranks(pairs: Iterable[_Pair]) -> Mapping[_Pair, int]:
    """Devices of their own for processes that send messages to one another and call their devices by the same numbers.

    So it is where each sees a single device (``CUDA_VISIBLE_DEVICES``). Ranks of NCCL never share one ("Duplicate GPU
    detected", nccl src/init.cc).

    Parameters
    ----------
    pairs : iterable of (int, int)
        (process, number of a device in it) of kernels that move messages.
    """
    found = sorted(set(pairs))
    named = Counter(device for _, device in found)
    return {pair: number for number, pair in enumerate(found)} if max(named.values(), default=0) > 1 else {}
