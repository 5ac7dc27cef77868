"""What a file is that is no trace."""

from __future__ import annotations

import bz2
import io
import lzma
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import pytest

from tracer.formats import recognise
from tracer.storage.file_kinds import kind_of_file
from tracer.trace import TraceFormatError


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("rank0.json", "{}")
    return stream.getvalue()


def _damaged_zip() -> bytes:
    """Its list of files asks for a version of the format that there is not."""
    raw = bytearray(_zip())
    raw[raw.index(b"PK\1\2") + 6] = 91
    return bytes(raw)


def _tar(mode: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("rank0.json")
        archive.addfile(member, io.BytesIO())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (_zip(), "zip archive with rank0.json: unpack it"),
        (_damaged_zip(), "damaged zip archive"),
        (_tar("w"), "tar archive with rank0.json"),
        (_tar("w:gz"), "tar archive with rank0.json"),
        (bz2.compress(b"{}"), "bzip2"),
        (lzma.compress(b"{}"), "xz"),
        (b"\x28\xb5\x2f\xfd" + bytes(20), "zstd"),
        (b"\x80\x04\x95" + bytes(20), "would run code"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:a\n", "git lfs pull"),
        (b"<!DOCTYPE html><html></html>", "page"),
        (b"-----\nName  Self CPU %  Self CPU\n", "export_chrome_trace"),
        (b'"ID","Process ID","Kernel Name","Section Name"\n', "Nsight Compute"),
        (b'[\n  { "count" : 10 }\n, { "name" : "a", "averageMs" : 1 }]', "trtexec"),
        (b"forward;mm 100\n", "stacks"),
        (b"\x0a\x2c\x0a" + b"\x08\x01" * 99, "traceconv"),
        (b'{"benchmarks": []}', "its first members: 'benchmarks'"),
        (b"[1, 2]", "JSON without events"),
    ],
    # Archives hold the time of day, which would name a test anew in every process.
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_one_line_says_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "given"
    path.write_bytes(content)
    assert words in kind_of_file(path)
    with pytest.raises(TraceFormatError) as error:
        recognise(path)
    assert str(error.value).startswith(f"{path}: not a trace: ")
    assert "\n" not in str(error.value)


def test_tables_of_another_database_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE songs (title TEXT)")
    database.close()
    assert "tables: songs" in kind_of_file(path)


def test_of_words_alone_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("good morning")
    assert kind_of_file(path) == ""


def test_a_profile_of_nvprof_says_how_to_export_it(tmp_path: Path) -> None:
    path = tmp_path / "a.nvvp"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL (start INTEGER)")
    database.close()
    assert "--print-gpu-trace --csv" in kind_of_file(path)
