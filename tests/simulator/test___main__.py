"""The command line: what it prints, and one line with status 2 for everything that a user can mend."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator import __main__ as command_line
from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.storage.graph_file import save_graph
from tracer.storage.trace_file import save_trace
from tracer.trace import RunFacts

_SD = ("--hw", "a100", "--model", "stable-diffusion")


class Done(NamedTuple):
    """Outcome of one command."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch, capsys) -> Run:
    """Function that runs ``simulate`` with some arguments in this process."""

    def simulate(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["simulate", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            command_line.main()
        captured = capsys.readouterr()
        code = caught.value.code
        return Done(code if isinstance(code, int) else 0, captured.out, captured.err)

    return simulate


@pytest.fixture
def graph_file(tmp_path, stable_diffusion_graph) -> Path:
    """Graph file, so that nothing needs to be traced."""
    save_graph(stable_diffusion_graph, tmp_path / "sd.npz")
    return tmp_path / "sd.npz"


def _trace() -> TraceBuilder:
    builder = TraceBuilder()
    arguments = RecordedArguments(shapes=[[4096, 4096], [4096, 4096]], types=["c10::Half"] * 2)
    builder.add_call("aten::mm", arguments, start=0, duration=50)
    return builder


@pytest.fixture
def trace_file(tmp_path) -> Path:
    """Trace of one product on an H100."""
    builder = _trace()
    builder.add_host_call("cudaLaunchKernel", start=30, duration=5, correlation=1)
    builder.add_kernel("gemm", start=200, duration=200_000, correlation=1)
    save_trace(builder.build("run", RunFacts(device="NVIDIA H100 80GB HBM3")), tmp_path / "run.trace")
    return tmp_path / "run.trace"


@pytest.fixture
def bare_trace_file(tmp_path) -> Path:
    """Trace of one product that says neither how long it took nor where."""
    save_trace(_trace().build("run", RunFacts()), tmp_path / "bare.trace")
    return tmp_path / "bare.trace"


@pytest.fixture
def specification(tmp_path) -> Callable[[str], Path]:
    """Function that writes a user's own accelerator, a changed A100."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(f"extends: a100_sxm4_80gb\nname: mine\nsources: [a guess]\n{text}")
        return path

    return write


class TestReports:
    def test_json(self, run, graph_file):
        done = run("--hw", "a100", "--graph", graph_file, "--format", "json")
        report = json.loads(done.out)
        assert (done.status, done.err) == (0, "")
        assert report["model"] == "stable-diffusion"
        assert report["execution"] == report["execution"] | {"mode": "eager", "attention": "flash"}
        assert report["fidelity"] == "calibrated"
        assert report["by_stage"]["unet"]["flops"] == pytest.approx(50 * 1.60655e12, rel=1e-5)
        assert sum(entry["share"] for entry in report["by_category"].values()) == pytest.approx(1)
        assert report["unmodelled"] == []

    def test_csv(self, run, graph_file):
        rows = list(csv.DictReader(io.StringIO(run("--hw", "a100", "--graph", graph_file, "--format", "csv").out)))
        assert {row["view"] for row in rows} == {"total", "stage", "category", "module"}

    def test_table(self, run, graph_file):
        done = run("--hw", "a100.yaml", "--graph", graph_file)
        assert done.status == 0
        assert "stable-diffusion on A100-SXM4-80GB" in done.out

    def test_choices_reach_the_report(self, run, graph_file):
        settings = ("--execution", "compiled", "--attention", "naive", "--fidelity", "roofline", "--format", "json")
        report = json.loads(run("--hw", "a100", "--graph", graph_file, *settings).out)
        assert (report["execution"]["mode"], report["execution"]["attention"]) == ("compiled", "naive")
        assert report["fidelity"] == "roofline"

    def test_changes_reach_the_accelerator(self, run, graph_file):
        def latency(*change: str) -> float:
            arguments = ("--hw", "a100", "--graph", graph_file, "--fidelity", "roofline", "--format", "json", *change)
            return json.loads(run(*arguments).out)["latency"]

        twice = latency("--set", "memory.dram.bandwidth=2x", "--set", "memory.l2.bandwidth=2x")
        assert twice < latency()

    def test_a_users_own_accelerator(self, run, graph_file, specification):
        path = specification("cores: {count: 216}\n")
        report = json.loads(run("--hw", path, "--graph", graph_file, "--format", "json").out)
        assert report["accelerator"] == "mine"

    def test_output_goes_to_the_file_alone(self, run, graph_file, tmp_path):
        done = run("--hw", "a100", "--graph", graph_file, "--format", "json", "--output", tmp_path / "report.json")
        assert (done.status, done.out, done.err) == (0, "", "")
        assert json.loads((tmp_path / "report.json").read_text())["model"] == "stable-diffusion"

    def test_list(self, run):
        done = run("--list", "--format", "json")
        assert done.status == 0
        assert "make-a-video" in {row["name"] for row in json.loads(done.out)}

    def test_help(self, run):
        done = run("--help")
        assert done.status == 0
        assert "--num-inference-steps" in done.out

    def test_the_calibration_of_a_probed_machine(self, run, graph_file, specification):
        path = specification("")

        def latency(*arguments: object) -> float:
            command = ("--hw", path, "--graph", graph_file, "--format", "json", "--fidelity", "calibrated")
            return json.loads(run(*command, *arguments).out)["latency"]

        without = latency()
        text = "name: x\naccelerators: [mine]\ngroups: {stream: [mine]}\nparameters: {stream.dram: 0.4}\nsources: [x]\n"
        path.with_name("other.yaml").write_text(text)
        slow = latency("--calibration", path.with_name("other.yaml"))
        path.with_name("mine.calibration.yaml").write_text(text)
        assert slow == latency() > without
        wrong = path.with_name("wrong.yaml")
        wrong.write_text(text.replace("0.4", "7"))
        done = run("--hw", path, "--graph", graph_file, "--calibration", wrong)
        _assert_refused(done, "stream.dram = 7 is outside its physical range")

    def test_an_explanation(self, run, graph_file):
        done = run("--hw", "a100", "--graph", graph_file, "--explain", "gemm", "--format", "json")
        first = json.loads(done.out)[0]
        assert first["kernel"] == "gemm"
        assert {"name", "value", "unit", "formula"} == set(first["terms"][0])
        bound = run("--hw", "a100", "--graph", graph_file, "--explain", "gemm", "--fidelity", "roofline")
        assert "largest of the terms" in bound.out
        assert "matmul.rate" not in bound.out

    def test_a_trace_with_times_is_projected(self, run, trace_file):
        found = json.loads(run("--hw", "h200", "--trace", trace_file, "--format", "json").out)
        assert (found["source"], found["target"]) == ("H100-SXM5-80GB", "H200-SXM5-141GB")
        assert found["direct_time"] > 0
        assert "us on H200-SXM5-141GB (" in run("--hw", "h200", "--trace", trace_file, "--from", "h100").out

    def test_a_trace_without_times_is_predicted(self, run, bare_trace_file):
        report = json.loads(run("--hw", "h200", "--trace", bare_trace_file, "--format", "json").out)
        assert report["accelerator"] == "H200-SXM5-141GB"
        assert report["latency"] > 0

    @pytest.mark.torch
    def test_a_workload_with_settings_of_its_own(self, run):
        arguments = (*_SD, "--batch", "2", "--height", "64", "--width", "128", "--num-inference-steps", "3")
        done = run(*arguments, "--guidance-scale", "1", "--dtype", "fp32", "--format", "json")
        report = json.loads(done.out)
        expected = {"batch": 2, "height": 64, "width": 128, "num_inference_steps": 3, "dtype": "float32"}
        assert report["workload"] == report["workload"] | expected
        assert report["repeats"] == {"text_encoder": 1, "unet": 4, "vae_decoder": 1}  # PNDM: once more
        assert done.err == ""  # progress is for terminals


class TestFit:
    """Whether the memory holds a run: said first, in JSON, and as the exit status where that is asked for."""

    def test_one_that_does_not_fit(self, run):
        arguments = ("--hw", "rtx-4090", "--model", "flux-dev")
        done = run(*arguments)
        assert done.status == 0
        assert "does not fit: the part has 25.77 GB of memory" in done.out.splitlines()[4]
        done = run(*arguments, "--must-fit", "--format", "json")
        assert done.status == 1
        report = json.loads(done.out)
        assert report["fits"] is False
        assert report["peak_memory"] == sum(report["memory"].values())

    def test_one_that_fits(self, run):
        done = run(*_SD, "--must-fit")
        assert done.status == 0
        assert "does not fit" not in done.out
        assert "images/s" in done.out


# Arguments, and what the line must say: what is wrong, where, and what would be valid.
_BAD = {
    "unknown accelerator": (("--hw", "a1000", "--model", "sdxl"), ["'a1000'", "did you mean"]),
    "unknown model": (("--hw", "a100", "--model", "stable-difusion"), ["'stable-difusion'", "mean stable-diffusion"]),
    "misspelt path": ((*_SD, "--set", "memory.dram.bandwith=2x"), ["memory.dram.bandwith", "'memory.dram.bandwidth'"]),
    "no value": ((*_SD, "--set", "memory.dram.bandwidth"), ["memory.dram.bandwidth"]),
    "negative": ((*_SD, "--set", "memory.dram.bandwidth=-3 TB/s"), ["memory.dram.bandwidth"]),
    "wrong unit": ((*_SD, "--set", "memory.dram.bandwidth=1 TFLOP/s"), ["memory.dram.bandwidth", "B/s"]),
    "odd height": ((*_SD, "--height", "513"), ["height 513", "stable-diffusion", "multiples of 8"]),
    "odd width": ((*_SD, "--width", "7"), ["width 7", "multiples of 8"]),
    "frames of an image": ((*_SD, "--num-frames", "8"), ["num_frames", "valid: batch, height, width"]),
    "tokens of an image": ((*_SD, "--max-new-tokens", "8"), ["max_new_tokens", "valid: batch, height, width"]),
    "batch 0": ((*_SD, "--batch", "0"), ["batch is 0", "at least 1"]),
    "batch -3": ((*_SD, "--batch", "-3"), ["batch is -3", "at least 1"]),
    "batch of words": ((*_SD, "--batch", "many"), ["--batch", "integer"]),
    "huge batch": ((*_SD, "--batch", "9" * 30), ["batch is 999", "at most 1000000000"]),
    "huge image": ((*_SD, "--height", "8" + "0" * 20), ["height is 8", "at most 1000000000"]),
    "huge steps": ((*_SD, "--num-inference-steps", "1" + "0" * 18), ["num_inference_steps", "at most 1000000000"]),
    "steps 0": ((*_SD, "--num-inference-steps", "0"), ["num_inference_steps is 0", "at least 1"]),
    "guidance": ((*_SD, "--guidance-scale", "nan"), ["guidance_scale is nan", "finite"]),
    "unknown host": ((*_SD, "--host", "server-2032"), ["'server-2032'", "server-2023", "desktop-2022"]),
    "host of a bound": ((*_SD, "--host", "server-2020", "--fidelity", "roofline"), ["--host", "roofline"]),
    "unknown dtype": ((*_SD, "--dtype", "fp17"), ["'fp17'", "fp16, bf16"]),
    "dtype of no model": ((*_SD, "--dtype", "fp8"), ["float8_e4m3fn", "valid: float16, bfloat16"]),
    "format": ((*_SD, "--format", "xml"), ["'xml'", "valid: table, json, csv"]),
    "attention": ((*_SD, "--attention", "quick"), ["'quick'", "valid: naive, flash"]),
    "execution": ((*_SD, "--execution", "jit"), ["'jit'", "valid: eager, cuda-graph, compiled"]),
    "fidelity": ((*_SD, "--fidelity", "exact"), ["'exact'", "valid: roofline, calibrated"]),
    "unknown option": ((*_SD, "--color"), ["--color"]),
    "option without a value": (("--hw",), ["--hw"]),
    "no model": (("--hw", "a100"), ["--model NAME", "--graph FILE"]),
    "model and graph": ((*_SD, "--graph", "x.npz"), ["--model NAME", "--graph FILE"]),
    "nothing": ((), ["--hw NAME"]),
    "no graph file": (("--hw", "a100", "--graph", "none.npz"), ["none.npz", "no such file"]),
    "no folder": (("--hw", "a100", "--model", "./none"), ["none"]),
    "no specification": (("--hw", "./none.yaml", "--model", "sdxl"), ["none.yaml"]),
}


def _assert_refused(done: Done, *words: str) -> None:
    assert done.status == 2
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert line.startswith("simulate: error: ")
    assert "Traceback" not in line
    for word in words:
        assert word in line


class TestRefusals:
    @pytest.mark.parametrize("case", _BAD)
    def test_one_line_says_what_where_and_what_would_be_valid(self, case, run, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        arguments, words = _BAD[case]
        _assert_refused(run(*arguments, *(["--output", "report.txt"] if arguments != ("--hw",) else [])), *words)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("damage", [lambda raw: raw[:200], lambda raw: b"PK" + raw[2:500], lambda raw: b""])
    def test_a_damaged_graph_file(self, damage, run, graph_file, tmp_path):
        graph_file.write_bytes(damage(graph_file.read_bytes()))
        done = run("--hw", "a100", "--graph", graph_file, "--output", tmp_path / "report")
        _assert_refused(done, str(graph_file), "not a graph file")
        assert not (tmp_path / "report").exists()

    def test_a_setting_does_not_change_a_graph_file(self, run, graph_file):
        done = run("--hw", "a100", "--graph", graph_file, "--num-frames", "3")
        _assert_refused(done, "--num-frames does not apply to a graph file")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--batch", "2"), ["--batch does not apply to a trace"]),
            (("--explain", "gemm"), ["--explain does not apply to a trace"]),
            (("--format", "csv"), ["no CSV form", "valid: table, json"]),
            (("--calibration", "none.yaml"), ["none.yaml: no such file"]),
        ],
    )
    def test_what_does_not_go_with_a_trace(self, run, trace_file, arguments, words):
        _assert_refused(run("--hw", "h200", "--trace", trace_file, *arguments), *words)

    def test_a_source_needs_measured_times(self, run, bare_trace_file):
        done = run("--hw", "h200", "--trace", bare_trace_file, "--from", "h100")
        _assert_refused(done, "--from needs measured times", "no device events")
        _assert_refused(run(*_SD, "--from", "h100"), "--from goes with --trace")

    def test_an_explanation_has_no_csv(self, run, graph_file):
        done = run("--hw", "a100", "--graph", graph_file, "--explain", "gemm", "--format", "csv")
        _assert_refused(done, "no CSV form", "valid: table, json")

    def test_a_dtype_that_the_part_lacks(self, run, monkeypatch, stable_diffusion_graph):
        from dataclasses import replace

        def as_bfloat16(op):
            return replace(
                op, **{n: tuple(replace(t, dtype="bfloat16") for t in getattr(op, n)) for n in ("inputs", "outputs")}
            )

        graph = replace(
            stable_diffusion_graph, operators=tuple(as_bfloat16(op) for op in stable_diffusion_graph.operators)
        )
        monkeypatch.setattr(command_line, "graph_of", lambda *args, **settings: graph)
        _assert_refused(run("--hw", "v100", "--model", "sd1.5", "--dtype", "bf16"), "V100", "bf16", "valid: fp16")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("memory: {dram: {bandwith: 3 TB/s}}\n", ["mine.yaml", "bandwith", "bandwidth"]),
            ("memory: {dram: {bandwidth: -3 TB/s}}\n", ["mine.yaml", "bandwidth"]),
            ("memory: {dram: {bandwidth: 3 TFLOP/s}}\n", ["mine.yaml", "bandwidth"]),
            ("memory: {dram: {bandwidth: 3}}\n", ["mine.yaml", "bandwidth"]),
            ("year: 2020\nyear: 2021\n", ["mine.yaml", "year"]),
            ("peak: [1\n", ["mine.yaml"]),
        ],
        ids=["unknown key", "negative", "wrong unit", "no unit", "repeated key", "no YAML"],
    )
    def test_a_specification_that_is_wrong(self, text, words, run, graph_file, specification):
        _assert_refused(run("--hw", specification(text), "--graph", graph_file), *words)

    @pytest.mark.parametrize("target", ["absent/report.json", "folder"])
    def test_an_output_that_cannot_be_written(self, target, run, graph_file, tmp_path):
        (tmp_path / "folder").mkdir()
        before = sorted(p.name for p in tmp_path.iterdir())
        done = run("--hw", "a100", "--graph", graph_file, "--output", tmp_path / target)
        _assert_refused(done, str(tmp_path / target), "cannot write")
        assert sorted(p.name for p in tmp_path.iterdir()) == before

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((*_SD, "--prompt-length", "200"), ["stable-diffusion", "200", "valid: 1 to 77"]),
            ((*_SD, "--batch", "100000"), ["stable-diffusion", "batch", "up to 65536"]),
            ((*_SD, "--height", "8"), ["stable-diffusion", "height", "valid: 64 to"]),
            ((*_SD, "--height", "800000000", "--width", "800000000"), ["stable-diffusion", "valid: 64 to"]),
            (("--hw", "a100", "--model", "llama2-7b", "--max-new-tokens", "900000000"), ["4096", "valid: up to"]),
        ],
        ids=["prompt", "batch", "small", "image", "answer"],
    )
    def test_settings_beyond_what_a_pipeline_has_room_for(self, arguments, words, run):
        _assert_refused(run(*arguments), *words)


class TestProcess:
    """What only a process of its own can show."""

    def _process(self, *arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "simulator", *map(str, arguments)]
        return subprocess.run(command, text=True, check=False, **{"capture_output": True, **settings})  # noqa: S603

    def test_as_a_module(self, graph_file):
        done = self._process("--hw", "h100", "--graph", graph_file, "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["latency"] > 0

    def test_an_error_has_status_2_and_no_traceback(self):
        done = self._process("--hw", "h1000", "--model", "sdxl")
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1

    def test_a_reader_that_stops_early(self, graph_file):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as closed:
            done = self._process(
                "--hw", "h100", "--graph", graph_file, capture_output=False, stdout=closed, stderr=subprocess.PIPE
            )
        assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("output_format", ["table", "json", "csv"])
def test_a_change_that_nothing_reads_says_so(run, graph_file, output_format) -> None:
    changes = ("--set", "links.pcie.bandwidth=2x", "--set", "memory.dram.bandwidth=2x")
    done = run("--hw", "h100", "--graph", graph_file, *changes, "--format", output_format)
    line = "no term reads links.pcie.bandwidth: the change has no effect"
    assert done.status == 0
    assert done.out.count(line) == (output_format == "table")
    assert done.err.count(line) == (output_format != "table")
    assert "memory.dram.bandwidth: the change" not in done.out + done.err


def test_the_host_is_named_and_shown(run, graph_file):
    arguments = ("--hw", "h100", "--graph", graph_file)
    slow, fast = (
        json.loads(run(*arguments, "--host", name, "--format", "json").out) for name in ("server-2018", "desktop-2022")
    )
    assert (slow["host"]["name"], fast["host"]["kind"]) == ("server-2018", "desktop")
    assert slow["latency"] > fast["latency"]
    assert "host server-2023: server of 2023, " in run(*arguments).out


def test_a_measured_trace_has_a_host_of_its_own(run, trace_file):
    done = run("--hw", "a100", "--trace", trace_file, "--host", "server-2020")
    assert (done.status, "--host does not apply" in done.err) == (2, True)


def test_a_file_with_fields_that_are_gone_is_read_and_says_so(run, graph_file, tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: Mine\nextends: h100\ncores: {sustained_clock: 1.5 GHz}\nsources: [me]\n", encoding="utf-8")
    done = run("--hw", path, "--graph", graph_file)
    assert done.status == 0
    assert f"{path}: cores.sustained_clock: is left out, the power limit says which clock lasts" in done.out


@pytest.mark.torch
def test_a_format_that_the_part_lacks_is_replaced_with_a_remark(run) -> None:
    done = run("--hw", "t4", "--model", "flux-dev", "--dtype", "auto", "--format", "json")
    assert json.loads(done.out)["workload"]["dtype"] == "float16"
    assert done.err == "flux-dev is in bf16, which T4 lacks: fp16 in its place\n"
    versus = json.loads(
        run("--hw", "t4", "--model", "flux-dev", "--dtype", "auto", "--versus", "h100", "--format", "json").out
    )
    assert "number format" in versus["changes"]


@pytest.mark.torch
def test_a_variant_is_run_as_its_authors_run_it(run) -> None:
    done = run("--hw", "a100", "--model", "imagen", "--variant", "nemo", "--format", "json", "--fidelity", "roofline")
    report = json.loads(done.out)
    assert (report["workload"]["dtype"], report["execution"]["channels_last"]) == ("float32", True)
    assert run("--hw", "a100", "--model", "imagen", "--variant", "karlo").status == 2


def test_what_is_unchecked_is_said_beside_a_comparison_too(run) -> None:
    done = run("--hw", "h100", "--model", "flux-dev", "--step-cache", "teacache=0.4", "--versus", "step-cache=0.2")
    assert done.status == 0
    for text in ("teacache=0.4", "0.2"):
        assert f"step cache {text}: mechanism only, unchecked" in done.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "flux-dev", "--step-cache", "1.5"), "from 0 to below 1"),
        (("--model", "sdxl", "--step-cache", "0.4"), "no list of transformer blocks"),
        (("--model", "flux-dev", "--lora", "-3"), "valid are a rank from 1"),
        (("--model", "llama2-7b", "--vae-tiling"), "llama2-7b has no setting vae_tiling; valid: batch"),
        (("--model", "sdxl", "--vae-dtype", "fp8"), "vae_dtype float8_e4m3fn is impossible; valid: float32"),
    ],
)
def test_ways_of_running_that_a_model_cannot_have_are_one_line(run, options, said) -> None:
    done = run("--hw", "h100", *options)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1
