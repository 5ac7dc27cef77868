"""Several ranks in one file: events that were recorded by processes of their own, each of which numbers anew.

Tools that merge the traces of a run put the rank before the process number (``[TP00] 100``), or change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tracer.graph import IndexArray
from tracer.trace import TraceFormatError

from .numbers import PROCESS_SHIFT, Numbered, local_number

__all__ = ["Columns", "keep_ranks_apart"]

#: Raw columns of one kind of event.
Columns = Mapping[str, IndexArray]
_NUMBER_AT_END = re.compile(r"\W*\d+$")
# How far times may be off, by rounding. [ns]
_ROUNDING = 1_000
_ADVICE = "give one file for each rank"


def keep_ranks_apart(
    name: str, calls: Columns, kernels: Columns, host: Columns, tracks: Sequence[str]
) -> tuple[Columns, Columns, Columns, int]:
    """Columns in which each rank has numbers and devices of its own, and how many ranks there are.

    Parameters
    ----------
    name : str
        Of the trace, for messages.
    calls, kernels, host : mapping
        Raw columns; tracks are their ``thread`` and ``track``.
    tracks : sequence of str
        ``process/thread`` of each track; empty where the reader knows processes by itself.

    Raises
    ------
    TraceFormatError
        Processes use the same correlations, and nothing says which device events are whose.
    """
    if not len(tracks) or not len(kernels["start"]) or not len(host["start"]):
        return calls, kernels, host, 1
    process = [track.rpartition("/")[0] for track in tracks]
    labels = sorted({_NUMBER_AT_END.sub("", text) for text in process})
    label = np.array([labels.index(_NUMBER_AT_END.sub("", text)) for text in process], dtype=np.int64)
    used = np.unique(label[kernels["track"]])
    if len(used) > 1 and np.array_equal(used, np.unique(label[host["thread"]])):
        rank = np.searchsorted(used, label)
        return *_numbered_apart(calls, kernels, host, rank), len(used)
    numbers = {text: number for number, text in enumerate(sorted(set(process)))}
    _refuse_shared(name, calls, kernels, host, np.array([numbers[text] for text in process], dtype=np.int64))
    return calls, kernels, host, 1


def _numbered_apart(
    calls: Columns, kernels: Columns, host: Columns, rank: IndexArray
) -> tuple[Columns, Columns, Columns]:
    pairs = rank[kernels["track"]] * (int(kernels["device"].max()) + 1) + kernels["device"]
    _, device = np.unique(pairs, return_inverse=True)
    return (
        _in_rank(calls, rank[calls["thread"]]),
        {**_in_rank(kernels, rank[kernels["track"]]), "device": device},
        _in_rank(host, rank[host["thread"]]),
    )


def _in_rank(columns: Columns, rank: IndexArray) -> Columns:
    """Columns whose numbers are those of a rank."""
    changed = {
        name: np.where(columns[name] < 0, columns[name], columns[name] | (rank << PROCESS_SHIFT))
        for name in ("correlation", "external")
        if name in columns
    }
    return {**columns, **changed}


def _refuse_shared(name: str, calls: Columns, kernels: Columns, host: Columns, process: IndexArray) -> None:
    """Refuse device events whose correlation several processes used, or one process under crossing calls."""
    numbered = Numbered(kernels["correlation"], kernels["start"])
    wanted = (numbered.count(host["correlation"]) > 1) & (local_number(host["correlation"]) > 0)
    rows = np.flatnonzero(wanted)
    order = rows[np.lexsort((host["start"][rows], host["correlation"][rows]))]
    correlation, of = host["correlation"][order], process[host["thread"][order]]
    again = np.flatnonzero(correlation[1:] == correlation[:-1]) + 1
    if not len(again):
        return
    if (of[again] != of[again - 1]).any():
        count = len(np.unique(of))
        raise TraceFormatError(f"{name}: holds {count} ranks with the same correlation ids; {_ADVICE}")
    split = np.isin(kernels["correlation"], correlation[again]) & _on_two_devices(kernels)
    if 10 * _crossing(calls) > len(calls["start"]) or 10 * np.count_nonzero(split) > len(split):
        raise TraceFormatError(f"{name}: holds several ranks under one process number; {_ADVICE}")


def _on_two_devices(kernels: Columns) -> NDArray[np.bool_]:
    """Whether the correlation of each kernel is that of kernels on another device, too."""
    _, at = np.unique(kernels["correlation"], return_inverse=True)
    first, last = np.full(at.max() + 1, np.iinfo(np.int64).max), np.full(at.max() + 1, -1)
    np.minimum.at(first, at, kernels["device"])
    np.maximum.at(last, at, kernels["device"])
    found: NDArray[np.bool_] = (first < last)[at]
    return found


def _crossing(calls: Columns) -> int:
    """How many operator calls begin within another of their thread and end after it, as those of one never do."""
    order = np.lexsort((-calls["duration"], calls["start"], calls["thread"]))
    thread, start = calls["thread"][order], calls["start"][order]
    end = start + calls["duration"][order]
    inside = (thread[1:] == thread[:-1]) & (start[1:] < end[:-1] - _ROUNDING)
    return int(np.count_nonzero(inside & (end[1:] > end[:-1] + _ROUNDING)))
