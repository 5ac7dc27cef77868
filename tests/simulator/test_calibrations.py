"""Calibrations of a user's own machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import CalibrationPool, SpecError, load_accelerator, load_calibration
from simulator.calibrations import calibration_pool, own_calibration

SPECIFICATION = "extends: a100_sxm4_80gb\nname: mine\nsources: [a guess]\n"
CALIBRATION = (
    "format: 2\nname: mine\naccelerators: [{accelerator}]\ngroups: {{host: [{accelerator}]}}\n"
    "parameters: {{host.view: 2.0e-06}}\nsources: [measured]\n"
)


@pytest.fixture
def hw(tmp_path: Path) -> Path:
    """Specification of a user, without a calibration."""
    path = tmp_path / "mine.yaml"
    path.write_text(SPECIFICATION)
    return path


def write(path: Path, accelerator: str = "mine") -> Path:
    path.write_text(CALIBRATION.format(accelerator=accelerator))
    return path


def test_the_calibration_beside_a_specification_is_taken(hw: Path) -> None:
    part = load_accelerator(str(hw))
    assert own_calibration(str(hw), part) is None
    path = write(hw.with_name("mine.calibration.yaml"))
    found = own_calibration(str(hw), part)
    assert found is not None
    assert found.calibration == load_calibration(path)


def test_one_that_is_given_goes_before_it(hw: Path, tmp_path: Path) -> None:
    write(hw.with_name("mine.calibration.yaml"))
    other = write(tmp_path / "other.yaml")
    found = own_calibration(str(hw), load_accelerator(str(hw)), other)
    assert found is not None
    assert found.calibration.parameters == {"host.view": 2e-6}


def test_parts_of_the_catalogue_have_none() -> None:
    assert own_calibration("a100", load_accelerator("a100")) is None


def test_a_calibration_of_another_machine_is_refused(hw: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.yaml", "theirs")
    with pytest.raises(SpecError, match=r"other.yaml: fitted to theirs, and not to mine"):
        own_calibration(str(hw), load_accelerator(str(hw)), other)
    with pytest.raises(SpecError, match=r"absent.yaml: no such file"):
        own_calibration(str(hw), load_accelerator(str(hw)), tmp_path / "absent.yaml")


def test_the_pool_of_a_command_has_the_own_one_before_those_of_the_package(hw: Path) -> None:
    part, shipped = load_accelerator(str(hw)), CalibrationPool.shipped()
    assert calibration_pool(str(hw), part) is shipped
    write(hw.with_name("mine.calibration.yaml"))
    pool = calibration_pool(str(hw), part)
    assert [c.name for c in pool.calibrations] == ["mine", *(c.name for c in shipped.calibrations)]


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("matmul.iteration: 1", r"parameters: unknown cost parameter 'matmul.iteration'"),
        ("matmul.rate: 1.0e+30", r"parameters: matmul.rate = 1e\+30 is outside its physical range "),
        ("host.view: 1.0e+30", r"parameters: host.view is 1e\+30; valid: 0 to 1 s"),
        ("host.view: -1.0", r"parameters: host.view is -1; valid: 0 to 1 s"),
        ("host.view: '2.0e-06'", r"parameters.host.view: '2.0e-06' is refused"),
    ],
)
def test_parameters_that_cannot_be_are_refused(hw: Path, parameter: str, message: str) -> None:
    text = CALIBRATION.format(accelerator="mine").replace("host.view: 2.0e-06", parameter)
    path = hw.with_name("mine.calibration.yaml")
    path.write_text(text)
    with pytest.raises(SpecError, match=f"{path}: {message}"):
        own_calibration(str(hw), load_accelerator(str(hw)))
