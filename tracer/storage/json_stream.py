"""Members of a JSON object whose one long array is read item by item, so that a file of any size fits in memory.

The standard decoder parses one item at a time from a buffer that is refilled as it is used up.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

from tracer.trace import TraceFormatError

__all__ = ["JsonStream", "Progress", "open_plain_or_gzip", "require_whole_gzip"]

#: Called with the bytes of the file that were read so far, and with all of them.
Progress = Callable[[int, int], None]

_CHUNK = 1 << 20
# Characters that can follow a part of a number which is a number itself.
_TAIL = 3
#: Longest single value outside the array, or item in it. [characters]
_LONGEST_VALUE = 1 << 28
_SPACES = " \t\r\n"
_SPACE = re.compile(f"[{_SPACES}]*")
_DECODER = json.JSONDecoder()


def open_plain_or_gzip(path: Path) -> tuple[BinaryIO, BinaryIO]:
    """(stream of the content, stream of the file) of a file that may be compressed; told by its first bytes.

    Raises
    ------
    TraceFormatError
        The file cannot be opened.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise TraceFormatError(f"{path}: cannot read: {error.strerror}") from error
    magic = raw.read(2)
    raw.seek(0)
    return (cast(BinaryIO, gzip.GzipFile(fileobj=raw)), raw) if magic == b"\x1f\x8b" else (raw, raw)


def require_whole_gzip(path: Path) -> None:
    """Refuse a compressed file that is cut off or damaged; any other file passes.

    Raises
    ------
    TraceFormatError
        It is one.
    """
    content, file = open_plain_or_gzip(path)
    with file:
        if content is file:
            return
        try:
            while content.read(_CHUNK):
                pass
        except (OSError, EOFError, zlib.error) as error:
            raise TraceFormatError(f"{path}: cut off or damaged ({error})") from error


class JsonStream:
    """Reader of one file; use as a context manager.

    Parameters
    ----------
    path : Path
        Plain or gzip.
    progress : callable, optional
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        """See the class."""
        self._path = path
        self._progress = progress
        self._content, self._file = open_plain_or_gzip(path)
        self._size = path.stat().st_size
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._buffer = ""
        self._at = 0
        self._ended = False

    def __enter__(self) -> JsonStream:
        """The stream itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self._content.close()
        self._file.close()

    def members(self, array: str) -> Iterator[tuple[str, Any]]:
        """(key, value) of the outermost object; the items of its member `array` come one by one under that key.

        An outermost array is taken as that member, as the Trace Event Format allows.

        Raises
        ------
        TraceFormatError
            The file is not JSON, is cut off, or holds something else.
        """
        first = self._peek()
        if first == "[":
            yield from ((array, item) for item in self._items())
            return
        if first != "{":
            raise self._error("not a JSON object")
        self._at += 1
        while self._peek() != "}":
            key = self._value()
            self._expect(":")
            if key == array and self._peek() == "[":
                yield from ((array, item) for item in self._items())
            else:
                yield str(key), self._value()
            self._separator("}")

    def _items(self) -> Iterator[Any]:
        self._at += 1
        while self._peek() != "]":
            yield self._value()
            self._separator("]")
        self._at += 1

    def _separator(self, closing: str) -> None:
        if self._peek() == ",":
            self._at += 1
        elif self._peek() != closing:
            raise self._error(f"',' or '{closing}' expected")

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise self._error(f"'{character}' expected")
        self._at += 1

    def _peek(self) -> str:
        """Next character that is not space; moves to it."""
        while True:
            following = self._buffer[self._at : self._at + 1]
            if following and following not in _SPACES:
                return following
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at == len(self._buffer) and not self._fill():
                raise self._error("cut off")

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self._error("cut off" if self._ended else f"not JSON ({error.msg})") from None
                continue
            except RecursionError:
                raise self._error("values nested too deeply") from None
            # A number near the end of the buffer may go on in the next chunk: "1.", "1e+" are read as 1 so far.
            if isinstance(value, int | float) and len(self._buffer) - end < _TAIL and not self._ended:
                self._fill()
                continue
            self._at = end
            return value

    def _more(self) -> bool:
        """Lengthen the buffer for a value that is not complete; false where that cannot help."""
        if len(self._buffer) - self._at > _LONGEST_VALUE:
            return False
        return self._fill()

    def _fill(self) -> bool:
        if self._ended:
            return False
        # A value of many chunks is parsed anew with each: chunks double, so that this stays linear.
        wanted = max(_CHUNK, len(self._buffer) - self._at)
        try:
            data = self._content.read(wanted)
        except (OSError, EOFError, zlib.error) as error:
            raise self._error(f"cut off or damaged ({error})") from error
        self._ended = not data
        self._buffer = self._buffer[self._at :] + self._decode.decode(data, final=self._ended)
        self._at = 0
        if self._progress is not None:
            self._progress(min(self._file.tell(), self._size), self._size)
        return bool(data)

    def _error(self, what: str) -> TraceFormatError:
        return TraceFormatError(f"{self._path}: {what}, near byte {self._file.tell()} of the file")
