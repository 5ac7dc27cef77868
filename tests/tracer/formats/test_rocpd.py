"""Databases of ROCm's profilers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tracer.formats import recognise, rocpd
from tracer.trace import KernelKind, TraceFormatError

_COLUMNS = {
    "rocpd_string": "id, string",
    "rocpd_info_kernel_symbol": "id, kernel_name, display_name",
    "rocpd_info_agent": "id, type, name, product_name",
    "rocpd_event": "id, stack_id, correlation_id",
    "rocpd_kernel_dispatch": "id, nid, pid, tid, agent_id, kernel_id, queue_id, stream_id, start, end, event_id",
    "rocpd_memory_copy": "id, pid, tid, start, end, name_id, dst_agent_id, src_agent_id, size, stream_id, event_id",
    "rocpd_region": "id, nid, pid, tid, start, end, name_id, event_id",
}
_ROWS: dict[str, list[tuple[Any, ...]]] = {
    "rocpd_string": [(1, "hipLaunchKernel"), (2, "hipMemcpyAsync"), (3, "MEMORY_COPY_HOST_TO_DEVICE")],
    "rocpd_info_kernel_symbol": [(5, "Cijk_Ailk.kd", "Cijk_Ailk")],
    "rocpd_info_agent": [(1, "CPU", "host", "EPYC"), (2, "GPU", "gfx942", "AMD Instinct MI300X")],
    "rocpd_event": [(10, 77, 0), (11, 77, 0), (12, 78, 0), (13, 78, 0)],
    "rocpd_kernel_dispatch": [(1, 1, 1, 4, 2, 5, 1, 3, 5000, 8000, 10)],
    "rocpd_memory_copy": [(1, 1, 4, 200, 900, 3, 2, 1, 4096, 3, 12)],
    "rocpd_region": [(1, 1, 1, 4, 1000, 1400, 1, 11), (2, 1, 1, 4, 100, 150, 2, 13)],
}


def _write(
    path: Path, suffixes: tuple[str, ...], columns: dict[str, str], rows: dict[str, list[tuple[Any, ...]]]
) -> Path:
    with closing(sqlite3.connect(path)) as database:
        for table, names in columns.items():
            for suffix in suffixes:
                database.execute(f'CREATE TABLE "{table}{suffix}" ({names})')
                for row in rows.get(table, ()):
                    marks = ",".join("?" * len(row))
                    database.execute(f'INSERT INTO "{table}{suffix}" VALUES ({marks})', row)  # noqa: S608
            database.execute(f'CREATE VIEW IF NOT EXISTS "view_{table}" AS SELECT 1')
        database.commit()
    return path


def test_dispatches_copies_and_calls(tmp_path: Path) -> None:
    path = _write(tmp_path / "123_results.db", ("_00a1",), _COLUMNS, _ROWS)
    assert recognise(path) == "rocpd"
    trace = rocpd.read(path)
    copy, gemm = trace.kernel_events()
    assert (copy.name, copy.kind, gemm.name, gemm.stream) == ("Memcpy HtoD", KernelKind.MEMCPY, "Cijk_Ailk", 3)
    assert (copy.duration, gemm.duration) == (pytest.approx(7e-7), pytest.approx(3e-6))
    assert [trace.host_names[trace.host.name[i]] for i in trace.kernels.launch] == ["hipMemcpyAsync", "hipLaunchKernel"]
    assert (trace.name, trace.facts.device, trace.facts.num_devices) == ("123", "AMD Instinct MI300X", 1)


def test_processes_have_tables_of_their_own(tmp_path: Path) -> None:
    trace = rocpd.read(_write(tmp_path / "t.db", ("_00a1", "_00b2"), _COLUMNS, _ROWS))
    assert len(trace.kernels) == 4
    assert trace.kernels.device.tolist() == [0, 1, 0, 1]
    assert sorted(trace.kernels.launch.tolist()) == [0, 1, 2, 3]


def test_databases_of_the_older_tool(tmp_path: Path) -> None:
    columns = {
        "rocpd_string": "id, string",
        "rocpd_op": "id, gpuId, queueId, sequenceId, start, end, description_id, opType_id",
        "rocpd_api": "id, pid, tid, start, end, apiName_id, args_id",
        "rocpd_api_ops": "id, api_id, op_id",
    }
    rows: dict[str, list[tuple[Any, ...]]] = {
        "rocpd_string": [
            (1, "Cijk_Ailk"),
            (2, "KernelExecution"),
            (3, ""),
            (4, "CopyDeviceToHost"),
            (5, "hipLaunchKernel"),
        ],
        "rocpd_op": [(7, 0, 1, 0, 5000, 8000, 1, 2), (8, 0, 1, 0, 9000, 9500, 3, 4)],
        "rocpd_api": [(20, 1, 4, 1000, 1400, 5, 3)],
        "rocpd_api_ops": [(1, 20, 7)],
    }
    path = _write(tmp_path / "t.rpd", ("",), columns, rows)
    assert recognise(path) == "rocpd"
    trace = rocpd.read(path)
    gemm, copy = trace.kernel_events()
    assert (gemm.name, copy.name, copy.kind) == ("Cijk_Ailk", "CopyDeviceToHost", KernelKind.MEMCPY)
    assert trace.kernels.launch.tolist() == [0, -1]


def test_what_is_missing_or_damaged(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "t.db",
        ("_1",),
        {"rocpd_kernel_dispatch": "id, start, end"},
        {"rocpd_kernel_dispatch": [(1, "x", 5)]},
    )
    with pytest.raises(TraceFormatError, match="1 x device event without a time"):
        rocpd.read(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + b"\xff" * 200 + whole[400:])
    if rocpd.recognises(path):
        with pytest.raises(TraceFormatError):
            rocpd.read(path)
    path.write_text("SQLite format 3", encoding="utf-8")
    assert not rocpd.recognises(path)
