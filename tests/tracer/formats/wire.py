"""Protocol buffers written by hand: ``message((1, 5), (2, "name"), (3, message(...)))``."""

from __future__ import annotations

__all__ = ["delimited", "message"]


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = bytearray()
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A message of these fields."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += _varint(number << 3) + _varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return out


def delimited(*messages: bytes) -> bytes:
    """Messages, each behind its length."""
    return b"".join(_varint(len(data)) + data for data in messages)
