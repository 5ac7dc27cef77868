"""MIOpen's find-DB: one launch of the fastest solver of a convolution, timed from the host."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from hw_specs import Accelerator
from simulator.execution import Execution
from simulator.kernels import Kernel, SearchedConvolution
from simulator.software import load_software
from validation.measured.records import Record, latency_of
from validation.measured.row import Row

from .source import Source

__all__ = ["SOURCE"]

_NAME = "miopen-finddb"

#: Library of the packages whose find-DB it is.
_SOFTWARE = "rocm-5.7"


#: What a kernel's name says where the card was at its idle clock.
_IDLE = " at the idle clock"


@functools.cache
def _idle_times() -> Mapping[str, float]:
    """Longest launches at the idle clock, by device. [s]"""
    path = Path(__file__).parent / "idle_clocks.yaml"
    times: Mapping[str, float] = yaml.safe_load(path.read_text(encoding="utf-8"))[_NAME]
    return times


def _with_clocks(records: Sequence[Record]) -> Sequence[Record]:
    """Records that say where a single launch was too short for the card to leave its idle clock."""
    return [_marked(record) if _is_idle(record) else record for record in records]


def _is_idle(record: Record) -> bool:
    longest = _idle_times().get(record["device"])
    return longest is not None and latency_of(record) < longest


def _marked(record: Record) -> Record:
    return {**record, "kernel": (record.get("kernel") or "") + _IDLE}


def _of_the_library(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    """Execution by the library that wrote the records.

    Raises
    ------
    LookupError
        The card was at its idle clock.
    """
    if row.kernel.endswith(_IDLE):
        raise LookupError("a single launch that was over before the card had left its idle clock")
    return replace(execution, software=load_software(_SOFTWARE))


def _timed(kernel: Kernel) -> Kernel:
    """A kernel that was timed by itself, from the host."""
    return replace(kernel, timed=True) if isinstance(kernel, SearchedConvolution) else kernel


SOURCE = Source(
    name=_NAME,
    citation="github.com/ROCm/MIOpen find-DB: forward convolutions, one launch of the fastest solver (MIT)",
    amended=_with_clocks,
    execution=_of_the_library,
    as_timed=_timed,
    usual_calls=1.0,
    # Fitted with all axes together, unfolded images pull the share of the DRAM to 0.6, and two-dimensional ones of an
    # MI210 are 19 to 20 % off in place of 15 to 17 % with the defaults.
    not_fitted=("aten::conv2d", "aten::conv3d"),
)
