"""The recipe for a release of the framework: one file, followed to the letter in a copy of the folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from simulator.software import SoftwareError, load_software, newest_software
from simulator.software.catalogue import FOLDER

_ROOT = Path(__file__).parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The package's files, and that of the recipe."""
    for path in FOLDER.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    text = (_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^    name: torch-2\.14\n(?:    .*\n)+", text, flags=re.MULTILINE)
    (tmp_path / "torch-2.14.yaml").write_text(re.sub(r"^    ", "", str(block), flags=re.MULTILINE), encoding="utf-8")
    return tmp_path


def test_the_release_is_found_and_the_newest(folder: Path) -> None:
    software, before = load_software("torch-2.15", folder), load_software("torch-2.13", folder)
    assert (software.name, software.softmax_in_registers) == ("torch-2.14", 4096)
    assert (software.attention, software.compiles) == (before.attention, before.compiles)
    assert newest_software(folder) == software


def test_a_platform_goes_below_it(folder: Path) -> None:
    software = load_software("torch-2.14,rocm-6.3", folder)
    assert (software.name, software.softmax_in_registers) == ("torch-2.14,rocm-6.3", 4096)
    assert "gfx942" in software.targets


def test_the_package_does_not_know_it() -> None:
    with pytest.raises(SoftwareError, match=r"unknown software 'torch-2\.14'"):
        load_software("torch-2.14")
