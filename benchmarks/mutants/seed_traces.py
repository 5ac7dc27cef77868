"""A small valid trace of every format that is read, and one of every kind of table."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracer.storage.protobuf_wire import encoded

__all__ = ["write_tables", "write_traces"]

TABLES = {
    "published.csv": (
        "id,model,component,device,n_devices,precision,attention_impl,compile,batch,height,width,frames,steps,"
        "guidance,metric,value,memory_gb,source,notes\n"
        "a-1,Stable Diffusion v1.5,pipeline,NVIDIA A100,1,fp16,sdpa,eager,1,512,512,1,50,yes,latency_s,2.1,,me,"
        "q=B; torch2.1\n"
        "a-2,SDXL,pipeline,NVIDIA H100 SXM,1,bf16,flash,compile,1,1024,1024,1,50,yes,it_per_s,20.5,12.2,somebody,q=B\n"
    ),
    "kernels.csv": (
        "device,op,input_shapes,dtype,attributes,latency_s,kernel,source\n"
        'a100,aten::mm,"[[4096, 4096], [4096, 4096]]",float16,{},0.0006,gemm,mine\n'
        'a100,aten::relu,"[[4096, 4096]]",float16,{},0.0001,,mine\n'
        'h100,aten::mm,"[[4096, 4096], [4096, 4096]]",float16,{},0.0002,gemm,mine\n'
    ),
    "trace-rocprof.csv": (
        "Kind,Agent_Id,Kernel_Name,Start_Timestamp,End_Timestamp,Correlation_Id\n"
        "KERNEL_DISPATCH,Agent 2,Cijk_Ailk_Bljk_HHS_BH_MT128x128x32,1000,601000,1\n"
    ),
    "trace-sums.csv": (
        "Time (%),Total Time (ns),Instances,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns),Name\n"
        '75.0,3000,3,1000.0,1000.0,1000,1000,0.0,"void gemm<float, 2>(float *, int)"\n'
        "25.0,1000,1,1000.0,1000.0,1000,1000,0.0,relu\n"
    ),
    "trace-nvprof.csv": (
        '==12== NVPROF is profiling\n"Type","Time(%)","Time","Calls","Avg","Min","Max","Name"\n,%,us,,us,us,us,\n'
        '"GPU activities",75,3.0,3,1,1,1,"void gemm<float, 2>(float *, int)"\n'
        '"GPU activities",25,1.0,1,1,1,1,relu\n"API calls",100,9.0,4,1,1,1,cudaLaunchKernel\n'
    ),
    "trace-nsys-export.csv": (
        "Start (ns),Duration (ns),CorrId,GrdX,Bytes (MB),Device,Ctx,Strm,Name\n"
        "5000,3000,11,64,,NVIDIA H100 80GB HBM3 (0),1,7,sm90_gemm\n"
        "9000,500,12,,4.0,NVIDIA H100 80GB HBM3 (1),1,7,[CUDA memcpy Host-to-Device]\n"
    ),
    "trace-tracelens.csv": (
        "device,op,input_shapes,input_dtypes,input_strides,concrete_inputs,count,latency_s,total_s,kernel\n"
        'NVIDIA H100 SXM,aten::cat,"[[[1, 1, 8], [1, 7, 8]], []]","[""TensorList"", ""Scalar""]",'
        '"[[[8, 8, 1], [56, 8, 1]], []]","["""", ""1""]",12,4e-06,4.9e-05,CatArrayBatchedCopy\n'
        'NVIDIA H100 SXM,aten::add,"[[8], [8]]","[""c10::BFloat16"", ""c10::BFloat16""]","[[1], [1]]","["""", """"]",'
        "1,1e-06,1e-06,add\n"
    ),
}
_ROCPD = {
    "rocpd_string": ("id, string", [(1, "hipLaunchKernel"), (2, "hipMemcpyAsync"), (3, "MEMORY_COPY_HOST_TO_DEVICE")]),
    "rocpd_info_kernel_symbol": ("id, kernel_name, display_name", [(5, "Cijk_Ailk.kd", "Cijk_Ailk")]),
    "rocpd_info_agent": ("id, type, name, product_name", [(2, "GPU", "gfx942", "AMD Instinct MI300X")]),
    "rocpd_event": ("id, stack_id, correlation_id", [(10, 77, 0), (11, 77, 0), (12, 78, 0), (13, 78, 0)]),
    "rocpd_kernel_dispatch": (
        "id, nid, pid, tid, agent_id, kernel_id, queue_id, stream_id, start, end, event_id",
        [(1, 1, 1, 4, 2, 5, 1, 3, 5000, 8000, 10)],
    ),
    "rocpd_memory_copy": (
        "id, pid, tid, start, end, name_id, dst_agent_id, src_agent_id, size, stream_id, event_id",
        [(1, 1, 4, 200, 900, 3, 2, 1, 4096, 3, 12)],
    ),
    "rocpd_region": (
        "id, nid, pid, tid, start, end, name_id, event_id",
        [(1, 1, 1, 4, 1000, 1400, 1, 11), (2, 1, 1, 4, 100, 150, 2, 13)],
    ),
}


