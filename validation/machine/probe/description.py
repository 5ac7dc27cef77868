"""What the operating system and the driver tell of the machine at hand, without measuring anything."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from hw_specs import Architecture
from hw_specs.inheritance.lineage import architecture_of_isa
from hw_specs.vendors import vendor_of_processor
from tracer.capture.machine.device_facts import cpu_name, device_name, nvml_of

__all__ = ["CacheLevel", "MachineFacts", "cpu_caches", "cpu_flags", "machine_facts"]

_SYSTEM = Path("/sys/devices/system/cpu")
_CPUINFO = Path("/proc/cpuinfo")
_SUFFIXES = {"K": 2**10, "M": 2**20, "G": 2**30}

#: Flags of processors with vector units, the widest first, and the fp32 lanes of a register.
_VECTOR_FLAGS = (("amx_bf16", 16), ("avx512f", 16), ("avx2", 8), ("asimd", 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLevel:
    """A data cache.

    Attributes
    ----------
    level : int
    size : int
        Of one instance. [B]
    cpus : int
        Logical processors that share an instance.
    """

    level: int
    size: int
    cpus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """What a specification needs beside measured rates. SI units; None where nothing tells.

    Attributes
    ----------
    name, vendor, kind : str
    architecture : Architecture
    isa : str or None
    cores : int
        Multiprocessors, or threads of a CPU that torch uses.
    clock : float
        [Hz]
    warp_size, max_threads : int or None
        Lanes of fp32 in a vector register, or threads of a warp; resident threads of a core.
    shared : int or None
        L1 data cache or shared memory of one core. [B]
    l2, llc : int or None
        Caches that the cores in use share or have together. [B]
    memory : int
        [B]
    power : float or None
        Limit of the board. [W]
    special : float or None
        Results of special functions where they follow from cores and clock. [1/s]
    """

    name: str
    vendor: str
    architecture: Architecture
    kind: str
    cores: int
    clock: float
    memory: int
    isa: str | None = None
    warp_size: int | None = None
    max_threads: int | None = None
    shared: int | None = None
    l2: int | None = None
    llc: int | None = None
    power: float | None = None
    special: float | None = None


def machine_facts(device: torch.device) -> MachineFacts:
    """Facts of a device of this machine."""
    return _cuda_facts(device) if device.type == "cuda" else _cpu_facts()


def cpu_caches(system: Path = _SYSTEM) -> list[CacheLevel]:
    """Data caches of the first processor, nearest first; empty where the system does not tell."""
    found = []
    for index in sorted((system / "cpu0" / "cache").glob("index*")):
        try:
            kind = (index / "type").read_text(encoding="ascii").strip()
            level = int((index / "level").read_text(encoding="ascii"))
            size = _size((index / "size").read_text(encoding="ascii").strip())
            cpus = _count((index / "shared_cpu_list").read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            continue
        if kind != "Instruction":
            found.append(CacheLevel(level=level, size=size, cpus=cpus))
    return sorted(found, key=lambda cache: cache.level)


def cpu_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """Instruction sets of the processor; empty where the system does not tell."""
    match = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", _text(cpuinfo), flags=re.MULTILINE)
    return frozenset(match.group(1).split()) if match else frozenset()


def _cpu_facts() -> MachineFacts:
    threads, flags = torch.get_num_threads(), cpu_flags()
    caches = {cache.level: cache for cache in cpu_caches()}
    vendor = re.search(r"^vendor_id\s*:\s*(\S+)", _text(_CPUINFO), flags=re.MULTILINE)
    isa, lanes = next(((flag, lanes) for flag, lanes in _VECTOR_FLAGS if flag in flags), ("unknown", None))
    architecture = architecture_of_isa(isa)
    return MachineFacts(
        name=f"{cpu_name()}, {threads} thread{'s' if threads > 1 else ''}",
        vendor=vendor_of_processor(vendor.group(1)) if vendor else platform.machine(),
        architecture=architecture,
        kind="cpu",
        isa=isa,
        cores=threads,
        clock=_cpu_clock(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        warp_size=lanes,
        shared=caches[1].size if 1 in caches else None,
        l2=_total(caches.get(2), threads),
        llc=_total(caches.get(3), threads),
    )


def _cpu_clock() -> float:
    """Highest clock that the system names. [Hz]"""
    try:
        return float((_SYSTEM / "cpu0/cpufreq/cpuinfo_max_freq").read_text(encoding="ascii")) * 1e3
    except (OSError, ValueError):
        found = re.findall(r"^cpu MHz\s*:\s*([\d.]+)", _text(_CPUINFO), flags=re.MULTILINE)
        # A machine that names no clock: one that no formula of a CPU depends on.
        return max(map(float, found), default=1000.0) * 1e6


def _total(cache: CacheLevel | None, threads: int) -> int | None:
    """Capacity of all instances that some threads, each on a processor of its own, can use. [B]"""
    return None if cache is None else cache.size * -(-threads // cache.cpus)


def _size(text: str) -> int:
    return int(text[:-1]) * _SUFFIXES[text[-1]] if text[-1] in _SUFFIXES else int(text)


def _count(ranges: str) -> int:
    """Number of processors in a list such as ``0-3,8``."""
    ends = [part.split("-") for part in ranges.split(",")]
    return sum(int(end[-1]) - int(end[0]) + 1 for end in ends)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _cuda_facts(device: torch.device) -> MachineFacts:
    properties = torch.cuda.get_device_properties(device)
    name, nvml = device_name(device), nvml_of(device)
    known: Mapping[str, object] = nvml.facts() if nvml is not None else {}
    clock = _positive(known.get("max_core_clock")) or _positive(getattr(properties, "clock_rate", None), 1e3) or 1e9
    cores = properties.multi_processor_count
    capability = f"sm_{properties.major}{properties.minor}"
    isa = capability if torch.version.hip is None else str(properties.gcnArchName).partition(":")[0]
    architecture = architecture_of_isa(isa)
    special = architecture.special_per_clock
    return MachineFacts(
        name=f"{name} (probed)",
        vendor=architecture.vendor or "unknown",
        architecture=architecture,
        kind="gpu",
        isa=isa,
        cores=cores,
        clock=clock,
        memory=properties.total_memory,
        warp_size=getattr(properties, "warp_size", None),
        max_threads=properties.max_threads_per_multi_processor,
        shared=getattr(properties, "shared_memory_per_multiprocessor", None),
        l2=getattr(properties, "L2_cache_size", None),
        power=_positive(known.get("power_limit")),
        special=None if special is None else special * cores * clock,
    )


def _positive(value: object, factor: float = 1.0) -> float | None:
    number = float(value) * factor if isinstance(value, int | float) else 0.0
    return number if 0 < number < float("inf") else None
