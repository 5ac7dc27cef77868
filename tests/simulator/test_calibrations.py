"""Calibrations of a user's own machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import Calibration, SpecError, load_accelerator, load_calibration, shipped_calibrations
from simulator.calibrations import own_calibrations, with_shipped

SPECIFICATION = "extends: a100_sxm4_80gb\nname: mine\nsources: [a guess]\n"
CALIBRATION = (
    "name: mine\naccelerators: [{accelerator}]\ngroups: {{host: [{accelerator}]}}\n"
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
    assert own_calibrations(str(hw), part) == ()
    path = write(hw.with_name("mine.calibration.yaml"))
    assert own_calibrations(str(hw), part) == (load_calibration(str(path)),)


def test_one_that_is_given_goes_before_it(hw: Path, tmp_path: Path) -> None:
    write(hw.with_name("mine.calibration.yaml"))
    other = write(tmp_path / "other.yaml")
    (found,) = own_calibrations(str(hw), load_accelerator(str(hw)), other)
    assert found.parameters == {"host.view": 2e-6}


def test_parts_of_the_catalogue_have_none() -> None:
    assert own_calibrations("a100", load_accelerator("a100")) == ()


def test_a_calibration_of_another_machine_is_refused(hw: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.yaml", "theirs")
    with pytest.raises(SpecError, match=r"other.yaml: fitted to theirs, and not to mine"):
        own_calibrations(str(hw), load_accelerator(str(hw)), other)
    with pytest.raises(SpecError, match=r"absent.yaml: no such file"):
        own_calibrations(str(hw), load_accelerator(str(hw)), tmp_path / "absent.yaml")


def test_without_any_the_shipped_ones_are_meant() -> None:
    assert with_shipped(()) is None
    own = Calibration(name="x", accelerators=("mine",), parameters={}, sources=("x",))
    assert with_shipped([own]) == (own, *shipped_calibrations())
