"""JSON read item by item."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.storage import json_stream
from tracer.storage.json_stream import JsonStream, text_chunks
from tracer.trace import TraceFormatError


def _members(path: Path) -> list[tuple[str, Any]]:
    with JsonStream(path) as stream:
        return list(stream.members("items"))


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_items_and_other_members(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.json", ' {"a": 1, "items": [1, {"b": [2]}, "x"] , "c": {"items": [9]}} ')
    assert _members(path) == [("a", 1), ("items", 1), ("items", {"b": [2]}), ("items", "x"), ("c", {"items": [9]})]


def test_an_outermost_array_is_the_member(tmp_path: Path) -> None:
    assert _members(_write(tmp_path / "a.json", "[1, 2]")) == [("items", 1), ("items", 2)]
    assert _members(_write(tmp_path / "a.json", "[]")) == []
    assert _members(_write(tmp_path / "a.json", "{}")) == []


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(_VALUES, max_size=6), chunk=st.integers(1, 12), packed=st.booleans())
def test_any_chunk_size_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, items: list[Any], chunk: int, packed: bool
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    text = json.dumps({"before": "é", "items": items}, ensure_ascii=False).encode()
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(text) if packed else text)
    assert _members(path) == [("before", "é"), *(("items", item) for item in items)]


@pytest.mark.parametrize("number", ["1.5", "-2e+10", "31", "1E5", "0.25e-3"])
def test_numbers_split_between_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    path = _write(tmp_path / "a.json", f'{{"items": [{number}, {number}]}}')
    for chunk in range(1, 30):
        monkeypatch.setattr(json_stream, "_CHUNK", chunk)
        assert _members(path) == [("items", float(number))] * 2


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    try:
        _members(path)
    except TraceFormatError as error:
        message = str(error)
    else:
        message = str(path)
    assert "\n" not in message
    assert str(path) in message


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_cut_off_is_refused_wherever_it_ends(tmp_path: Path, packed: bool) -> None:
    text = json.dumps({"a": [1, 2], "items": [{"b": 1.5}, {"c": "d"}]}).encode()
    whole = gzip.compress(text) if packed else text
    path = tmp_path / "a"
    for length in range(1, len(whole) - (8 if packed else 0)):
        path.write_bytes(whole[:length])
        with pytest.raises(TraceFormatError):
            _members(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"items": [1 2]}', "',' or ']' expected"),
        ('{"a" 1}', "':' expected"),
        ('"text"', "not a JSON object"),
        ("", "cut off"),
        ('{"items": [tru]}', "cut off|not JSON"),
        ('{"items": ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TraceFormatError, match=message):
        _members(_write(tmp_path / "a.json", text))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
def test_encodings_are_told_by_their_first_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, chunk: int
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    path = tmp_path / "a.json"
    path.write_bytes('{"a": "é", "items": [1, "ü"]}'.encode(encoding))
    assert _members(path) == [("a", "é"), ("items", 1), ("items", "ü")]
    assert "".join(text_chunks(path)).startswith('{"a": "é"')


def test_an_outermost_array_may_lack_its_end(tmp_path: Path) -> None:
    for text in ("[1, 2", "[1, 2,", "[1, 2,\n"):
        assert _members(_write(tmp_path / "a.json", text)) == [("items", 1), ("items", 2)]
    with pytest.raises(TraceFormatError, match="cut off"):
        _members(_write(tmp_path / "a.json", '[{"a": 1}, {"b'))
    with pytest.raises(TraceFormatError, match="cut off"):
        _members(_write(tmp_path / "a.json", '{"items": [1, 2,'))


@pytest.mark.parametrize(
    ("text", "byte", "message"),
    [
        ('{"items": [{"é": 1}, {"a": "b" "c"}]}', 32, "not JSON: expecting ',' delimiter"),
        ('{"items": [{"a": 1, {"b": 2}]}', 20, "two files interleaved?"),
        ('{"items": [{"a": 1} {"b": 2}]}', 20, "two files interleaved?"),
        ('{"items": [1]} {"items": [2]}', 15, "a second file begins inside this one"),
        ('{"items": [1, 2', 15, "cut off"),
    ],
)
def test_the_byte_of_what_is_wrong(tmp_path: Path, text: str, byte: int, message: str) -> None:
    for encoding, factor in (("utf-8", 1), ("utf-16-le", 2)):
        path = tmp_path / "a.json"
        path.write_bytes(text.encode(encoding))
        place = byte if factor == 1 else 2 * len(text.encode()[:byte].decode())
        with pytest.raises(TraceFormatError, match=re.escape(message)) as error:
            _members(path)
        assert f"at byte {place} of the file" in str(error.value)


def test_bytes_that_are_no_text_do_not_move_the_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"items": ["\xe9\xe8", nope]}')
    with pytest.raises(TraceFormatError, match="at byte 17 of"):
        _members(path)


def test_what_follows_the_end_is_told(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.json", '{"items": [1]}  rest')
    with JsonStream(path) as stream:
        assert list(stream.members("items")) == [("items", 1)]
        assert stream.trailing == 16


def test_long_members_are_passed_over_and_long_items_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", 64)
    monkeypatch.setattr(json_stream, "_LONGEST_MEMBER", 200)
    monkeypatch.setattr(json_stream, "_LONGEST_ITEM", 1000)
    long = {"frames": [{"name": 'a "quoted" } name', "of": [i]} for i in range(100)]}
    path = _write(tmp_path / "a.json", json.dumps({"long": long, "b": 1, "items": [5]}))
    assert _members(path) == [("b", 1), ("items", 5)]
    with pytest.raises(TraceFormatError, match="a value of more than"):
        _members(_write(tmp_path / "a.json", json.dumps({"items": [1, long]})))


def test_a_file_that_is_broken_early_is_not_read_on(tmp_path: Path) -> None:
    """Ten megabytes after the mistake: what was read is what a chunk holds."""
    path = _write(tmp_path / "a.json", '{"items": [{"a": "b" c"},' + '{"a": "b"},' * 1_000_000 + "]}")
    seen: list[int] = []
    with (
        pytest.raises(TraceFormatError, match="at byte 21 of"),
        JsonStream(path, lambda n, _: seen.append(n)) as stream,
    ):
        list(stream.members("items"))
    assert seen[-1] <= 4 << 20


def test_numbers_of_thousands_of_digits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match="digits"):
        _members(_write(tmp_path / "a.json", '{"items": [' + "1" * 5000 + "]}"))


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(json.dumps({"items": list(range(10_000))}).encode()))
    seen: list[tuple[int, int]] = []
    with JsonStream(path, lambda done, size: seen.append((done, size))) as stream:
        list(stream.members("items"))
    size = path.stat().st_size
    assert seen[-1] == (size, size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match="absent: cannot be read"):
        JsonStream(tmp_path / "absent")


def test_records_of_arrays_within_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {"a": {"skip": [{"x": "]"}], "n": 5, "b": [{"c": [1, 2]}, {"c": [{"d": 3}], "e": [4]}]}, "c": [9]}
    for chunk in (3, 1 << 20):
        monkeypatch.setattr(json_stream, "_CHUNK", chunk)
        with JsonStream(_write(tmp_path / "a.json", json.dumps(content))) as stream:
            assert list(stream.records({"a.b.c"}, {"a", "a.b"})) == [("a.b.c", 1), ("a.b.c", 2), ("a.b.c", {"d": 3})]


def test_records_deep_down_are_passed_over(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.json", "[" * 5000 + "]" * 5000)
    with JsonStream(path) as stream:
        assert list(stream.records({"a"}, set())) == []
