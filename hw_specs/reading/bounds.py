"""Bounds on what is read: the kind of a file, its size, and how long a pipe may keep silent.

A device never ends, a FIFO that nobody writes into never begins, and a file of any size can lie behind a name: each is
refused in one line before it takes memory or time.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import select
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from hw_specs.output import write_bytes

__all__ = [
    "LARGEST",
    "BoundedGzip",
    "InputError",
    "as_file",
    "megabytes",
    "open_bounded",
    "raised",
    "read_bytes",
    "read_text",
    "text_lines",
]

#: How long a writer of a pipe is waited for, and how long one may write nothing. [s]
_FIRST_WRITER, _SILENCE = 1.0, 60.0
_CHUNK = 1 << 20
#: Longest line of a table [characters], and most of all lines [characters].
_LONGEST_LINE, _LONGEST_TABLE = 1 << 22, 1 << 30
# Bounds from here on may be raised. [B]
_LARGE = 1 << 28
#: How many times what is compressed may expand, once it is longer than so much [B]: tables and traces do 30 times.
_EXPANSION, _FREE = 300, 1 << 26
# A pipe can be read once, and a file is read more than once: by device and number.
_PIPES: dict[tuple[int, int], bytes] = {}


#: Environment variable that raises the bounds of large files: traces, graphs, tables. [MB]
LARGEST = "ROOFCAST_LARGEST_MB"


class InputError(ValueError):
    """A file that cannot be read, or that is beyond a bound. The message is one line without the file's name."""


@contextlib.contextmanager
def as_file(path: Path, *, most: int | None = None) -> Iterator[Path]:
    """Path of a regular file that holds what a file or a pipe does, for readers that move about in it.

    Raises
    ------
    InputError
        It is neither, or a pipe gives more than `most` [B].
    """
    # A pipe must not be opened to be looked at: its writer would see the reader go.
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({getattr(error, 'strerror', error)})") from error
    _refuse_kind(mode, pipes=True)
    if not stat.S_ISFIFO(mode):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        write_bytes(copy, read_bytes(path, most=raised(_LONGEST_TABLE) if most is None else most))
        yield copy


def read_text(path: Path, *, most: int) -> str:
    """Text of a UTF-8 file, as :func:`read_bytes` reads it."""
    try:
        return read_bytes(path, most=most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text (byte {error.start})") from error


def read_bytes(path: Path, *, most: int) -> bytes:
    """Content of a regular file or of a pipe.

    Parameters
    ----------
    path : Path
    most : int
        Longest content that is read. [B]

    Raises
    ------
    InputError
        There is no such file, it is of another kind, it is longer, or nobody writes into the pipe.
    """
    try:
        with open_bounded(path) as stream:
            found = os.fstat(stream.fileno())
            if stat.S_ISFIFO(found.st_mode):
                key = (found.st_dev, found.st_ino)
                if key not in _PIPES:
                    _PIPES[key] = _piped(stream, most)
                return _PIPES[key]
            if found.st_size > most:
                raise InputError(_too_long(most))
            content = stream.read(most + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})") from error
    if len(content) > most:
        raise InputError(_too_long(most))
    return content


class BoundedGzip(gzip.GzipFile):
    """Uncompressed content of a file that must not expand a thousand times; an OSError where it does.

    Parameters
    ----------
    file : binary stream
        Compressed; its place says how much of it was read.
    """

    def __init__(self, file: BinaryIO) -> None:
        """See the class."""
        super().__init__(fileobj=file, mode="rb")
        self._compressed = file

    def read(self, size: int | None = -1) -> bytes:
        """As of any stream, piece by piece where all is asked for."""
        if size is not None and size >= 0:
            return self._checked(super().read(size))
        parts = []
        while part := self._checked(super().read(_CHUNK)):
            parts.append(part)
        return b"".join(parts)

    def read1(self, size: int = -1) -> bytes:
        """As of any stream."""
        return self._checked(super().read1(size))

    def readline(self, size: int | None = -1) -> bytes:
        """As of any stream."""
        return self._checked(super().readline(size))

    def _checked(self, data: bytes) -> bytes:
        if self.tell() > _FREE and self.tell() > _EXPANSION * self._compressed.tell():
            raise OSError(f"expands more than {_EXPANSION} times; uncompress it first if it is meant")
        return data


