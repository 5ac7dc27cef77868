"""Devices by name and what a measurement depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tracer.capture.machine.device_facts import (  # noqa: E402
    DeviceError,
    build_facts,
    cpu_name,
    device_name,
    nvml_of,
    open_device,
    synchronize,
)


def test_the_host_is_a_device() -> None:
    device = open_device("cpu")
    synchronize(device)
    assert device.type == "cpu"
    assert device_name(device) == cpu_name()
    assert nvml_of(device) is None


@pytest.mark.parametrize(("name", "message"), [("gpu9", "unknown"), ("meta", "cannot be measured")])
def test_a_device_that_cannot_be_measured_is_one_line(name: str, message: str) -> None:
    with pytest.raises(DeviceError, match=f"^device '{name}' .*{message}.*valid: cpu"):
        open_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_device_is_one_line() -> None:
    with pytest.raises(DeviceError, match=r"sees no such device; valid: cpu"):
        open_device("cuda:0")


def test_name_of_a_processor(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Xeon 9\nmodel name\t: Xeon 9\n", encoding="utf-8")
    assert cpu_name(file) == "Xeon 9"
    file.write_text("Processor\t: ARMv8\n", encoding="utf-8")
    assert cpu_name(file)
    assert cpu_name(tmp_path / "missing")


def test_facts_name_the_build_and_the_host() -> None:
    facts = build_facts(torch.device("cpu"))
    assert facts["torch"] == str(torch.__version__)
    assert type(facts["torch"]) is str
    assert facts["threads"] == torch.get_num_threads()
    assert None not in facts.values()
