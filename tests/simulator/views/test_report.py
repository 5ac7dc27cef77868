"""Reports as tables, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from simulator.cost import CoreSteps
from simulator.lowering.quantization import QuantizedWeights
from simulator.report import Report, Unmodelled
from simulator.views.numbers import quantity
from simulator.views.report import FORMATS, notes, print_report, to_csv, to_json


@pytest.fixture(scope="module")
def report(stable_diffusion_run) -> Report:
    return stable_diffusion_run.report


def _printed(report: Report, modules: int = 12) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        print_report(report, console, modules=modules)
    return capture.get()


def test_json_is_the_report_in_si_units(report):
    read = json.loads(to_json(report))
    assert read == json.loads(json.dumps(report.to_dict()))
    assert read["latency"] == report.latency
    assert read["by_stage"]["unet"]["flops"] == report.by_stage["unet"].flops
    assert read["model"] == "stable-diffusion"
    assert read["workload"]["height"] == 512


def test_json_has_no_numbers_that_json_has_not(report):
    with pytest.raises(ValueError, match="Out of range float"):
        to_json(replace(report, latency=float("nan")))


def test_csv_has_a_row_for_every_part(report):
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert list(rows[0]) == ["view", "name", "latency", "flops", "bytes", "share", "low", "high"]
    assert float(rows[0]["low"]) < report.latency < float(rows[0]["high"])
    assert (rows[0]["view"], float(rows[0]["latency"])) == ("total", report.latency)
    for view, entries in (("stage", report.by_stage), ("category", report.by_category), ("module", report.by_module)):
        found = {row["name"]: float(row["latency"]) for row in rows if row["view"] == view}
        assert found == {name: entry.latency for name, entry in entries.items()}


def test_the_table_names_what_matters(report):
    text = _printed(report)
    for words in ("stable-diffusion", report.accelerator, "latency", "peak memory", "bound by", "unet", "convolution"):
        assert words in text
    assert quantity(report.latency, "s") in text
    assert "does not fit" not in text
    assert "unmodelled" not in text
    assert all(len(line) <= 140 for line in text.splitlines())


def test_every_latency_of_the_table_has_its_interval(report):
    text = _printed(report)
    ends = report.part_intervals["by_stage"]["unet"]
    assert f"{quantity(float(f'{ends.low:.3g}'), 's')} to {quantity(float(f'{ends.high:.3g}'), 's')}" in text
    i = report.interval
    assert f"held {100 * i.coverage:.0f} % of {i.count} published runs {i.counted_on}" in " ".join(text.split())
    bound = _printed(replace(report, interval=None, part_intervals={}, energy=None, host=None, fidelity="roofline"))
    assert " to " not in bound


def test_stages_come_with_their_runs(report):
    line = next(line for line in _printed(report).splitlines() if line.startswith("unet"))
    assert line.split()[1] == "51"  # PNDM: once more


def test_unmodelled_operators_are_shown_with_their_share(report):
    item = Unmodelled(operator="aten::frobnicate", calls=12, share=0.0123)
    assert "unmodelled: aten::frobnicate, 12 calls, 1.23 % of all" in _printed(replace(report, unmodelled=(item,)))


@pytest.mark.parametrize("fidelity", ["roofline", "calibrated"])
def test_what_is_approximate_is_said(fidelity, report):
    words = notes(replace(report, fidelity=fidelity))
    assert words
    assert all(words)
    assert ("lower bound" in words[0]) == (fidelity == "roofline")


def test_what_is_assumed_of_the_architecture_is_said(report):
    line = "traits assumed from hopper: all"
    assert line in _printed(replace(report, assumptions=(line,)))
    assert line not in _printed(replace(report, assumptions=()))
    assert line in _printed(replace(report, remarks=(line,)))
    assert line in _printed(replace(report, remarks=(line,), fidelity="roofline"))


def test_formats():
    assert FORMATS == ("table", "json", "csv")


def test_the_end_of_a_wave_is_said(report):
    ends = replace(report, core_steps=CoreSteps(fewer=0.056, more=-0.004))
    assert "1 % fewer cores change the kernels' time by +5.6 %" in _printed(ends)
    assert "wave" not in _printed(replace(report, core_steps=CoreSteps(fewer=0.01, more=-0.01)))


def test_what_is_quantised_is_said(report):
    changed = QuantizedWeights(
        scheme="s",
        title="weights of two bits",
        components=("unet",),
        layers=3,
        layers_kept=1,
        weights=4000,
        bytes_before=8000,
        bytes_after=1000,
        unchecked="nobody has timed it",
    )
    text = _printed(replace(report, quantized=changed))
    assert "weights of two bits: 3 of 4 linear layers of unet" in text
    assert "4 k weights in 1 kB, which take 8 kB in the format of the run" in text
    assert "s: mechanism only, unchecked: nobody has timed it." in text
    assert json.loads(to_json(replace(report, quantized=changed)))["quantized"]["bytes_after"] == 1000
    assert "quantised" not in _printed(report)


def test_modules_beyond_the_largest_are_one_line(report):
    count = len(report.by_module)
    assert f"module (largest 5 of {count})" in _printed(report, modules=5)
    assert f"\n{count - 5} more, " in _printed(report, modules=5)
    assert " more, " not in _printed(report, modules=count)
