"""Results are written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hw_specs.output import OutputError, write_text


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "report.json"
    for text in ("first", "second, with ünïcode"):
        write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_can_be_read_by_those_whom_the_umask_allows(tmp_path):
    write_text(tmp_path / "report", "text")
    (tmp_path / "plain").write_text("")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("report", "plain")}
    assert len(modes) == 1


def test_a_name_as_long_as_names_can_be(tmp_path):
    path = tmp_path / ("x" * 255)
    write_text(path, "text")
    assert path.read_text() == "text"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent/report", "No such file or directory"),
        ("folder", "Is a directory"),
        ("file/report", "Not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_where_nothing_can_be_written_nothing_is_left(name, reason, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=f"cannot write: {reason}$"):
        write_text(tmp_path / name, "text")
    assert {p.name for p in tmp_path.iterdir()} == {"folder", "file"}
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize("path", [Path("/"), Path()])
def test_a_folder_instead_of_a_file(path):
    with pytest.raises(OutputError, match="cannot write: "):
        write_text(path, "text")


def test_an_interrupted_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "report"
    path.write_text("old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
