"""Archives of arrays: whole or not at all, and never pickles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tracer.storage.array_archive import ArchiveError, archive_header, decode_header, read_archive, write_archive

_ARRAYS = {"numbers": np.arange(5), "none": np.zeros(0, dtype=np.int32), "table": np.eye(2)}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, b'{"a": 1}', _ARRAYS)
    return path


def test_what_is_written_is_read(saved):
    header, arrays = read_archive(saved, kind="test")
    assert header == b'{"a": 1}'
    assert archive_header(saved) == header
    assert set(arrays) == set(_ARRAYS)
    for name, values in _ARRAYS.items():
        assert arrays[name].dtype == values.dtype
        assert np.array_equal(arrays[name], values)


def test_numpy_opens_it_too(saved):
    with np.load(saved) as archive:
        assert archive["numbers"].tolist() == [0, 1, 2, 3, 4]


def test_every_truncation_is_one_line(saved):
    raw = saved.read_bytes()
    for length in range(0, len(raw), 13):
        saved.write_bytes(raw[:length])
        with pytest.raises(ArchiveError, match="not a test file, or damaged") as caught:
            read_archive(saved, kind="test")
        assert len(str(caught.value).splitlines()) == 1
        assert archive_header(saved) is None


def test_arrays_of_objects_are_neither_written_nor_read(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, header=np.array([{"a": 1}], dtype=object))
    assert archive_header(path) is None
    with pytest.raises(ArchiveError, match="Object arrays cannot be loaded"):
        read_archive(path, kind="test")


def test_a_missing_file_and_one_without_a_header(tmp_path):
    assert archive_header(tmp_path / "none") is None
    with pytest.raises(ArchiveError, match="no such file"):
        read_archive(tmp_path / "none", kind="test")
    np.savez(tmp_path / "other.npz", weights=np.zeros(2))
    assert archive_header(tmp_path / "other.npz") is None
    with pytest.raises(ArchiveError, match="not a test file: it has no header"):
        read_archive(tmp_path / "other.npz", kind="test")


def test_nothing_is_left_where_nothing_can_be_written(tmp_path):
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "absent" / "a", tmp_path / "folder"):
        with pytest.raises(ArchiveError, match="cannot write"):
            write_archive(target, b"", {})
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


@dataclass(frozen=True)
class _Header:
    version: int
    name: str


def _decoded(raw: bytes, kind: str | None = None) -> _Header:
    return decode_header(Path("f"), raw, _Header, version=2, again="make it again", kind=kind)


def test_a_header_is_a_record():
    assert _decoded(b'{"version": 2, "name": "x", "kind": "test"}', "test") == _Header(2, "x")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"{", "damaged header"),
        (b'{"version": 2, "kind": "test"}', "damaged header"),
        (b"\xff", "damaged header"),
        (b'{"version": 2, "name": "x"}', "not a test file: its header says 'nothing'"),
        (b'{"version": 1, "kind": "test"}', "written in version 1; this program reads version 2: make it again"),
    ],
)
def test_a_header_that_cannot_be_read_is_one_line(raw, message):
    with pytest.raises(ArchiveError, match=f"^f: {message}") as caught:
        _decoded(raw, "test")
    assert "\n" not in str(caught.value)
