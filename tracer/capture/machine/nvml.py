"""State of an NVIDIA device while something runs on it: clocks, power, temperature, what holds the clocks back.

Read through nvidia-ml-py. Nothing is ever set.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tracer.graph import AttributeValue

__all__ = ["DeviceSample", "NvmlDevice", "NvmlError", "Sampler", "open_nvml", "summary"]

# Bits of nvmlDeviceGetCurrentClocksEventReasons (nvml.h, nvmlClocksEventReasons).
_REASONS = {
    0x01: "gpu_idle",
    0x02: "applications_clocks",
    0x04: "software_power_cap",
    0x08: "hardware_slowdown",
    0x10: "sync_boost",
    0x20: "software_thermal",
    0x40: "hardware_thermal",
    0x80: "hardware_power_brake",
    0x100: "display_clocks",
}


class NvmlError(LookupError):
    """The driver's management library is missing or does not know the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSample:
    """State of a device at one moment.

    Attributes
    ----------
    time : float
        ``time.time()`` of the reading. [s]
    core_clock, memory_clock : float
        [Hz]
    power : float
        Of the board. [W]
    temperature : float
        [degC]
    reasons : tuple of str
        What holds the clocks back.
    """

    time: float
    core_clock: float
    memory_clock: float
    power: float
    temperature: float
    reasons: tuple[str, ...]


class NvmlDevice:
    """One device of the management library.

    Parameters
    ----------
    library : module
        ``pynvml``.
    handle : object
        Device handle of that library.
    """

    def __init__(self, library: Any, handle: Any) -> None:
        """See the class."""
        self._library = library
        self._handle = handle

    def sample(self) -> DeviceSample:
        """Read the state now; a reading that the device does not offer is NaN."""
        nvml = self._library
        return DeviceSample(
            time=time.time(),
            core_clock=self._number("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM) * 1e6,
            memory_clock=self._number("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM) * 1e6,
            power=self._number("nvmlDeviceGetPowerUsage") * 1e-3,
            temperature=self._number("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU),
            reasons=self._reasons(),
        )

    def facts(self) -> dict[str, AttributeValue]:
        """What does not change while something runs: driver, limits, settings of the device. SI units."""
        nvml = self._library
        mode = self._read("nvmlDeviceGetEccMode")
        return {
            "driver": _text(nvml.nvmlSystemGetDriverVersion()),
            "max_core_clock": self._number("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM) * 1e6,
            "max_memory_clock": self._number("nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_MEM) * 1e6,
            "power_limit": self._number("nvmlDeviceGetEnforcedPowerLimit") * 1e-3,
            "ecc": None if mode is None else bool(mode[0]),
        }

    def _reasons(self) -> tuple[str, ...]:
        # The call was renamed in NVML 12; older libraries have the old name alone.
        for name in ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"):
            if hasattr(self._library, name):
                bits = self._read(name)
                return () if bits is None else tuple(text for bit, text in _REASONS.items() if int(bits) & bit)
        return ()

    def _number(self, function: str, *arguments: Any) -> float:
        value = self._read(function, *arguments)
        return float("nan") if value is None else float(value)

    def _read(self, function: str, *arguments: Any) -> Any:
        """Value of a query, None where the device does not support it."""
        try:
            return getattr(self._library, function)(self._handle, *arguments)
        except self._library.NVMLError:
            return None


def open_nvml(uuid: str) -> NvmlDevice:
    """Device of a UUID (``GPU-...``), which unlike its index does not depend on what a process may see.

    Raises
    ------
    NvmlError
        nvidia-ml-py or the driver is missing, or the device is not there.
    """
    try:
        import pynvml
    except ImportError as error:
        raise NvmlError("clocks and power are not recorded: pip install nvidia-ml-py") from error
    try:
        pynvml.nvmlInit()
        return NvmlDevice(pynvml, pynvml.nvmlDeviceGetHandleByUUID(uuid))
    except pynvml.NVMLError as error:
        raise NvmlError(f"clocks and power are not recorded: {error}") from error


class Sampler:
    """Collects states of a device, read by a thread of its own every `interval` seconds while :meth:`recording`.

    Parameters
    ----------
    device : NvmlDevice or None
        None records nothing.
    interval : float
        [s]
    """

    def __init__(self, device: NvmlDevice | None, *, interval: float = 0.2) -> None:
        """See the class."""
        self.samples: list[DeviceSample] = []
        self._device = device
        self._interval = interval

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Read while the block runs, at least once."""
        if self._device is None:
            yield
            return
        stop = threading.Event()
        thread = threading.Thread(target=self._loop, args=(self._device, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _loop(self, device: NvmlDevice, stop: threading.Event) -> None:
        while True:
            self.samples.append(device.sample())
            if stop.wait(self._interval):
                return


def summary(samples: Sequence[DeviceSample]) -> dict[str, AttributeValue]:
    """Median clocks and power, highest temperature, and every reason that held the clocks back."""
    if not samples:
        return {}
    numbers = {
        "core_clock": _median([s.core_clock for s in samples]),
        "memory_clock": _median([s.memory_clock for s in samples]),
        "power": _median([s.power for s in samples]),
        "temperature": max(s.temperature for s in samples),
    }
    reasons = tuple(sorted({reason for sample in samples for reason in sample.reasons}))
    # NaN, which is no value of a fact, stands for what the device does not offer.
    offered = {name: value for name, value in numbers.items() if value == value}
    return {**offered, "throttle_reasons": reasons, "samples": len(samples)}


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