def text_lines(path: Path) -> Iterator[str]:
    """Lines of a text in UTF-8, plain or compressed with gzip, with their ends; of a file or a pipe.

    Raises
    ------
    InputError
        It cannot be read, is damaged, is no UTF-8, or has a line or a length beyond the bounds.
    """
    with open_bounded(path) as raw:
        piped = stat.S_ISFIFO(os.fstat(raw.fileno()).st_mode)
        file: BinaryIO = io.BytesIO(read_bytes(path, most=1 << 28)) if piped else raw
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        content: Any = BoundedGzip(file) if zipped else file
        with io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as text:
            length, number, longest = 0, 0, raised(_LONGEST_TABLE)
            try:
                while line := text.readline(_LONGEST_LINE):
                    length, number = length + len(line), number + 1
                    if len(line) == _LONGEST_LINE or length > longest:
                        raise InputError(
                            f"line {number} is longer, or all are, than is read of a table; raise {LARGEST}"
                        )
                    yield line
            except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
                raise InputError(f"cut off or damaged, near line {number + 1} ({error})") from error


def open_bounded(path: Path, *, pipes: bool = True) -> BinaryIO:
    """Stream of a regular file, or of a pipe that does not block.

    Raises
    ------
    InputError
        There is no such file, or it is of another kind.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({getattr(error, 'strerror', error)})") from error
    _refuse_kind(mode, pipes)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})") from error
    stream = os.fdopen(descriptor, "rb")
    try:
        _refuse_kind(os.fstat(descriptor).st_mode, pipes)  # another file may have come to the same name
    except InputError:
        stream.close()
        raise
    return stream


def raised(bound: int) -> int:
    """Bound of a large file [B], or what :data:`LARGEST` says where that is more."""
    given = os.environ.get(LARGEST, "")
    return max(bound, int(given) << 20) if given.isdecimal() and len(given) < 9 else bound


def megabytes(size: int) -> str:
    """Size of a bound in words."""
    return f"{size >> 20} MB" if size >> 20 else f"{size >> 10} kB"


def _too_long(most: int) -> str:
    more = f"; {LARGEST}=MEGABYTES raises the bound" if most >= _LARGE else ""
    return f"holds more than {megabytes(most)}, which is as much as is read of such a file{more}"


def _refuse_kind(mode: int, pipes: bool) -> None:
    if stat.S_ISREG(mode) or (pipes and stat.S_ISFIFO(mode)):
        return
    kinds = {stat.S_IFDIR: "folder", stat.S_IFCHR: "device", stat.S_IFBLK: "device", stat.S_IFIFO: "pipe"}
    kind = kinds.get(stat.S_IFMT(mode), "socket")
    raise InputError(f"is a {kind}; give a regular file{' or a pipe' if pipes else ''}")


def _piped(stream: BinaryIO, most: int) -> bytes:
    """All that is written into a pipe, as long as it goes on."""
    parts, length, limit = [], 0, time.monotonic() + _FIRST_WRITER
    while length <= most:
        try:
            part = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            limit = time.monotonic() + _SILENCE
            if not select.select([stream], [], [], _SILENCE)[0]:
                raise InputError(f"is a pipe into which nothing was written for {_SILENCE:.0f} s") from None
            continue
        if part:
            parts.append(part)
            length += len(part)
        elif parts or time.monotonic() > limit:
            break
        else:
            time.sleep(0.01)
    if length > most:
        raise InputError(_too_long(most))
    if not parts:
        raise InputError("is a pipe into which nobody writes")
    return b"".join(parts)