def write_tables(folder: Path) -> None:
    """Tables of measurements and of profilers."""
    for name, text in TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")


def write_traces(folder: Path) -> None:
    """Traces that are no tables."""
    trees = {
        "trace-chrome.json": {"traceEvents": list(_events()), "deviceProperties": [{"id": 0, "name": "NVIDIA A100"}]},
        "trace-chakra.json": {"schema": "1.0.1", "pid": 1, "nodes": list(_nodes())},
        "trace-rocprofv3.json": _rocprofv3(),
        "trace-sums.json": [
            {"Time (%)": 100.0, "Total Time (ns)": 5000, "Instances": 2, "Avg (ns)": 2500.0, "Name": "relu"}
        ],
    }
    for name, tree in trees.items():
        (folder / name).write_text(json.dumps(tree), encoding="utf-8")
    _nsight(folder / "trace-nsight.sqlite")
    _rocpd(folder / "trace-rocpd.sqlite")
    (folder / "trace-device.xplane.pb").write_bytes(_xplane())


def _events() -> Iterator[dict[str, Any]]:
    """Events of three products in a Chrome trace."""
    for number in range(3):
        at, args = 1e6 * (number + 1), {"External id": number, "correlation": 100 + number}
        shapes = {"Input Dims": [[4096, 4096], [4096, 4096]], "Input type": ["c10::Half", "c10::Half"]}
        common = {"ph": "X", "pid": 100, "tid": 1}
        yield {**common, "cat": "cpu_op", "name": "aten::mm", "ts": at, "dur": 100, "args": {**args, **shapes}}
        yield {**common, "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": at + 20, "dur": 10, "args": args}
        device = {**args, "device": 0, "stream": 7, "grid": [256, 1, 1], "block": [128, 1, 1]}
        kernel = {**common, "cat": "kernel", "name": "ampere_fp16_s16816gemm", "ts": at + 50, "dur": 600}
        yield {**kernel, "args": device}


def _nodes() -> Iterator[dict[str, Any]]:
    """Nodes of torch's own execution trace: an operator inside a range."""
    tensor, empty = [4, 5, 0, 12, 4, "cpu"], {"values": [], "shapes": [], "types": [], "strides": []}
    sides = {"values": [tensor, -1, False], "shapes": [[3, 4], [], []], "types": ["Tensor(float)", "Int", "Bool"]}
    schema = "aten::_softmax(Tensor self, int dim, bool half_to_float) -> Tensor"
    for identity, name, above, inputs in ((7, "aten::_softmax", 3, sides), (3, "## forward ##", 2, empty)):
        attributes = [{"name": "op_schema", "type": "string", "value": schema}, {"name": "tid", "value": 1}]
        outputs = {**empty, "values": [tensor], "shapes": [[3, 4]], "types": ["Tensor(float)"]}
        node = {"id": identity, "name": name, "ctrl_deps": above, "inputs": {**empty, **inputs}}
        yield {**node, "outputs": outputs, "attrs": attributes}
    yield {"id": 2, "name": "[pytorch|profiler|execution_trace|thread]", "ctrl_deps": 1,
           "inputs": empty, "outputs": empty, "attrs": []}  # fmt: skip


