"""Sums by kernel, as profilers print them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracer.formats import kernel_sums, read_trace, recognise
from tracer.trace import KernelKind, TraceFormatError

_NSYS = "Time (%),Total Time (ns),Instances,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns),Name\n"
_GEMM = '75.0,3000,3,1000.0,1000.0,1000,1000,0.0,"void gemm<float, 2>(float *, int)"\n'
_RELU = "25.0,1000,1,1000.0,1000.0,1000,1000,0.0,relu\n"


def _file(folder: Path, text: str, name: str = "sums.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    "text",
    [
        _NSYS + _GEMM + _RELU,
        "Processing [a.sqlite] with [/opt/reports/cuda_gpu_kern_sum.py]... \n\n" + _NSYS + _GEMM + _RELU,
        _NSYS.replace("(ns)", "(us)") + _GEMM.replace(",3000,", ",3.0,") + _RELU.replace(",1000,1,", ",1.0,1,"),
        "Time(%),Total Time,Instances,Average,Minimum,Maximum,Name\n75,3000,3,1000,1000,1000,"
        '"void gemm<float, 2>(float *, int)"\n25,1000,1,1000,1000,1000,relu\n',
        '"Name","Calls","TotalDurationNs","AverageNs","Percentage"\n'
        '"void gemm<float, 2>(float *, int)",3,3000,1000,75\n"relu",1,1000,1000,25\n',
        '==12== NVPROF is profiling\n"Type","Time(%)","Time","Calls","Avg","Min","Max","Name"\n,%,us,,us,us,us,\n'
        '"GPU activities",75,3.0,3,1,1,1,"void gemm<float, 2>(float *, int)"\n"GPU activities",25,1.0,1,1,1,1,relu\n'
        '"API calls",100,9.0,4,1,1,1,cudaLaunchKernel\n',
    ],
    ids=["nsys", "behind words", "microseconds", "nsys before 2022", "rocprof", "nvprof"],
)
def test_kernels_with_their_counts_and_mean_times(tmp_path: Path, text: str) -> None:
    path = _file(tmp_path, text)
    assert recognise(path) == "kernel_sums"
    trace = read_trace(path)
    assert trace.kernel_names == ("void gemm<float, 2>(float *, int)", "relu")
    assert trace.kernels.repeats.tolist() == [3, 1]
    assert trace.kernels.duration.tolist() == pytest.approx([1e-6, 1e-6])
    assert trace.device_time == pytest.approx(4e-6)
    assert not trace.has_timeline
    assert not len(trace.calls)


def test_json_of_nsys_stats(tmp_path: Path) -> None:
    rows = [{"Time (%)": 100.0, "Total Time (ns)": 5000, "Instances": 2, "Avg (ns)": 2500.0, "Name": "relu"}]
    path = _file(tmp_path, json.dumps(rows), "a.json")
    assert recognise(path) == "kernel_sums"
    assert read_trace(path).kernels.duration.tolist() == pytest.approx([2.5e-6])


def test_other_reports_of_the_same_run_count_once(tmp_path: Path) -> None:
    """Calls of the host are no device time; a second table has the same kernels by their grids."""
    api = "\nTime (%),Total Time (ns),Num Calls,Avg (ns),Name\n100,70000,4,17500,cudaLaunchKernel\n"
    grids = "\nTime (%),Total Time (ns),Instances,Avg (ns),GridXYZ,BlockXYZ,Name\n75,3000,3,1000,1 1 1,64 1 1,gemm\n"
    copies = "\nTime (%),Total Time (ns),Count,Avg (ns),Operation\n100,500,5,100,[CUDA memcpy Host-to-Device]\n"
    trace = read_trace(_file(tmp_path, api + "\n" + _NSYS + _GEMM + grids + copies))
    assert trace.device_time == pytest.approx(3.5e-6)
    assert trace.kernels.kind.tolist() == [KernelKind.KERNEL, KernelKind.MEMCPY]
    assert trace.skipped == {
        "row of the host's calls, or of all activity of one kind": 1,
        "row of a table of the same kernels once more": 1,
    }


def test_grids_are_kept(tmp_path: Path) -> None:
    text = "Time (%),Total Time (ns),Instances,GridXYZ,BlockXYZ,Name\n75,3000,3,   8    1    1, 128    2    1,gemm\n"
    trace = read_trace(_file(tmp_path, text))
    assert trace.grids == ((8, 1, 1, 128, 2, 1),)
    assert trace.kernels.grid.tolist() == [0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"Name","Calls","TotalDurationNs"\n"KERNEL_DISPATCH",3,3000\n', "kernel_stats.csv of the same run"),
        ('"Name","Calls","TotalDurationNs"\n"hipLaunchKernel",3,3000\n', "sums of no kernel"),
        (_NSYS + "75.0,-1,3,1,1,1,1,0,a\n", "row without a count or a time"),
        (
            " ** CUDA GPU Kernel Summary (cuda_gpu_kern_sum):\n\n Time (%)  Total Time (ns)  Instances  Name\n"
            " --------  ---------------  ---------  ----\n     75.0             3000          3  gemm\n",
            "--format csv",
        ),
    ],
)
def test_what_has_no_kernels_is_said(tmp_path: Path, text: str, message: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(TraceFormatError, match=message) as error:
        read_trace(path)
    assert "\n" not in str(error.value)
    assert kernel_sums.recognises(path)


def test_other_encodings_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "sums.csv"
    path.write_bytes((_NSYS + _GEMM + _RELU).replace("\n", "\r\n").encode("utf-16"))
    assert read_trace(path).kernels.repeats.tolist() == [3, 1]
