"""Files are read within bounds: of their kind, of their size, and of a pipe's silence."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hw_specs.reading import bounds
from hw_specs.reading.bounds import (
    LARGEST,
    BoundedGzip,
    InputError,
    as_file,
    megabytes,
    open_bounded,
    raised,
    read_bytes,
    read_text,
    text_lines,
)


def test_a_file_is_read_up_to_the_bound(tmp_path):
    path = tmp_path / "file"
    path.write_text("ünï")
    assert read_text(path, most=5) == "ünï"
    assert read_bytes(path, most=5) == "ünï".encode()
    with pytest.raises(InputError, match="holds more than 0 kB"):
        read_bytes(path, most=4)


def test_a_file_behind_a_link(tmp_path):
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")
    assert read_text(tmp_path / "link", most=10) == "text"


def test_text_that_is_none(tmp_path):
    (tmp_path / "file").write_bytes(b"ab\xff")
    with pytest.raises(InputError, match=r"is not UTF-8 text \(byte 2\)"):
        read_text(tmp_path / "file", most=10)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", r"cannot be read \(No such file"),
        ("folder", "is a folder; give a regular file or a pipe"),
        ("socket", "is a socket"),
        ("zero", "is a device"),
        ("circle", r"cannot be read \(Too many levels"),
        ("nul\0", r"cannot be read \(embedded null byte"),
    ],
)
def test_what_is_no_file_is_refused(name, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("circle").symlink_to("circle")
    Path("zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(InputError, match=message):
            read_bytes(Path(name), most=10)


class TestPipes:
    def test_what_is_written_is_read_as_often_as_is_asked(self, tmp_path):
        path = tmp_path / "pipe"
        os.mkfifo(path)
        script = f"import time; time.sleep(0.1); open({str(path)!r}, 'wb').write(b'text' * 100_000)"
        with subprocess.Popen([sys.executable, "-c", script]):  # noqa: S603
            assert read_bytes(path, most=1 << 20) == b"text" * 100_000
        assert read_bytes(path, most=1 << 20) == b"text" * 100_000

    def test_it_ends_at_the_bound(self, tmp_path):
        path = tmp_path / "pipe"
        os.mkfifo(path)
        with (
            subprocess.Popen([sys.executable, "-c", f"open({str(path)!r}, 'wb').write(b'text' * 100_000)"]),  # noqa: S603
            pytest.raises(InputError, match="holds more than 64 kB"),
        ):
            read_bytes(path, most=1 << 16)

    def test_nobody_is_not_waited_for(self, tmp_path, monkeypatch):
        monkeypatch.setattr(bounds, "_FIRST_WRITER", 0.05)
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(InputError, match="into which nobody writes"):
            read_bytes(tmp_path / "pipe", most=10)

    def test_nor_is_one_who_writes_nothing(self, tmp_path, monkeypatch):
        monkeypatch.setattr(bounds, "_SILENCE", 0.05)
        os.mkfifo(tmp_path / "pipe")
        silent = os.open(tmp_path / "pipe", os.O_RDWR)
        with pytest.raises(InputError, match="nothing was written"):
            read_bytes(tmp_path / "pipe", most=10)
        os.close(silent)

    def test_some_readers_move_about_and_take_none(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(InputError, match=r"^is a pipe; give a regular file$"):
            open_bounded(tmp_path / "pipe", pipes=False)


def test_sizes_in_words():
    assert megabytes(4 << 20) == "4 MB"
    assert megabytes(1 << 16) == "64 kB"


class TestLines:
    def test_plain_and_compressed(self, tmp_path):
        for name, content in (
            ("a.csv", b"a,b\n1,2\n"),
            ("b.csv", gzip.compress(b"a,b\n1,2\n", mtime=0)),
            ("c", b"\xef\xbb\xbfa,b\n1,2\n"),
        ):
            (tmp_path / name).write_bytes(content)
            assert list(text_lines(tmp_path / name)) == ["a,b\n", "1,2\n"]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"a\n" + b"b" * 100, "line 2 is longer, or all are, than is read of a table"),
            (b"a\n" * 200, "or all are"),
            (b"a\n\xff", r"cut off or damaged, near line 1|line 2"),
            (gzip.compress(b"a,b\n" * 1000, mtime=0)[:-20], "cut off or damaged"),
            (b"\x1f\x8b\x08 nothing", "cut off or damaged"),
        ],
    )
    def test_what_is_beyond_or_damaged(self, content, message, tmp_path, monkeypatch):
        monkeypatch.setattr(bounds, "_LONGEST_LINE", 50)
        monkeypatch.setattr(bounds, "_LONGEST_TABLE", 300)
        (tmp_path / "f").write_bytes(content)
        with pytest.raises(InputError, match=message):
            list(text_lines(tmp_path / "f"))

    def test_a_device(self):
        with pytest.raises(InputError, match="is a device"):
            next(text_lines(Path("/dev/zero")))


@pytest.mark.parametrize(
    "read", [lambda s: s.read(), lambda s: s.read(1 << 20), lambda s: s.read1(), lambda s: s.readline()]
)
def test_what_expands_a_thousand_times_is_refused(read, monkeypatch, tmp_path):
    monkeypatch.setattr(bounds, "_FREE", 1 << 16)
    (tmp_path / "f").write_bytes(gzip.compress(b" " * (1 << 22)))
    with (tmp_path / "f").open("rb") as file, pytest.raises(OSError, match="expands more than 300 times"):  # noqa: PT012
        stream = BoundedGzip(file)
        while read(stream):
            pass


class TestAsFile:
    def test_a_file_is_itself(self, tmp_path):
        (tmp_path / "f").write_text("text")
        with as_file(tmp_path / "f") as path:
            assert path == tmp_path / "f"

    def test_a_pipe_is_copied_for_as_long_as_it_is_read(self, tmp_path):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = [sys.executable, "-c", f"open({str(pipe)!r}, 'w').write('text')"]
        with subprocess.Popen(writer), as_file(pipe) as path:  # noqa: S603
            assert (path.name, path.read_text()) == ("pipe", "text")
        assert not path.exists()

    @pytest.mark.parametrize("path", ["/dev/zero", "/absent", "/"])
    def test_anything_else_is_refused(self, path):
        with pytest.raises(InputError), as_file(Path(path)):
            pass


@pytest.mark.parametrize(
    ("given", "bound"),
    [(None, 1 << 28), ("", 1 << 28), ("1", 1 << 28), ("1000", 1000 << 20), ("many", 1 << 28), ("9" * 30, 1 << 28)],
)
def test_bounds_of_large_files_are_raised_by_the_environment(given, bound, monkeypatch):
    monkeypatch.delenv(LARGEST, raising=False)
    if given is not None:
        monkeypatch.setenv(LARGEST, given)
    assert raised(1 << 28) == bound


def test_the_message_says_how(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "_LARGE", 4)
    (tmp_path / "f").write_bytes(b"12345")
    with pytest.raises(InputError, match="ROOFCAST_LARGEST_MB=MEGABYTES raises the bound"):
        read_bytes(tmp_path / "f", most=4)
