"""Every format keeps the contract of its folder, and files find their format."""

from __future__ import annotations

import gzip
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracer.formats.catalogue import find_format, format_names, read_trace, recognise
from tracer.trace import Trace, TraceFormatError

_FOREIGN = {
    "empty": b"",
    "text": b"hello\n",
    "json": b'{"a": [1, 2]}',
    "array": b"[1, 2, 3]",
    "csv": b"a,b\n1,2\n",
    "zip": b"PK\x03\x04" + b"\x00" * 60,
    "gzip of nothing": gzip.compress(b""),
    "damaged gzip": b"\x1f\x8b" + b"\x00" * 30,
    "sqlite": b"SQLite format 3\x00" + b"\x01" * 200,
    "binary": bytes(range(256)),
}


def test_a_file_is_a_format() -> None:
    folder = Path(inspect.getfile(read_trace)).parent
    assert set(format_names()) == {p.stem for p in folder.glob("*.py")} - {"__init__", "catalogue"}


@pytest.mark.parametrize("name", format_names())
def test_a_format_recognises_and_reads(name: str) -> None:
    module: Any = find_format(name)
    assert list(inspect.signature(module.recognises).parameters) == ["path"]
    assert list(inspect.signature(module.read).parameters) == ["path", "progress"]
    assert sorted({"read", "recognises"} & set(module.__all__)) == ["read", "recognises"]


@pytest.mark.parametrize("kind", _FOREIGN)
@pytest.mark.parametrize("name", format_names())
def test_foreign_files_are_declined_and_refused(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(_FOREIGN[kind])
    module = find_format(name)
    assert not module.recognises(path)
    with pytest.raises(TraceFormatError) as caught:
        module.read(path)
    assert "\n" not in str(caught.value)


def test_nobody_takes_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(_FOREIGN["json"])
    with pytest.raises(TraceFormatError, match="not a trace: JSON without events"):
        recognise(path)
    path.write_text("good morning")
    with pytest.raises(TraceFormatError, match="not a trace in any known format; known: chakra, chrome_processes"):
        recognise(path)
    with pytest.raises(TraceFormatError, match="is a folder, not a trace"):
        recognise(tmp_path)
    path.write_bytes(gzip.compress(b'{"traceEvents": [' + bytes(range(256)) * 40)[:200])
    with pytest.raises(TraceFormatError, match="cut off or damaged"):
        recognise(path)
    with pytest.raises(TraceFormatError, match="no such file"):
        recognise(tmp_path / "absent")
    with pytest.raises(TraceFormatError, match="no trace format 'chrome'; valid: "):
        read_trace(path, format_name="chrome")


def test_a_format_may_be_named(write_chrome: Callable[..., Path], events: list[dict[str, Any]]) -> None:
    path = write_chrome(events)
    assert recognise(path) == "kineto"
    trace: Trace = read_trace(path, format_name="kineto")
    assert trace == read_trace(path)
    with pytest.raises(TraceFormatError, match="not a trace file"):
        read_trace(path, format_name="roofcast_trace")
