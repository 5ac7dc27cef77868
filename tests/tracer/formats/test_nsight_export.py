"""Text exports of Nsight Systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tracer.formats import nsight_export, read_trace, recognise
from tracer.trace import KernelKind, TraceFormatError

_THREAD = (77 << 24) | 9


def _lines(path: Path, *items: Any) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return path


@pytest.mark.parametrize("unit", ["ns", "us"])
def test_csv_of_device_events(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "report_cuda_gpu_trace.csv"
    factor = 1 if unit == "ns" else 1000
    path.write_text(
        "Processing [report.sqlite] with [cuda_gpu_trace.py]...\n\n"
        f"Start ({unit}),Duration ({unit}),CorrId,GrdX,Bytes (MB),Device,Ctx,Strm,Name\n"
        f"{5000 / factor},{3000 / factor},11,64,,NVIDIA H100 80GB HBM3 (0),1,7,sm90_gemm\n"
        f"{9000 / factor},{500 / factor},12,,4.0,NVIDIA H100 80GB HBM3 (1),1,7,[CUDA memcpy Host-to-Device]\n"
        ",,,,,,,,cut\n",
        encoding="utf-8",
    )
    assert recognise(path) == "nsight_export"
    trace = nsight_export.read(path)
    gemm, copy = trace.kernel_events()
    assert (gemm.duration, gemm.stream, gemm.device, copy.device) == (pytest.approx(3e-6), 7, 0, 1)
    assert copy.kind == KernelKind.MEMCPY
    assert trace.facts.device == "NVIDIA H100 80GB HBM3"
    assert trace.skipped == {"row without a time": 1}


def test_json_lines_of_tables(tmp_path: Path) -> None:
    kernel = {"start": 5000, "end": 8000, "deviceId": 0, "streamId": 7, "correlationId": 11, "globalPid": 77 << 24}
    kernel["copyKind"] = 1
    path = _lines(
        tmp_path / "r.jsonl",
        {"table": "StringIds", "id": 2, "value": "cudaLaunchKernel_v7000"},
        {"table": "TARGET_INFO_GPU", "id": 0, "name": "NVIDIA H100"},
        {"table": "CUPTI_ACTIVITY_KIND_KERNEL", **kernel, "demangledName": 1, "shortName": 1},
        {
            "table": "CUPTI_ACTIVITY_KIND_MEMCPY",
            **kernel,
            "start": 9000,
            "end": 9500,
            "copyKind": 1,
            "correlationId": 12,
        },
        {
            "table": "CUPTI_ACTIVITY_KIND_RUNTIME",
            "start": 1000,
            "end": 1200,
            "globalTid": _THREAD,
            "correlationId": 11,
            "nameId": 2,
        },
        {"table": "CUPTI_ACTIVITY_KIND_GRAPH_TRACE", "start": 1, "end": 2},
        {"table": "StringIds", "id": 1, "value": "sm90_gemm"},
    )
    assert recognise(path) == "nsight_export"
    trace = nsight_export.read(path)
    assert [(e.name, e.kind) for e in trace.kernel_events()] == [("sm90_gemm", 0), ("Memcpy HtoD", 1)]
    assert trace.kernels.launch.tolist() == [0, -1]
    assert trace.host_names == ("cudaLaunchKernel",)
    assert trace.facts.device == "NVIDIA H100"
    assert trace.skipped == {"run of a whole CUDA graph (take it with --cuda-graph-trace=node)": 1}


def test_json_lines_of_older_releases(tmp_path: Path) -> None:
    """Numbers are texts, and strings are numbered by their place in the first line."""
    event = {"correlationId": 11, "globalPid": str(77 << 24), "deviceId": 0, "streamId": 7}
    copy = {**event, "correlationId": 12}
    path = _lines(
        tmp_path / "r.json",
        {"data": ["[Unknown]", "sm90_gemm", "cudaLaunchKernel_v7000"]},
        {"Type": 48, "TraceProcessEvent": {"startNs": "1000", "endNs": "1200", "correlationId": 11, "name": "2"}},
        {
            "Type": 79,
            "CudaEvent": {
                **event,
                "startNs": "5000",
                "endNs": "8000",
                "kernel": {"demangledName": "1", "shortName": "1"},
            },
        },
        {"Type": 80, "CudaEvent": {**copy, "startNs": "9000", "endNs": "9500", "memcpy": {"copyKind": 2}}},
        {"Type": 81, "CudaEvent": {**event, "startNs": "9000", "endNs": "9500", "sync": {}}},
    )
    assert recognise(path) == "nsight_export"
    trace = nsight_export.read(path)
    assert [e.name for e in trace.kernel_events()] == ["sm90_gemm", "Memcpy DtoH"]
    assert trace.kernels.launch.tolist() == [0, -1]


@pytest.mark.parametrize("name", ["run.nsys-rep", "run.qdrep"])
def test_reports_say_how_to_export_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x00\x01binary")
    with pytest.raises(TraceFormatError, match=rf"nsys export --type sqlite --output run.sqlite {name}'$"):
        read_trace(path)


def test_damage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"table": "StringIds", "id": 1, "value": "a"}\n{"table": "CUPTI_ACT', encoding="utf-8")
    with pytest.raises(TraceFormatError, match=r"r.jsonl, line 2: not JSON"):
        nsight_export.read(path)
    for other in ("", "a,b\n1,2\n", "Start,Name\n", "{}", "[1]"):
        path.write_text(other, encoding="utf-8")
        assert not nsight_export.recognises(path)


def test_units_of_nvprof_stand_in_the_second_line(tmp_path: Path) -> None:
    path = tmp_path / "gpu.csv"
    path.write_text(
        '==1== NVPROF is profiling\n"Start","Duration","Grid X","Device","Context","Stream","Name","Correlation_ID"\n'
        'ms,us,,,,,,\n1.5,30.5,8,"Tesla V100 (0)","1","7","gemm",11\n'
    )
    assert recognise(path) == "nsight_export"
    trace = read_trace(path)
    assert trace.kernels.duration.tolist() == pytest.approx([30.5e-6])
    assert trace.kernels.stream.tolist() == [7]
    assert trace.skipped == {}


def test_json_of_nsys_stats(tmp_path: Path) -> None:
    row = {"Start (ns)": 1000, "Duration (ns)": 500, "CorrId": 1, "Strm": 7, "Device": "NVIDIA A100 (0)", "Name": "k"}
    path = tmp_path / "a_cuda_gpu_trace.json"
    path.write_text(json.dumps([row]))
    assert recognise(path) == "nsight_export"
    trace = read_trace(path)
    assert (trace.device_time, trace.facts.device) == (pytest.approx(5e-7), "NVIDIA A100")
