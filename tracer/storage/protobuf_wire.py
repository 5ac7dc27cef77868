"""Fields of protocol buffers as they lie in a file, without their schemas.

Trace formats need a dozen fields of four messages, whose numbers never change; a reader of the wire format is smaller
than the library with its generated modules, and takes one message at a time (Protocol Buffers, "Encoding").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = [
    "WireError",
    "delimited",
    "encoded",
    "fields",
    "framed",
    "packed",
    "signed",
    "text",
    "varint",
]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10


class WireError(ValueError):
    """Bytes that are no protocol buffer."""


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """(whole number, place behind it).

    Raises
    ------
    WireError
        The number does not end.
    """
    value = 0
    for count in range(_LONGEST_VARINT):
        if at + count >= len(data):
            raise WireError("cut off")
        byte = data[at + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value & (2**64 - 1), at + count + 1
    raise WireError("a number of more than 64 bits")


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field of a message: whole numbers, or the bytes of everything else.

    Raises
    ------
    WireError
        The bytes are no message.
    """
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = varint(data, at)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise WireError(f"a field of kind {kind}")
        if size > len(data) - at:
            raise WireError("cut off")
        yield key >> 3, data[at : at + size]
        at += size


def delimited(data: memoryview) -> Iterator[memoryview]:
    """Messages one after another, each behind its length.

    Raises
    ------
    WireError
        The last one is cut off.
    """
    at = 0
    while at < len(data):
        size, at = varint(data, at)
        if size > len(data) - at:
            raise WireError("cut off")
        yield data[at : at + size]
        at += size


def signed(value: int | memoryview) -> int:
    """Whole number of a field that may be negative; 0 for a field that is none."""
    if not isinstance(value, int):
        return 0
    return value - 2**64 if value >= 2**63 else value


def text(value: int | memoryview) -> str:
    """Text of a field; empty for a number."""
    return "" if isinstance(value, int) else bytes(value).decode("utf-8", errors="replace")


def _written(value: int) -> bytes:
    """A whole number of at most 64 bits as a varint."""
    rest, found = value & (2**64 - 1), bytearray()
    while rest >= 0x80:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)


def encoded(parts: Iterable[tuple[int, int | str | bytes]]) -> bytes:
    """A message of (number, value) of fields in order: whole numbers, texts, bytes of messages or packed numbers."""
    found = bytearray()
    for number, value in parts:
        if isinstance(value, int):
            found += _written(number << 3 | _VARINT) + _written(value)
            continue
        content = value.encode("utf-8") if isinstance(value, str) else value
        found += framed(content, _written(number << 3 | _BYTES))
    return bytes(found)


def framed(message: bytes, key: bytes = b"") -> bytes:
    """A message behind its length, as :func:`delimited` reads it."""
    return key + _written(len(message)) + message


def packed(numbers: Iterable[int]) -> bytes:
    """Whole numbers of a repeated field."""
    return b"".join(map(_written, numbers))
