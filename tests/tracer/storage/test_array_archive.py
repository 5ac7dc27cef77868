"""Archives of arrays: whole or not at all, and never pickles."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.storage import array_archive
from tracer.storage.array_archive import ArchiveError, archive_header, decode_header, read_archive, write_archive

_ARRAYS = {"numbers": np.arange(5), "none": np.zeros(0, dtype=np.int32), "times": np.linspace(0.0, 1.0, 3)}


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
    with pytest.raises(ArchiveError, match=r"header\.npy is no row of numbers"):
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


class TestBounds:
    """What an archive declares is looked at before any of it is uncompressed."""

    @pytest.mark.parametrize("array", [np.eye(2), np.array(5), np.array(["text"]), np.zeros(2, dtype="M8[s]")])
    def test_what_is_no_row_of_numbers(self, array, tmp_path):
        np.savez(tmp_path / "f.npz", header=np.frombuffer(b"{}", dtype=np.uint8), a=array)
        with pytest.raises(ArchiveError, match=r"f\.npz: a\.npy is no row of numbers"):
            read_archive(tmp_path / "f.npz", kind="test")

    def test_what_does_not_belong(self, saved):
        with pytest.raises(ArchiveError, match=r"a\.npz: not a test file: it holds 'times', which is no column of one"):
            read_archive(saved, kind="test", belongs=re.compile("numbers|none"))

    def test_more_than_is_read(self, saved, monkeypatch):
        monkeypatch.setattr(array_archive, "LARGEST_CONTENT", 1 << 9)
        with pytest.raises(ArchiveError, match="holds 0 MB once uncompressed; at most 0 kB are read"):
            read_archive(saved, kind="test")
        monkeypatch.setattr(array_archive, "LARGEST_HEADER", 64)
        with pytest.raises(ArchiveError, match="its header is longer"):
            read_archive(saved, kind="test")
        assert archive_header(saved) is None

    def test_a_shape_that_the_member_does_not_fill(self, tmp_path):
        """numpy would ask for the memory first."""
        stream = io.BytesIO()
        np.save(stream, np.zeros(2))
        lying = stream.getvalue().replace(b"(2,), }  ", b"(1000000000000,), }"[:19])
        with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
            archive.writestr("header.npy", lying)
        with pytest.raises(ArchiveError, match="damaged"):
            read_archive(tmp_path / "f.npz", kind="test")

    def test_two_arrays_of_one_name(self, tmp_path):
        stream = io.BytesIO()
        np.save(stream, np.zeros(2))
        with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
            warnings.simplefilter("ignore")
            for name in ("header.npy", "a.npy", "a.npy"):
                archive.writestr(name, stream.getvalue())
        with pytest.raises(ArchiveError, match="two arrays have one name"):
            read_archive(tmp_path / "f.npz", kind="test")

    def test_a_device(self):
        with pytest.raises(ArchiveError, match="/dev/zero: is a device"):
            read_archive(Path("/dev/zero"), kind="test")
        assert archive_header(Path("/dev/zero")) is None

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(at=st.integers(0, 10_000), value=st.integers(0, 255))
    def test_any_changed_byte_is_read_or_one_line(self, at, value, saved, tmp_path):
        raw = bytearray(saved.read_bytes())
        raw[at % len(raw)] = value
        path = tmp_path / "changed.npz"
        path.write_bytes(raw)
        try:
            said = str(len(read_archive(path, kind="test")))
        except ArchiveError as error:
            said = str(error)
        assert "\n" not in said
