"""The machine at hand as an accelerator, in tiny form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from hw_specs import CalibrationPool, load_accelerator  # noqa: E402
from simulator.cost import hardware_columns  # noqa: E402
from tracer.capture.machine.device_facts import DeviceError  # noqa: E402
from validation.machine.probe.probe import Probe, ProbeOptions, probe  # noqa: E402

_TINY = ProbeOptions(level="tiny", seconds=20.0, largest_product=256, largest_copy=2**21)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for one another on a busy machine would take most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def said() -> list[tuple[str, float]]:
    return []


@pytest.fixture(scope="module")
def found(said: list[tuple[str, float]]) -> Probe:
    return probe("cpu", lambda what, share: said.append((what, share)), _TINY)


def test_the_specification_is_a_file_that_loads(found: Probe, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(found.specification, encoding="utf-8")
    accelerator = load_accelerator(str(path))
    assert accelerator == found.accelerator
    assert accelerator.kind == "cpu"
    assert accelerator.cores.count == torch.get_num_threads()
    assert {**accelerator.peak.vector, **accelerator.peak.matrix}["fp32"] > 1e8
    assert accelerator.memory.dram.bandwidth is not None
    assert accelerator.memory.dram.bandwidth > 1e8


def test_it_says_when_and_with_what_it_was_measured(found: Probe) -> None:
    sources = " ".join(found.accelerator.sources)
    assert "measured on this machine" in sources
    assert str(torch.__version__) in sources
    assert found.accelerator.notes is not None
    notes = " ".join(found.accelerator.notes.split())
    assert "what the library reaches" in notes
    assert " ".join(found.load.text().split()) in notes
    assert found.load.text() in (found.calibration.calibration.notes or "")
    assert found.load.threads == 1
    assert found.load.memory is not None


def test_the_calibration_belongs_to_the_accelerator(found: Probe) -> None:
    assert found.calibration.calibration.accelerators == (found.accelerator.name,)
    assert found.calibration.calibration.parameters["host.operator"] > 0
    assert found.calibration.evidence.fitted_on
    hardware_columns([found.accelerator], calibrations=CalibrationPool.of(found.calibration))


def test_every_call_is_measured_warm_and_cold(found: Probe) -> None:
    warm = {call.case for call in found.calls if not call.cold}
    cold = {call.case for call in found.calls if call.cold}
    assert warm
    assert warm == cold


def test_progress_climbs(found: Probe, said: list[tuple[str, float]]) -> None:
    del found
    shares = [share for _, share in said]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    assert any(what.startswith("peak") for what, _ in said)


def test_an_unknown_device_is_one_line() -> None:
    with pytest.raises(DeviceError, match="valid: cpu"):
        probe("abacus")
