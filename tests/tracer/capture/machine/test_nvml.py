"""Device state through the management library, which a fake stands for."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from tracer.capture.machine.nvml import DeviceSample, NvmlDevice, NvmlError, Sampler, open_nvml, summary


class _Error(Exception):
    pass


def _library(**changes: Any) -> Any:
    def unsupported(*arguments: Any) -> Any:
        raise _Error("Not Supported")

    calls: dict[str, Any] = {
        "NVMLError": _Error,
        "NVML_CLOCK_SM": 1,
        "NVML_CLOCK_MEM": 2,
        "NVML_TEMPERATURE_GPU": 0,
        "nvmlDeviceGetClockInfo": lambda handle, kind: {1: 1980, 2: 3201}[kind],
        "nvmlDeviceGetMaxClockInfo": lambda handle, kind: {1: 1980, 2: 3201}[kind],
        "nvmlDeviceGetPowerUsage": lambda handle: 512_300,
        "nvmlDeviceGetEnforcedPowerLimit": lambda handle: 700_000,
        "nvmlDeviceGetTemperature": lambda handle, sensor: 61,
        "nvmlDeviceGetEccMode": lambda handle: [1, 1],
        "nvmlDeviceGetCurrentClocksEventReasons": lambda handle: 0x4 | 0x20,
        "nvmlSystemGetDriverVersion": lambda: b"580.1",
    }
    calls |= {name: unsupported if value is None else value for name, value in changes.items()}
    return SimpleNamespace(**calls)


def test_a_sample_is_in_si_units() -> None:
    sample = NvmlDevice(_library(), "handle").sample()
    assert (sample.core_clock, sample.memory_clock) == (1.98e9, 3.201e9)
    assert sample.power == pytest.approx(512.3)
    assert sample.temperature == 61
    assert sample.reasons == ("software_power_cap", "software_thermal")


def test_what_a_device_does_not_offer_is_left_open() -> None:
    library = _library(nvmlDeviceGetPowerUsage=None, nvmlDeviceGetEccMode=None)
    device = NvmlDevice(library, "handle")
    assert device.sample().power != device.sample().power  # NaN
    assert device.facts()["ecc"] is None


def test_facts() -> None:
    facts = NvmlDevice(_library(), "handle").facts()
    assert facts == {
        "driver": "580.1",
        "max_core_clock": 1.98e9,
        "max_memory_clock": 3.201e9,
        "power_limit": 700.0,
        "ecc": True,
    }


def test_the_older_name_of_the_reasons_is_used_where_there_is_no_newer() -> None:
    library = _library(nvmlDeviceGetCurrentClocksThrottleReasons=lambda handle: 0x1)
    del library.nvmlDeviceGetCurrentClocksEventReasons
    assert NvmlDevice(library, "handle").sample().reasons == ("gpu_idle",)


def test_sampling_while_something_runs() -> None:
    sampler = Sampler(NvmlDevice(_library(), "handle"), interval=0.005)
    for _ in range(2):
        with sampler.recording():
            time.sleep(0.03)
    assert len(sampler.samples) >= 2
    assert summary(sampler.samples)["throttle_reasons"] == ("software_power_cap", "software_thermal")


def test_nothing_is_sampled_without_a_device() -> None:
    sampler = Sampler(None)
    with sampler.recording():
        pass
    assert summary(sampler.samples) == {}


def test_summary_takes_the_median_and_the_hottest() -> None:
    samples = [
        DeviceSample(time=0.0, core_clock=c, memory_clock=1.0, power=c, temperature=c, reasons=())
        for c in (1.0, 9.0, 2.0, float("nan"))
    ]
    assert summary(samples[:3]) == {
        "core_clock": 2.0,
        "memory_clock": 1.0,
        "power": 2.0,
        "temperature": 9.0,
        "throttle_reasons": (),
        "samples": 3,
    }
    # What is not offered is left out, not averaged.
    assert "core_clock" not in summary(samples[3:])


def test_a_machine_without_the_driver_is_one_line() -> None:
    pytest.importorskip("pynvml")
    with pytest.raises(NvmlError, match="clocks and power are not recorded"):
        open_nvml("GPU-00000000-0000-0000-0000-000000000000")
