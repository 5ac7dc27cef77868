"""Whole files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tracer.storage import file_content as module
from tracer.storage.file_content import file_content, head_of
from tracer.trace import TraceFormatError


@pytest.mark.parametrize("packed", [False, True])
def test_content_and_head(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(b"content") if packed else b"content")
    with file_content(path) as data:
        assert bytes(data) == b"content"
    assert head_of(path, 4) == b"cont"


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    for data, limit, message in (
        (b"", 100, "empty"),
        (gzip.compress(b"content" * 99, mtime=0)[:-20], 1000, "cut off or damaged"),
        (gzip.compress(b"content" * 99, mtime=0), 100, "once uncompressed"),
    ):
        monkeypatch.setattr(module, "_MOST_UNCOMPRESSED", limit)
        path.write_bytes(data)
        with pytest.raises(TraceFormatError, match=message), file_content(path):
            pass
    assert head_of(tmp_path / "absent", 4) == b""
