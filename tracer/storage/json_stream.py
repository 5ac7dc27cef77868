"""Members of a JSON object whose one long array is read item by item, so that a file of any size fits in memory.

The standard decoder parses one item at a time from a buffer that is refilled as it is used up. What is wrong is known
as soon as it is met, and said with its byte; what tools write beside the standard is read (:mod:`.json_repair`).
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

from hw_specs.reading.bounds import BoundedGzip, InputError, open_bounded
from tracer.trace import TraceFormatError

from .json_repair import DECODER, end_of_value, repaired

__all__ = ["JsonStream", "Progress", "encoding_of", "open_plain_or_gzip", "require_whole_gzip", "text_chunks"]

#: Called with the bytes of the file that were read so far, and with all of them.
Progress = Callable[[int, int], None]

_CHUNK = 1 << 20
# Characters that can follow a part of a number which is a number itself.
_TAIL = 3
# Characters from the end within which a word such as -Infinity may be cut.
_LONGEST_WORD = 10
#: Longest item of the array; longer ones are refused. [characters]
_LONGEST_ITEM = 1 << 24
#: Longest other member that is read; longer ones are passed over. [characters]
_LONGEST_MEMBER = 1 << 22
#: Longest value that is repaired. [characters]
_LONGEST_REPAIR = 1 << 20
# How deep arrays may lie that are read item by item.
_DEEPEST = 8
_SPACES = " \t\r\n"
_SPACE = re.compile(f"[{_SPACES}]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}"]', re.DOTALL)
# Byte order marks; that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(head: bytes) -> tuple[str, int]:
    """(encoding, length of the byte order mark) of a text that begins with these bytes and with an ASCII character."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    if len(head) > 1 and not head[0] and head[1]:
        return "utf-16-be", 0
    if len(head) > 1 and head[0] and not head[1]:
        return "utf-16-le", 0
    return "utf-8", 0


def text_chunks(path: Path, size: int = _CHUNK) -> Iterator[str]:
    """Text of a file, plain or compressed, piece by piece; ends early where it is damaged or cannot be read."""
    try:
        content, file = open_plain_or_gzip(path)
        with file, content:
            head = content.read(size)
            encoding, mark = encoding_of(head)
            decode = codecs.getincrementaldecoder(encoding)(errors="replace").decode
            yield decode(head[mark:])
            while more := content.read(_CHUNK):
                yield decode(more)
    except (OSError, EOFError, zlib.error, TraceFormatError):
        return


