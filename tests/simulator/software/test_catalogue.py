"""Software by name: inheritance between generations, layers, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_specs import SpecError
from simulator.software import SoftwareError, list_software, load_software, newest_software

_OLD = """
name: frame-1.0
layer: framework
releases: ["1.0", "1.1"]
attention: []
softmax_in_registers: 1024
unfolded_convolutions_3d: [bf16]
compiles: false
layout_optimization: never
sources: {attention: a, softmax_in_registers: b, unfolded_convolutions_3d: c, compiles: d, layout_optimization: e}
"""
_NEW = """
name: frame-1.10
layer: framework
releases: ["1.10"]
follows: frame-1.0
softmax_in_registers: 2048
sources: {softmax_in_registers: release notes}
"""
_BELOW = """
name: below-6.3
layer: platform
releases: ["6.3"]
unfolded_convolutions_3d: []
sources: {unfolded_convolutions_3d: release notes}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for text in (_OLD, _NEW, _BELOW):
        (tmp_path / f"{text.split()[1]}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_generation_has_the_values_of_the_one_before_unless_it_states_its_own(folder: Path) -> None:
    software = load_software("frame-1.10", folder)
    assert (software.name, software.softmax_in_registers, software.unfolded_convolutions_3d) == (
        "frame-1.10",
        2048,
        ("bf16",),
    )


def test_a_platform_takes_the_place_of_the_frameworks_values(folder: Path) -> None:
    software = load_software("frame-1.1, below-6.3", folder)
    assert (software.name, software.softmax_in_registers) == ("frame-1.0,below-6.3", 1024)
    assert software.unfolded_convolutions_3d == ()


def test_a_platform_alone_goes_with_the_newest_framework(folder: Path) -> None:
    assert load_software("below-6.3", folder).name == "frame-1.10,below-6.3"
    assert newest_software(folder).name == "frame-1.10"


def test_versions_are_numbers_not_text(folder: Path) -> None:
    assert list_software(folder) == ("below-6.3", "frame-1.0", "frame-1.10")


def test_a_patch_release_belongs_to_its_minor_one(folder: Path) -> None:
    assert load_software("frame-1.1.2", folder).name == "frame-1.0"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "frame-1.2",
            "unknown software 'frame-1.2'; did you mean .* valid: below-6.3, frame-1.0, frame-1.1, frame-1.10",
        ),
        ("frame", "unknown software 'frame'; did you mean 'frame-1.0' or 'frame-1.1' or "),
        ("frame-1.0,frame-1.10", "names two frameworks; valid: one of "),
    ],
)
def test_what_nothing_describes_is_one_line_with_what_is_valid(folder: Path, name: str, said: str) -> None:
    with pytest.raises(SoftwareError, match=said):
        load_software(name, folder)


def test_a_value_without_a_source_is_refused(folder: Path) -> None:
    (folder / "frame-1.10.yaml").write_text(_NEW.replace("{softmax_in_registers: release notes}", "{}"))
    with pytest.raises(SpecError, match=r"frame-1\.10\.yaml.*no source of softmax_in_registers"):
        load_software("frame-1.10", folder)


def test_a_file_with_another_name_is_refused(folder: Path) -> None:
    (folder / "frame-1.10.yaml").write_text(_NEW.replace("frame-1.10", "frame-1.11"))
    with pytest.raises(SoftwareError, match=r"frame-1\.10\.yaml: name is 'frame-1\.11'"):
        load_software("frame-1.10", folder)


@pytest.mark.parametrize("name", list_software())
def test_every_file_of_the_package_is_read(name: str) -> None:
    assert load_software(name).name.split(",")[-1] == name
