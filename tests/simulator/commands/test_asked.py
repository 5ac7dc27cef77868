"""What is asked reaches the run: accelerator, calibration, host and execution."""

from __future__ import annotations

import json

import pytest


def test_choices_reach_the_report(run, graph_file):
    settings = ("--execution", "compiled", "--attention", "naive", "--fidelity", "roofline", "--format", "json")
    report = json.loads(run("--hw", "a100", "--graph", graph_file, *settings).out)
    assert (report["execution"]["mode"], report["execution"]["attention"]) == ("compiled", "naive")
    assert report["fidelity"] == "roofline"


def test_changes_reach_the_accelerator(run, graph_file):
    def latency(*change: str) -> float:
        arguments = ("--hw", "a100", "--graph", graph_file, "--fidelity", "roofline", "--format", "json", *change)
        return json.loads(run(*arguments).out)["latency"]

    twice = latency("--set", "memory.dram.bandwidth=2x", "--set", "memory.l2.bandwidth=2x")
    assert twice < latency()


def test_a_users_own_accelerator(run, graph_file, specification):
    path = specification("cores: {count: 216}\n")
    report = json.loads(run("--hw", path, "--graph", graph_file, "--format", "json").out)
    assert report["accelerator"] == "mine"


def test_the_calibration_of_a_probed_machine(run, graph_file, specification):
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
    done.assert_refused("stream.dram = 7 is outside its physical range")


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
def test_a_specification_that_is_wrong(text, words, run, graph_file, specification):
    run("--hw", specification(text), "--graph", graph_file).assert_refused(*words)


@pytest.mark.parametrize("output_format", ["table", "json", "csv"])
def test_a_change_that_nothing_reads_says_so(run, graph_file, output_format) -> None:
    changes = ("--set", "links.pcie.bandwidth=2x", "--set", "memory.dram.bandwidth=2x")
    done = run("--hw", "h100", "--graph", graph_file, *changes, "--format", output_format)
    line = "no term reads links.pcie.bandwidth: the change has no effect"
    assert done.status == 0
    assert done.out.count(line) == (output_format != "csv")
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


def test_a_file_with_fields_that_are_gone_is_read_and_says_so(run, graph_file, tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: Mine\nextends: h100\ncores: {sustained_clock: 1.5 GHz}\nsources: [me]\n", encoding="utf-8")
    done = run("--hw", path, "--graph", graph_file)
    assert done.status == 0
    assert f"{path}: cores.sustained_clock: is left out, the power limit says which clock lasts" in done.out
