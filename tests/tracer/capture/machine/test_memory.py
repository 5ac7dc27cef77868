"""Free memory, and failed allocations as one line."""

from __future__ import annotations

import sys

import pytest

torch = pytest.importorskip("torch")

from tracer.capture.machine.memory import CaptureMemoryError, bounded_memory, free_memory  # noqa: E402

CPU = torch.device("cpu")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="free memory is read from /proc")
def test_free_memory_of_the_host() -> None:
    assert 2**20 < free_memory(CPU) < 2**50


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the address space is limited on Linux alone")
def test_an_allocation_beyond_free_memory_is_one_line() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    elements = free_memory(CPU)  # four bytes each
    with (
        pytest.raises(CaptureMemoryError, match=r"^unet does not fit into the .* GB free on cpu; take"),
        bounded_memory(CPU, "unet"),
    ):
        torch.empty(elements, dtype=torch.float32)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_running_out_of_device_memory_is_one_line() -> None:
    with pytest.raises(CaptureMemoryError, match="vae does not fit"), bounded_memory(CPU, "vae"):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="other"), bounded_memory(CPU, "vae"):
        raise RuntimeError("other")
