"""Output of rocprofv3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tracer.formats import recognise, rocprofv3
from tracer.trace import KernelKind, TraceFormatError

_HEADER = (
    "Kind,Agent_Id,Queue_Id,Stream_Id,Thread_Id,Dispatch_Id,Kernel_Id,Kernel_Name,Correlation_Id,Start_Timestamp,"
    "End_Timestamp,LDS_Block_Size,Grid_Size_X\n"
)


def _content() -> dict[str, Any]:
    times = {"start_timestamp": 5000, "end_timestamp": 8000, "thread_id": 4}
    return {
        "rocprofiler-sdk-tool": [
            {
                "metadata": {"pid": 1, "config": {"deep": [[1], {"a": "}"}]}},
                "agents": [
                    {"id": {"handle": 11}, "type": 1, "name": "cpu", "product_name": "EPYC"},
                    {"id": {"handle": 22}, "type": 2, "name": "gfx942", "product_name": "AMD Instinct MI300X"},
                    {"id": {"handle": 33}, "type": 2, "name": "gfx942", "product_name": "AMD Instinct MI300X"},
                ],
                "strings": {
                    "callback_records": [{"kind": "NONE", "operations": []}],
                    "buffer_records": [
                        {"kind": "NONE", "operations": ["none"]},
                        {"kind": "HIP_RUNTIME_API", "operations": ["hipMalloc", "hipLaunchKernel"]},
                    ],
                },
                "kernel_symbols": [{"kernel_id": 5, "kernel_name": "Cijk.kd", "formatted_kernel_name": "Cijk"}],
                "buffer_records": {
                    "kernel_dispatch": [
                        {
                            **times,
                            "correlation_id": {"internal": 9, "external": 0},
                            "dispatch_info": {"agent_id": {"handle": 22}, "queue_id": {"handle": 3}, "kernel_id": 5},
                        }
                    ],
                    "hip_api": [
                        {
                            "kind": 1,
                            "operation": 1,
                            "start_timestamp": 1000,
                            "end_timestamp": 1200,
                            "thread_id": 4,
                            "correlation_id": {"internal": 9},
                        }
                    ],
                    "memory_copy": [
                        {
                            "start_timestamp": 9000,
                            "end_timestamp": 9500,
                            "src_agent_id": {"handle": 22},
                            "dst_agent_id": {"handle": 11},
                            "correlation_id": {"internal": 10},
                        }
                    ],
                    "scratch_memory": [{"size": 4}],
                },
            }
        ]
    }


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "77_results.json"
    path.write_text(json.dumps(_content(), indent=2), encoding="utf-8")
    assert recognise(path) == "rocprofv3"
    trace = rocprofv3.read(path)
    gemm, copy = trace.kernel_events()
    assert (gemm.name, gemm.stream, copy.name, copy.kind) == ("Cijk", 3, "Memcpy DtoH", KernelKind.MEMCPY)
    assert gemm.duration == pytest.approx(3e-6)
    assert [trace.host_names[i] for i in trace.host.name] == ["hipLaunchKernel"]
    assert trace.kernels.launch.tolist() == [0, -1]
    assert (trace.name, trace.facts.device, trace.facts.num_devices) == ("77", "AMD Instinct MI300X", 1)


@pytest.mark.parametrize("damage", [0.3, 0.6, 0.95])
def test_json_that_is_cut_off(tmp_path: Path, damage: float) -> None:
    path = tmp_path / "t.json"
    whole = json.dumps(_content())
    path.write_text(whole[: int(len(whole) * damage)], encoding="utf-8")
    with pytest.raises(TraceFormatError, match="cut off"):
        rocprofv3.read(path)


def test_kernel_tables(tmp_path: Path) -> None:
    path = tmp_path / "77_kernel_trace.csv"
    path.write_text(
        _HEADER
        + '"KERNEL_DISPATCH","Agent 4",1,0,9,1,16,"void k<float, 4>(float*)",12,5000,8000,0,4096\n'
        + '"KERNEL_DISPATCH","Agent 5",1,0,9,2,16,"other",13,6000,8500,0,4096\n'
        + '"KERNEL_DISPATCH","Agent 5",1,0,9,2,16,"bad",13,,8500,0,4096\n',
        encoding="utf-8",
    )
    assert recognise(path) == "rocprofv3"
    trace = rocprofv3.read(path)
    assert [(e.name, e.device) for e in trace.kernel_events()] == [("void k<float, 4>(float*)", 0), ("other", 1)]
    assert trace.facts.num_devices == 2
    assert trace.skipped == {"device event without a time": 1}


def test_copy_tables(tmp_path: Path) -> None:
    path = tmp_path / "t_memory_copy_trace.csv"
    path.write_text(
        "Kind,Direction,Source_Agent_Id,Destination_Agent_Id,Correlation_Id,Start_Timestamp,End_Timestamp\n"
        "MEMORY_COPY,MEMORY_COPY_HOST_TO_DEVICE,Agent 0,Agent 4,3,100,900\n",
        encoding="utf-8",
    )
    (copy,) = rocprofv3.read(path).kernel_events()
    assert (copy.name, copy.kind) == ("MEMORY_COPY_HOST_TO_DEVICE", KernelKind.MEMCPY)


def test_tables_of_its_predecessor(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text(
        '"Index","KernelName","gpu-id","queue-id","pid","tid","DispatchNs","BeginNs","EndNs","CompleteNs","DurationNs"\n'
        '0,"gemm(float*) [clone .kd]",2,1,7,7,900,1000,4000,4100,3000\n',
        encoding="utf-8",
    )
    assert recognise(path) == "rocprofv3"
    trace = rocprofv3.read(path)
    assert trace.kernel_names == ("gemm(float*) [clone .kd]",)
    assert trace.kernels.duration.tolist() == pytest.approx([3e-6])
    assert trace.has_timeline
