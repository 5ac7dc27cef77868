"""Files to write and devices to measure on, looked at before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer

from hw_specs.terminal.places import measured_device, writable


def test_what_can_be_written_passes(tmp_path: Path) -> None:
    assert writable()(None) is None
    for name in ("new.json", "new.JSON.GZ"):
        assert writable(".json", ".json.gz")(tmp_path / name) == tmp_path / name
    assert writable()(tmp_path / "no-ending")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent/x.et", "absent is no folder"),
        ("x.json", "x.json: valid: a file that ends in .et"),
        ("", "is a folder; give a file"),
    ],
)
def test_what_cannot_is_refused_by_its_whole_name(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        writable(".et")(tmp_path / name)
    assert str(tmp_path / name) in caught.value.message
    assert words in caught.value.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_may_have_any_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert writable(".json")(tmp_path / "pipe") == tmp_path / "pipe"


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:1"])
def test_devices(name: str) -> None:
    assert measured_device(name) == name


def test_a_device_of_another_name_is_refused_at_once() -> None:
    with pytest.raises(typer.BadParameter, match="unknown device 'gpu'; did you mean 'cuda'"):
        measured_device("gpu")