def _rocprofv3() -> dict[str, Any]:
    dispatch = {"agent_id": {"handle": 22}, "queue_id": {"handle": 3}, "kernel_id": 5}
    launch = {"kind": 1, "operation": 1, "start_timestamp": 1000, "end_timestamp": 1200, "thread_id": 4}
    kernel = {"start_timestamp": 5000, "end_timestamp": 8000, "thread_id": 4, "dispatch_info": dispatch}
    tool = {
        "metadata": {"pid": 1},
        "agents": [{"id": {"handle": 22}, "type": 2, "name": "gfx942", "product_name": "AMD Instinct MI300X"}],
        "strings": {"buffer_records": [{"kind": "NONE", "operations": ["none"]},
                                       {"kind": "HIP_RUNTIME_API", "operations": ["hipMalloc", "hipLaunchKernel"]}]},
        "kernel_symbols": [{"kernel_id": 5, "kernel_name": "Cijk.kd", "formatted_kernel_name": "Cijk"}],
        "buffer_records": {
            "kernel_dispatch": [{**kernel, "correlation_id": {"internal": 9, "external": 0}}],
            "hip_api": [{**launch, "correlation_id": {"internal": 9}}],
        },
    }  # fmt: skip
    return {"rocprofiler-sdk-tool": [tool]}


def _nsight(path: Path) -> None:
    """A database of Nsight Systems with one kernel and its launch."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT);"
            "INSERT INTO StringIds VALUES (1, 'gemm_kernel'), (2, 'cudaLaunchKernel_v7000');"
            "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start, end, deviceId, streamId, correlationId, demangledName, "
            "globalPid, gridX, gridY, gridZ, blockX, blockY, blockZ);"
            "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (1000, 601000, 0, 7, 5, 1, 16777216, 8, 8, 1, 128, 1, 1);"
            "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start, end, nameId, globalTid, correlationId);"
            "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (500, 700, 2, 16777217, 5);"
            "CREATE TABLE NVTX_EVENTS (start, end, text, textId, globalTid);"
            "INSERT INTO NVTX_EVENTS VALUES "
            "(400, 900, 'aten::mm, seq = 1, sizes = [[64, 64], [64, 64]]', NULL, 16777217);"
        )
        database.commit()


def _rocpd(path: Path) -> None:
    """A database of ROCm's profilers."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        for table, (columns, rows) in _ROCPD.items():
            database.execute(f'CREATE TABLE "{table}_00a1" ({columns})')
            marks = ",".join("?" * len(columns.split(",")))
            database.executemany(f'INSERT INTO "{table}_00a1" VALUES ({marks})', rows)  # noqa: S608
        database.commit()


def _xplane() -> bytes:
    """A product and a copy on one TPU."""

    def message(*fields: tuple[int, int | str | bytes]) -> bytes:
        return encoded(fields)

    events = [message((1, name), (2, at), (3, 20_000_000), (4, message((1, 9), (3, 5))))
              for name, at in ((2, 0), (3, 30_000_000))]  # fmt: skip
    line = message((1, 2), (2, "XLA Ops"), (3, 5000), *((4, event) for event in events), (9, 10**8))
    names = ((2, "%fusion.3 = bf16[8,128] fusion(...)"), (3, "copy-start.1"))
    named = [(4, message((1, n), (2, message((1, n), (2, name))))) for n, name in names]
    device = (5, message((1, 9), (2, message((1, 9), (2, "device_type_string")))))
    plane = message((1, 2), (2, "/device:TPU:0"), (3, line), *named, device, (6, message((1, 9), (5, "TPU v4"))))
    return message((1, plane), (4, "host-0"))
