"""All bytes of a file that is read as a whole, plain or compressed, within bounds."""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hw_specs.reading.bounds import raised
from tracer.trace import TraceFormatError

from .json_stream import open_plain_or_gzip

__all__ = ["file_content", "head_of"]

#: Most that is uncompressed into memory. [B]
_MOST_UNCOMPRESSED = 1 << 29


@contextmanager
def file_content(path: Path) -> Iterator[memoryview]:
    """Bytes of a file: mapped where it is plain, so that it takes no memory.

    Raises
    ------
    TraceFormatError
        The file is empty, damaged, or holds more than half a gigabyte once uncompressed.
    """
    content, file = open_plain_or_gzip(path)
    with file, content:
        if content is not file:
            yield memoryview(_uncompressed(path))
            return
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (ValueError, OSError) as error:
            raise TraceFormatError(f"{path}: empty, or cannot be read ({error})") from error
        # Views of it may outlive the reader; the map goes with the last of them.
        yield memoryview(mapped)


def _uncompressed(path: Path) -> bytes:
    content, file = open_plain_or_gzip(path)
    with file, content:
        try:
            data = content.read(raised(_MOST_UNCOMPRESSED) + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise TraceFormatError(f"{path}: cut off or damaged ({error})") from error
    if len(data) > raised(_MOST_UNCOMPRESSED):
        raise TraceFormatError(
            f"{path}: more than {raised(_MOST_UNCOMPRESSED) >> 20} MB once uncompressed; uncompress it first"
        )
    return data


def head_of(path: Path, size: int) -> bytes:
    """First bytes of the content; empty where it cannot be read."""
    try:
        content, file = open_plain_or_gzip(path)
        with file, content:
            return content.read(size)
    except (OSError, EOFError, zlib.error, TraceFormatError):
        return b""