def open_plain_or_gzip(path: Path) -> tuple[BinaryIO, BinaryIO]:
    """(stream of the content, stream of the file) of a file that may be compressed; told by its first bytes.

    Raises
    ------
    TraceFormatError
        The file cannot be opened.
    """
    try:
        raw = open_bounded(path, pipes=False)
    except InputError as error:
        raise TraceFormatError(f"{path}: {error}") from error
    magic = raw.read(2)
    raw.seek(0)
    return (cast(BinaryIO, BoundedGzip(raw)), raw) if magic == b"\x1f\x8b" else (raw, raw)


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

    Attributes
    ----------
    trailing : int or None
        Byte at which something follows the end of the outermost value that is no value itself.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        """See the class."""
        self.trailing: int | None = None
        self._path = path
        self._progress = progress
        self._content, self._file = open_plain_or_gzip(path)
        self._size = path.stat().st_size
        self._decoder: codecs.IncrementalDecoder | None = None
        self._encoding = "utf-8"
        self._buffer = ""
        self._at = 0
        # Bytes of the content before the buffer.
        self._passed = 0
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

        An outermost array is taken as that member, and may lack its end, as the Trace Event Format allows. Other
        members of more than some megabytes are passed over.

        Raises
        ------
        TraceFormatError
            The file is not JSON, is cut off, or holds something else.
        """
        first = self._peek()
        if first == "[":
            yield from ((array, item) for item in self._items(may_lack_end=True))
        elif first == "{":
            yield from self._object(array)
        else:
            raise self._error("not a JSON object", self._at)
        self._rest()

    def records(self, streamed: Collection[str], around: Collection[str]) -> Iterator[tuple[str, Any]]:
        """(path, item) of the items of arrays that lie within others; everything else is passed over.

        Parameters
        ----------
        streamed : collection of str
            Paths of the arrays, keys with dots between them (``tool.buffer.kernels``); arrays in between have no key.
        around : collection of str
            Paths of what lies around them.

        Raises
        ------
        TraceFormatError
            The file is not JSON, or is cut off.
        """
        yield from self._within("", streamed, around, _DEEPEST)
        self._rest()

    def _within(
        self, path: str, streamed: Collection[str], around: Collection[str], depth: int
    ) -> Iterator[tuple[str, Any]]:
        first = self._peek()
        if path in streamed and first == "[":
            yield from ((path, item) for item in self._items())
        elif (path in around or not path) and first in "{[" and depth:
            self._at += 1
            closing = "}" if first == "{" else "]"
            while self._peek() != closing:
                inner = path
                if first == "{":
                    inner = f"{path}.{self._value(_LONGEST_ITEM)}".lstrip(".")
                    self._expect(":")
                yield from self._within(inner, streamed, around, depth - 1)
                self._separator(closing)
            self._at += 1
        elif first in "{[":
            self._pass_over()
        else:
            self._value(_LONGEST_ITEM)

    def _object(self, array: str) -> Iterator[tuple[str, Any]]:
        self._at += 1
        while self._peek() != "}":
            key = self._value(_LONGEST_ITEM)
            self._expect(":")
            if key == array and self._peek() == "[":
                yield from ((array, item) for item in self._items())
            else:
                try:
                    yield str(key), self._value(_LONGEST_MEMBER)
                except _TooLongError:
                    self._pass_over()
            self._separator("}")
        self._at += 1

    def _items(self, *, may_lack_end: bool = False) -> Iterator[Any]:
        self._at += 1
        while not (may_lack_end and self._at_end()) and self._peek() != "]":
            try:
                yield self._value(_LONGEST_ITEM)
            except _TooLongError:
                raise self._error(f"a value of more than {_LONGEST_ITEM >> 20} MB", self._at) from None
            if may_lack_end and self._at_end():
                return
            self._separator("]")
        self._at += 1

    def _rest(self) -> None:
        """Look at what follows the outermost value."""
        if self._at_end():
            return
        if self._peek() in "{[":
            raise self._error("a second file begins inside this one", self._at)
        self.trailing = self._byte(self._at)

    def _separator(self, closing: str) -> None:
        if self._peek() == ",":
            self._at += 1
        elif self._peek() != closing:
            self._expect(closing, f"',' or '{closing}'")

    def _expect(self, character: str, what: str = "") -> None:
        if self._peek() != character:
            raise self._not_json(f"{what or repr(character)} expected", self._at)
        self._at += 1

    def _at_end(self) -> bool:
        """Whether nothing but space follows."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return False
            if not self._fill():
                return True

    def _peek(self) -> str:
        """Next character that is not space; moves to it."""
        following = self._buffer[self._at : self._at + 1]
        if following and following not in _SPACES:
            return following
        if self._at_end():
            raise self._error("cut off", self._at)
        return self._buffer[self._at]

    def _value(self, longest: int) -> Any:
        self._peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if self._ended or not self._is_incomplete(error):
                    return self._repair(error)
                self._more(longest)
                continue
            except RecursionError:
                raise self._error("values nested too deeply", self._at) from None
            except ValueError:
                raise self._error("a number of thousands of digits", self._at) from None
            # A number near the end of the buffer may go on in the next chunk: "1.", "1e+" are read as 1 so far.
            if isinstance(value, int | float) and len(self._buffer) - end < _TAIL and not self._ended:
                self._fill()
                continue
            self._at = end
            return value

    def _is_incomplete(self, error: json.JSONDecodeError) -> bool:
        """Whether the buffer ends where the decoder could not go on."""
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._buffer) - _LONGEST_WORD

    def _more(self, longest: int) -> None:
        """Lengthen the buffer for a value that is not complete."""
        if len(self._buffer) - self._at > longest:
            raise _TooLongError
        self._fill()

    def _repair(self, error: json.JSONDecodeError) -> Any:
        """The value although the decoder refuses it."""
        shift, cut = error.pos - self._at, self._is_incomplete(error)
        end = end_of_value(self._buffer, self._at)
        while end is None and len(self._buffer) - self._at < _LONGEST_REPAIR and self._fill():
            end = end_of_value(self._buffer, self._at)
        if end is not None:
            try:
                value = repaired(self._buffer[self._at : end])
            except (ValueError, RecursionError):
                pass
            else:
                self._at = end
                return value
        if cut and end in (None, len(self._buffer)):
            raise self._error("cut off", len(self._buffer))
        raise self._not_json(error.msg, self._at + shift)

    def _pass_over(self) -> None:
        """Move behind a value without reading it."""
        depth = 0
        while True:
            for token in _TOKEN.finditer(self._buffer, self._at):
                if token[0] == '"':
                    break  # Of a text that goes on in the next chunk.
                self._at = token.end()
                depth += 1 if token[0] in "{[" else -1 if token[0] in "}]" else 0
                if depth == 0:
                    return
            if len(self._buffer) - self._at > _LONGEST_ITEM:
                raise self._error("a text that does not end", self._at)
            if not self._fill():
                raise self._error("cut off", len(self._buffer))

    def _fill(self) -> bool:
        if self._ended:
            return False
        # A value of many chunks is parsed anew with each: chunks double, so that this stays linear.
        wanted = max(_CHUNK, len(self._buffer) - self._at)
        try:
            data = self._content.read(wanted)
            if self._decoder is None:
                data += self._content.read(len(codecs.BOM_UTF32_LE))
        except (OSError, EOFError, zlib.error) as error:
            raise self._error(f"cut off or damaged ({error})", len(self._buffer)) from error
        self._ended = not data
        if self._decoder is None:
            self._encoding, self._passed = encoding_of(data)
            self._decoder = codecs.getincrementaldecoder(self._encoding)(errors="replace")
            data = data[self._passed :]
        self._passed += self._length(self._buffer[: self._at])
        self._buffer = self._buffer[self._at :] + self._decoder.decode(data, final=self._ended)
        self._at = 0
        if self._progress is not None:
            self._progress(min(self._file.tell(), self._size), self._size)
        return not self._ended

    def _length(self, text: str) -> int:
        """Bytes of a text in the file; a byte that is no character counts as one."""
        if text.isascii() and self._encoding == "utf-8":
            return len(text)
        length = len(text.encode(self._encoding, errors="replace"))
        return length - 2 * text.count("\ufffd") if self._encoding == "utf-8" else length

    def _byte(self, at: int) -> int:
        return self._passed + self._length(self._buffer[:at])

    def _not_json(self, what: str, at: int) -> TraceFormatError:
        interleaved = self._buffer[at : at + 1] in ("{", "[")
        return self._error(f"not JSON: {what[:1].lower()}{what[1:]}", at, ": two files interleaved?" * interleaved)

    def _error(self, what: str, at: int, hint: str = "") -> TraceFormatError:
        of = "the uncompressed file" if self._content is not self._file else "the file"
        return TraceFormatError(f"{self._path}: {what}, at byte {self._byte(at)} of {of}{hint}")


class _TooLongError(Exception):
    """A value is longer than is read."""
