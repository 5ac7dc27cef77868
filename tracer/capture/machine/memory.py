"""Memory of the device that a capture runs on: how much is free, and one clear line when it is too little."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from tracer.graph import GraphError

__all__ = ["CaptureMemoryError", "bounded_memory", "free_memory"]

_UNKNOWN = 2**63 - 1


class CaptureMemoryError(GraphError, MemoryError):
    """A run does not fit into the memory of its device."""


def free_memory(device: torch.device) -> int:
    """Memory that can still be allocated; a very large number where the system does not say. [B]"""
    if device.type == "cuda":
        # What torch holds without using it is as good as free.
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + int(held)
    return _proc_value(Path("/proc/meminfo"), "MemAvailable")


@contextmanager
def bounded_memory(device: torch.device, what: str) -> Iterator[None]:
    """Turn a failed allocation inside the block into one line that names `what`.

    On a CPU under Linux, the address space is limited to what is free when the block is entered: otherwise the
    system would grant the memory and end the process when it is used.

    Raises
    ------
    CaptureMemoryError
    """
    free = free_memory(device)
    try:
        with _limited_address_space(free if device.type == "cpu" else _UNKNOWN):
            yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        if isinstance(error, CaptureMemoryError):
            raise
        raise CaptureMemoryError(_message(what, device, free)) from error
    except RuntimeError as error:
        # The allocator of the CPU has no exception type of its own.
        if "can't allocate memory" not in str(error):
            raise
        raise CaptureMemoryError(_message(what, device, free)) from error


def _message(what: str, device: torch.device, free: int) -> str:
    return f"{what} does not fit into the {free / 1e9:.1f} GB free on {device}; take a smaller size, batch or dtype"


@contextmanager
def _limited_address_space(nbytes: int) -> Iterator[None]:
    in_use = _proc_value(Path("/proc/self/status"), "VmSize")
    if not sys.platform.startswith("linux") or _UNKNOWN in (nbytes, in_use):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = in_use + nbytes
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _proc_value(path: Path, key: str) -> int:
    """Value of a line ``key: number kB`` of a file of /proc. [B]"""
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == key:
                return int(value.split()[0]) * 1024
    except OSError:
        return _UNKNOWN
    return _UNKNOWN
