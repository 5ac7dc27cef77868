"""Protocol buffers without schemas; bytes are those of the examples in their documentation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.storage.protobuf_wire import WireError, delimited, encoded, fields, framed, packed, signed, text, varint


def test_the_examples_of_the_documentation() -> None:
    assert list(fields(memoryview(b"\x08\x96\x01"))) == [(1, 150)]
    ((number, value),) = fields(memoryview(b"\x12\x07testing"))
    assert (number, text(value)) == (2, "testing")
    assert varint(memoryview(b"\x96\x01\x00"), 0) == (150, 2)


def test_numbers_of_all_kinds() -> None:
    parts = dict(fields(memoryview(b"\x08" + b"\xff" * 9 + b"\x01" + b"\x11" + bytes(8) + b"\x1d" + bytes(4))))
    assert signed(parts[1]) == -1
    assert (len(parts[2]), len(parts[3])) == (8, 4)  # type: ignore[arg-type]
    assert signed(parts[2]) == 0
    assert text(5) == ""


def test_messages_behind_their_lengths() -> None:
    assert [bytes(m) for m in delimited(memoryview(b"\x02ab\x00\x01c"))] == [b"ab", b"", b"c"]
    with pytest.raises(WireError, match="cut off"):
        list(delimited(memoryview(b"\x05ab")))


@pytest.mark.parametrize("data", [b"\x08", b"\x12\x07test", b"\x0b", b"\x08" + b"\xff" * 11, b"\x11\x00"])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        list(fields(memoryview(data)))


@given(data=st.binary(max_size=40))
def test_any_bytes_end(data: bytes) -> None:
    try:
        assert sum(1 for _ in fields(memoryview(data))) <= len(data)
    except WireError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32, 2**63, 2**64 - 1])
def test_numbers_that_are_written_are_read(number):
    message = encoded([(5, number)])
    assert list(fields(memoryview(message))) == [(5, number)]


def test_negative_numbers_texts_and_lists_are_written_as_they_are_read():
    message = encoded([(1, -3), (2, "gemm"), (3, packed([1, 300]))])
    found = dict(fields(memoryview(message)))
    assert signed(found[1]) == -3
    assert text(found[2]) == "gemm"
    assert bytes(found[3]) == b"\x01\xac\x02"
    assert list(delimited(memoryview(framed(message)))) == [message]
