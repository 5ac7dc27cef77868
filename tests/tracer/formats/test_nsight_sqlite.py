"""Exports of Nsight Systems."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tracer.events.attribution import attribute
from tracer.events.device_idle import device_idle
from tracer.formats import nsight_sqlite
from tracer.trace import KernelKind, TraceFormatError

_PROCESS = 77 << 24
_THREAD = _PROCESS | 9
_TABLES = {
    "StringIds": "id INTEGER PRIMARY KEY, value TEXT NOT NULL",
    "CUPTI_ACTIVITY_KIND_KERNEL": (
        "start INT, end INT, deviceId INT, streamId INT, correlationId INT, globalPid INT, demangledName INT, "
        "shortName INT, gridX INT"
    ),
    "CUPTI_ACTIVITY_KIND_MEMCPY": (
        "start INT, end INT, deviceId INT, streamId INT, correlationId INT, globalPid INT, bytes INT, copyKind INT"
    ),
    "CUPTI_ACTIVITY_KIND_RUNTIME": "start INT, end INT, globalTid INT, correlationId INT, nameId INT",
    "NVTX_EVENTS": "start INT, end INT, eventType INT, text TEXT, textId INT, globalTid INT",
    "TARGET_INFO_GPU": "id INT, name TEXT",
}
_ROWS: dict[str, list[tuple[Any, ...]]] = {
    "StringIds": [(1, "sm90_gemm_f16f16"), (2, "cudaLaunchKernel_v7000"), (3, "module:net.fc"), (4, "elementwise")],
    "CUPTI_ACTIVITY_KIND_KERNEL": [
        (5000, 8000, 0, 7, 11, _PROCESS, 1, 1, 4),
        (9000, 9500, 0, 7, 12, _PROCESS, 4, 4, 4),
    ],
    "CUPTI_ACTIVITY_KIND_MEMCPY": [(100, 200, 0, 7, 13, _PROCESS, 64, 1)],
    "CUPTI_ACTIVITY_KIND_RUNTIME": [(1500, 1800, _THREAD, 11, 2), (4000, 4100, _THREAD, 12, 2)],
    "NVTX_EVENTS": [
        (1000, 3000, 59, "aten::mm, seq = 4, sizes = [[4, 8], [8, 2]]", None, _THREAD),
        (900, 3500, 59, None, 3, _THREAD),
        (950, None, 34, "a mark", None, _THREAD),
    ],
    "TARGET_INFO_GPU": [(0, "NVIDIA H100 80GB HBM3")],
}


def _write(path: Path, tables: dict[str, str] = _TABLES, rows: dict[str, list[tuple[Any, ...]]] = _ROWS) -> Path:
    with closing(sqlite3.connect(path)) as database:
        for table, columns in tables.items():
            database.execute(f"CREATE TABLE {table} ({columns})")
            for row in rows.get(table, ()):
                database.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)  # noqa: S608
        database.commit()
    return path


def test_kernels_launches_and_ranges(tmp_path: Path) -> None:
    path = _write(tmp_path / "report.sqlite")
    assert nsight_sqlite.recognises(path)
    seen: list[tuple[int, int]] = []
    trace = nsight_sqlite.read(path, lambda done, size: seen.append((done, size)))
    copy, gemm, add = trace.kernel_events()
    assert gemm.operator is not None
    assert gemm.operator.name == "aten::mm"
    # Ranges name no dtype; the kernels speak of float16.
    assert [t.dtype for t in gemm.operator.inputs] == ["float16", "float16"]
    assert gemm.operator.outputs[0].shape == (4, 2)
    assert gemm.module == "net.fc"
    assert gemm.duration == 3e-6
    assert add.operator is None
    assert (copy.name, copy.kind) == ("Memcpy HtoD", KernelKind.MEMCPY)
    assert trace.host_names == ("cudaLaunchKernel",)
    assert trace.facts.device == "NVIDIA H100 80GB HBM3"
    assert seen[-1] == (path.stat().st_size,) * 2


def test_kernels_alone_are_enough(tmp_path: Path) -> None:
    tables = {name: _TABLES[name] for name in ("StringIds", "CUPTI_ACTIVITY_KIND_KERNEL")}
    trace = nsight_sqlite.read(_write(tmp_path / "a.sqlite", tables))
    assert trace.operators == ()
    assert trace.device_time == pytest.approx(3.5e-6)


def test_the_same_correlation_in_two_processes_is_two_launches(tmp_path: Path) -> None:
    other = 78 << 24
    rows = dict(_ROWS)
    rows["CUPTI_ACTIVITY_KIND_KERNEL"] = [
        *_ROWS["CUPTI_ACTIVITY_KIND_KERNEL"],
        (5000, 5100, 1, 7, 11, other, 4, 4, 1),
    ]
    rows["CUPTI_ACTIVITY_KIND_RUNTIME"] = [*_ROWS["CUPTI_ACTIVITY_KIND_RUNTIME"], (1, 2, other | 3, 11, 2)]
    trace = nsight_sqlite.read(_write(tmp_path / "a.sqlite", rows=rows))
    on_second = [event for event in trace.kernel_events() if event.device == 1]
    assert [event.operator for event in on_second] == [None]


def test_rows_without_times_are_counted(tmp_path: Path) -> None:
    rows = dict(_ROWS)
    rows["CUPTI_ACTIVITY_KIND_KERNEL"] = [(5000, None, 0, 7, 11, _PROCESS, 1, 1, 4), (9000, 8000, 0, 7, 1, 1, 1, 1, 1)]
    trace = nsight_sqlite.read(_write(tmp_path / "a.sqlite", rows=rows))
    assert trace.skipped == {"device event without a time": 1, "device event of negative duration": 1}


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    lacking = {**_TABLES, "CUPTI_ACTIVITY_KIND_KERNEL": "start INT, deviceId INT"}
    path = _write(tmp_path / "a.sqlite", lacking, {})
    with pytest.raises(TraceFormatError, match="table CUPTI_ACTIVITY_KIND_KERNEL has no column end"):
        nsight_sqlite.read(path)
    with pytest.raises(TraceFormatError, match="no such file"):
        nsight_sqlite.read(tmp_path / "absent")
    with pytest.raises(TraceFormatError, match="no operator call and no device event"):
        nsight_sqlite.read(_write(tmp_path / "b.sqlite", rows={}))


def test_damage_is_one_line(tmp_path: Path) -> None:
    whole = _write(tmp_path / "a.sqlite").read_bytes()
    path = tmp_path / "cut.sqlite"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TraceFormatError, match="or damaged"):
        nsight_sqlite.read(path)
    path.write_bytes(b"SQLite format 3\x00" + b"\x00" * 200)
    assert not nsight_sqlite.recognises(path)


def test_other_databases_are_not_recognised(tmp_path: Path) -> None:
    assert not nsight_sqlite.recognises(_write(tmp_path / "a.sqlite", {"notes": "id INT"}, {}))


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("aten::add, op_id = 4", []),
        ("aten::add, seq = 1, sizes = [[2], [], []], op_id = 3, input_op_ids = [(1, 0)]", [[2], [], []]),
        ("aten::cat, seq = 0, sizes = [[[1, 2], [3, 4]], []]", [[[1, 2], [3, 4]], []]),
        ("aten::add, sizes = [[2", []),
        ("aten::add, sizes = 5", []),
    ],
)
def test_sizes_in_names_of_ranges(text: str, shapes: list[object]) -> None:
    assert list(nsight_sqlite._arguments(text, "float").shapes) == shapes


def test_processes_have_devices_of_their_own(tmp_path: Path) -> None:
    """Two ranks of one report, each with its own device 0 and the same correlation."""
    other = 78 << 24
    tables = {**_TABLES, "TARGET_INFO_CUDA_DEVICE": "gpuId INT, cudaId INT, pid INT, uuid TEXT"}
    rows = {
        "StringIds": _ROWS["StringIds"],
        "CUPTI_ACTIVITY_KIND_KERNEL": [
            (5000, 8000, 0, 7, 11, _PROCESS, 1, 1, 4),
            (6000, 8500, 0, 7, 11, other, 4, 4, 4),
        ],
        "CUPTI_ACTIVITY_KIND_RUNTIME": [(1500, 1800, _THREAD, 11, 2), (1400, 1450, other | 5, 11, 2)],
        "NVTX_EVENTS": [
            (1000, 3000, 59, "aten::mm, seq = 4, sizes = [[4, 8], [8, 2]]", None, _THREAD),
            (1000, 3000, 59, "aten::relu, seq = 5, sizes = [[4, 8]]", None, other | 5),
        ],
        "TARGET_INFO_GPU": [(0, "NVIDIA H100"), (3, "NVIDIA H100")],
        "TARGET_INFO_CUDA_DEVICE": [(0, 0, 77, "a"), (3, 0, 78, "b")],
    }
    trace = nsight_sqlite.read(_write(tmp_path / "two.sqlite", tables, rows))
    assert [e.operator.name for e in trace.kernel_events() if e.operator] == ["aten::mm", "aten::relu"]
    assert trace.kernels.device.tolist() == [0, 3]
    assert trace.skipped == {}


_REDUCTION = "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)"


def _two_ranks(path: Path, devices: tuple[int, int], cuda_devices: list[tuple[Any, ...]] | None) -> Path:
    """Three steps of two processes of one report on a server of eight: a product, and a sum over both.

    Correlations, threads and streams have the same numbers in both; the second process is 20 us late.
    """
    processes = ((1 << 48) | (77 << 24), (1 << 48) | (78 << 24))
    tables = {**_TABLES, "PROCESSES": "globalPid INT, pid INT, name TEXT"}
    rows: dict[str, list[tuple[Any, ...]]] = {
        "StringIds": [(1, "sm90_gemm_f16f16"), (2, "cudaLaunchKernel_v7000"), (3, _REDUCTION)],
        "TARGET_INFO_GPU": [(number, "NVIDIA H100 80GB HBM3") for number in range(8)],
        "PROCESSES": [(process, 77 + rank, "python3.11") for rank, process in enumerate(processes)],
    }
    if cuda_devices is not None:
        tables["TARGET_INFO_CUDA_DEVICE"] = "gpuId INT, cudaId INT, pid INT, uuid TEXT"
        rows["TARGET_INFO_CUDA_DEVICE"] = cuda_devices
    ranges, launches, kernels = ([] for _ in range(3))
    for rank, (process, device) in enumerate(zip(processes, devices, strict=True)):
        for step in range(3):
            start, first, thread = 2_000_000 * step + 20_000 * rank, 100 + 2 * step, process | 5
            name = f"aten::mm, seq = {step}, sizes = [[{8 + rank}, 4], [4, 4]]"
            ranges.append((start + 10, start + 20_000, 59, name, None, thread))
            launches += [
                (start + 100, start + 5_000, thread, first, 2),
                (start + 30_000, start + 34_000, thread, first + 1, 2),
            ]
            kernels += [
                (start + 10_000, start + 240_000, device, 7, first, process, 1, 1, 1),
                (start + 241_000, 2_000_000 * step + 500_000, device, 20, first + 1, process, 3, 3, 1),
            ]
    rows |= {"NVTX_EVENTS": ranges, "CUPTI_ACTIVITY_KIND_RUNTIME": launches, "CUPTI_ACTIVITY_KIND_KERNEL": kernels}
    return _write(path, tables, rows)


@pytest.mark.parametrize(
    ("devices", "cuda_devices"),
    [
        ((0, 1), [(gpu, gpu, process, "") for gpu in range(8) for process in (77, 78)]),
        ((0, 0), [(0, 0, 77, ""), (1, 0, 78, "")]),
        ((0, 0), None),
    ],
    ids=["all visible", "one visible", "one visible, not told"],
)
def test_ranks_of_one_report(
    devices: tuple[int, int], cuda_devices: list[tuple[Any, ...]] | None, tmp_path: Path
) -> None:
    trace = nsight_sqlite.read(_two_ranks(tmp_path / "ranks.sqlite", devices, cuda_devices))
    products = [(event.device, event.operator.inputs[0].shape[0]) for event in trace.kernel_events() if event.operator]
    assert sorted(products) == [(0, 8)] * 3 + [(1, 9)] * 3
    assert trace.facts.num_devices == 2
    found = device_idle(trace)
    assert found is not None
    assert [device.process for device in found.devices] == ["process 77 python3.11", "process 78 python3.11"]
    # From 10 to 500 us of each step but for 1 us between product and sum, the second rank from 30 us on.
    assert [device.busy for device in found.devices] == pytest.approx([3 * 489e-6, 3 * 469e-6])


def test_whole_graphs_are_device_events_of_their_own(tmp_path: Path) -> None:
    """What ``nsys`` records by default: a row a launch of a graph, and no rows of its kernels."""
    table = "CUPTI_ACTIVITY_KIND_GRAPH_TRACE"
    columns = "start INT, end INT, deviceId INT, streamId INT, correlationId INT, globalPid INT, graphId INT"
    rows = dict(_ROWS) | {
        table: [(20_000, 60_000, 0, 7, 21, _PROCESS, 5), (61_000, 99_000, 0, 7, 22, _PROCESS, 5)],
        "StringIds": [*_ROWS["StringIds"], (5, "cudaGraphLaunch_v10000")],
        "CUPTI_ACTIVITY_KIND_RUNTIME": [
            *_ROWS["CUPTI_ACTIVITY_KIND_RUNTIME"],
            (15_000, 16_000, _THREAD, 21, 5),
            (17_000, 18_000, _THREAD, 22, 5),
        ],
    }
    trace = nsight_sqlite.read(_write(tmp_path / "graphs.sqlite", _TABLES | {table: columns}, rows))
    graphs = [event for event in trace.kernel_events() if event.kind is KernelKind.GRAPH]
    assert [(event.name, event.duration) for event in graphs] == [("CUDA graph 5", 40e-6), ("CUDA graph 5", 38e-6)]
    (reason,) = [r for r in attribute(trace, lambda op: True).unattributed if "whole CUDA graph" in r]
    assert attribute(trace, lambda op: True).unattributed[reason] == (2, pytest.approx(78e-6))


def test_grids_are_read_where_all_six_sizes_are_there(tmp_path: Path) -> None:
    kernel = "CUPTI_ACTIVITY_KIND_KERNEL"
    columns = _TABLES[kernel] + ", gridY INT, gridZ INT, blockX INT, blockY INT, blockZ INT"
    rows = dict(_ROWS) | {kernel: [(*row, 1, 1, 128, 1, 1) for row in _ROWS[kernel]]}
    trace = nsight_sqlite.read(_write(tmp_path / "grids.sqlite", _TABLES | {kernel: columns}, rows))
    assert trace.grids == ((4, 1, 1, 128, 1, 1),)
    assert sorted(trace.kernels.grid.tolist()) == [-1, 0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "DROP TABLE StringIds; CREATE TABLE StringIds (id, value); INSERT INTO StringIds VALUES (NULL, 'x')",
            "table StringIds has a text without a number",
        ),
        ("DROP TABLE StringIds; CREATE VIEW StringIds AS SELECT 1 AS id, zeroblob(9) AS value", "StringIds is a view"),
        (
            "DROP TABLE NVTX_EVENTS; CREATE VIEW NVTX_EVENTS AS SELECT 1 AS start, 2 AS end, '' AS text",
            "NVTX_EVENTS is a view, and only tables are read",
        ),
    ],
)
def test_what_an_export_never_has_is_refused(change: str, message: str, tmp_path: Path) -> None:
    path = _write(tmp_path / "f.sqlite", _TABLES, _ROWS)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(change)
    with pytest.raises(TraceFormatError, match=message):
        nsight_sqlite.read(path)


def test_a_report_of_the_host_alone_says_how_to_take_one(tmp_path: Path) -> None:
    path = tmp_path / "host.sqlite"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE StringIds (id INTEGER, value TEXT)")
    database.execute(
        "CREATE TABLE NVTX_EVENTS (start INTEGER, end INTEGER, text TEXT, textId INTEGER, globalTid INTEGER, "
        "eventType INTEGER)"
    )
    database.commit()
    database.close()
    with pytest.raises(TraceFormatError, match="--trace=cuda,nvtx"):
        nsight_sqlite.read(path)
