"""Traces on disk read back equal, and damage is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.storage.trace_file import is_trace_file, load_trace, save_trace
from tracer.trace import Trace, TraceFormatError


def test_reads_back_equal(product_trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    save_trace(product_trace, path)
    assert is_trace_file(path)
    assert load_trace(path) == product_trace
    assert list(tmp_path.iterdir()) == [path]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    starts=st.lists(st.floats(allow_infinity=False), min_size=2, max_size=2),
    durations=st.lists(st.floats(min_value=0, max_value=1.0), min_size=2, max_size=2),
    repeats=st.lists(st.integers(1, 10**9), min_size=2, max_size=2),
)
def test_any_column_reads_back_equal(
    product_trace: Trace, tmp_path: Path, starts: list[float], durations: list[float], repeats: list[int]
) -> None:
    columns = {"start": np.array(starts), "duration": np.array(durations), "repeats": np.array(repeats)}
    trace = replace(product_trace, kernels=replace(product_trace.kernels, **columns))
    save_trace(trace, tmp_path / "a.trace")
    assert load_trace(tmp_path / "a.trace") == trace


def test_whole_nanoseconds_are_stored_as_integers(product_trace: Trace, tmp_path: Path) -> None:
    save_trace(product_trace, tmp_path / "a.trace")
    with np.load(tmp_path / "a.trace") as archive:
        assert archive["kernels.duration"].dtype == np.int32
        assert archive["kernels.start"].tolist() == [18001, 11999]


def test_damage_anywhere_is_one_line_or_harmless(product_trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    save_trace(product_trace, path)
    whole = path.read_bytes()
    for position in range(0, len(whole), 37):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        message = _refusal(path)
        assert message is None or ("\n" not in message and (str(path) in message or "product" in message))
    for length in range(0, len(whole), 101):
        path.write_bytes(whole[:length])
        assert not is_trace_file(path)
        with pytest.raises(TraceFormatError, match="not a trace file, or damaged"):
            load_trace(path)


def _refusal(path: Path) -> str | None:
    try:
        load_trace(path)
    except TraceFormatError as error:
        return str(error)
    return None


def test_foreign_files_are_refused(product_trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, header=np.frombuffer(b'{"version": 1, "name": "x"}', dtype=np.uint8))
    assert not is_trace_file(path)
    with pytest.raises(TraceFormatError, match="header says 'nothing'"):
        load_trace(path)
    np.savez(path, values=np.zeros(3))
    with pytest.raises(TraceFormatError, match="no header"):
        load_trace(path)
    with pytest.raises(TraceFormatError, match="no such file"):
        load_trace(tmp_path / "absent")
    with pytest.raises(TraceFormatError, match="cannot write"):
        save_trace(product_trace, tmp_path / "absent" / "a.trace")


def test_another_version_is_refused(product_trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    header = b'{"kind": "roofcast trace", "version": 99}'
    np.savez(path, header=np.frombuffer(header, dtype=np.uint8))
    with pytest.raises(TraceFormatError, match="version 99; this program reads version 1"):
        load_trace(path)


def test_a_file_of_the_first_release_is_read() -> None:
    """A Linear of 8 to 16 features on a batch of 4, on a CPU."""
    trace = load_trace(Path(__file__).parent / "data" / "version_1.trace")
    (product,) = [op for op in trace.operators if op.name == "aten::addmm"]
    assert [t.shape for t in product.inputs] == [(16,), (4, 8), (8, 16)]
    assert trace.facts.device
