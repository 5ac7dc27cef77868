"""The device that a capture runs on: its name, and the circumstances that a measurement depends on."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import torch

from tracer.graph import AttributeValue, GraphError

from .nvml import NvmlDevice, NvmlError, open_nvml

__all__ = ["DeviceError", "build_facts", "cpu_name", "device_name", "nvml_of", "open_device", "synchronize"]


class DeviceError(GraphError):
    """A device that this machine or this build of torch does not have."""


def open_device(name: str) -> torch.device:
    """Device of a name: ``cpu``, ``cuda`` or ``cuda:1``.

    Raises
    ------
    DeviceError
        There is no such device here.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"device {name!r} is unknown; valid: cpu, cuda, cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise DeviceError(f"device {name!r} cannot be measured; valid: cpu, cuda, cuda:N")
    if device.type == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise DeviceError(f"device {name!r}: torch {torch.__version__} sees no such device; valid: cpu")
    index, count = device.index or 0, torch.cuda.device_count()
    if index >= count:
        raise DeviceError(f"device {name!r}: there are {count}; valid: cuda:0 to cuda:{count - 1}")
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def synchronize(device: torch.device) -> None:
    """Wait until the device has done everything that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def device_name(device: torch.device) -> str:
    """Marketing name of the device."""
    return str(torch.cuda.get_device_name(device)) if device.type == "cuda" else cpu_name()


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Model name of the host's processor, as the system gives it."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def nvml_of(device: torch.device) -> NvmlDevice | None:
    """Management library's view of a CUDA device; None on a CPU, or where the library does not answer."""
    if device.type != "cuda":
        return None
    uuid = str(getattr(torch.cuda.get_device_properties(device), "uuid", ""))
    try:
        return open_nvml(uuid if uuid.startswith("GPU-") else f"GPU-{uuid}")
    except NvmlError:
        return None


def build_facts(device: torch.device) -> dict[str, AttributeValue]:
    """Build of torch, settings that change results, and the host; facts that are not known are left out."""
    facts: dict[str, AttributeValue] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "torch": str(torch.__version__),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if device.type == "cuda" else None,
        "hip": torch.version.hip,
        "host_cpu": cpu_name(),
        "host_load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "threads": torch.get_num_threads(),
        **(_cuda_facts(device) if device.type == "cuda" else _cpu_facts()),
    }
    return {name: value for name, value in facts.items() if value is not None and value == value}


def _cpu_facts() -> Mapping[str, AttributeValue]:
    return {
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "mkldnn": torch.backends.mkldnn.is_available(),
        "cpus": os.cpu_count(),
    }


def _cuda_facts(device: torch.device) -> Mapping[str, AttributeValue]:
    properties = torch.cuda.get_device_properties(device)
    nvml = nvml_of(device)
    return {
        "capability": f"{properties.major}.{properties.minor}",
        "multiprocessors": properties.multi_processor_count,
        "memory": properties.total_memory,
        "l2": getattr(properties, "L2_cache_size", None),
        "matmul_tf32": torch.backends.cuda.matmul.allow_tf32,
        "convolution_tf32": torch.backends.cudnn.allow_tf32,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        **(nvml.facts() if nvml is not None else {"nvml": "not available"}),
    }
