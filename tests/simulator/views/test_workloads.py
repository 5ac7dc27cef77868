"""The list of workloads."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.simulation import simulate
from simulator.views import workloads as listing
from simulator.views.workloads import graph_flops, render_workloads, workload_rows
from tracer.library.bundle import bundled_graph
from tracer.workloads import find_pipeline, iter_pipelines


@pytest.fixture(scope="module")
def rows() -> dict[str, listing.WorkloadRow]:
    return {row.name: row for row in workload_rows()}


def test_every_workload_in_alphabetical_order(rows):
    assert list(rows) == sorted(p.name for p in iter_pipelines())


def test_stable_diffusion(rows):
    row = rows["stable-diffusion"]
    assert (row.title, row.family, row.output, row.steps, row.dtype) == (
        "Stable Diffusion 1.5",
        "image",
        "512x512",
        50,
        "float16",
    )
    assert row.parameters == 859_520_964 + 123_060_480 + 83_653_863
    # 51 passes of a guided U-Net, two runs of the text encoder, a decoder.
    assert row.flops_per_output == pytest.approx(51 * 1.60655e12, rel=0.05)


def test_outputs(rows):
    assert rows["llama2-7b"].output == "2048+128 tokens"
    assert rows["llama2-7b"].steps is None
    assert rows["wan2.1-1.3b"].output.endswith(" frames")


def test_flops_of_decoding_by_hand(rows):
    # Each of 2048 + 127 passes over a token costs two FLOPs a weight but those of the embedding, and two products with
    # every key: 4 x 4096 a layer. Logits are made of 128 positions only.
    layers = 32 * (4 * 4096**2 + 3 * 4096 * 11008)
    keys = 2048 * 2049 / 2 + sum(range(2049, 2176))
    expected = 2 * layers * (2048 + 127) + 4 * 4096 * 32 * keys + 2 * 32000 * 4096 * 128
    assert rows["llama2-7b"].flops_per_output == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["stable-diffusion", "llama2-7b", "make-a-video"])
def test_flops_are_those_of_the_report(name):
    graph = bundled_graph(name, find_pipeline(name).defaults)
    if graph is None:
        pytest.skip(f"the bundle has no {name}")
    report = simulate(
        graph, load_accelerator("a100"), fidelity="roofline", calibrations=CalibrationPool.shipped()
    ).report
    assert graph_flops(graph) == pytest.approx(report.flops, rel=1e-12)


def test_without_a_bundle_published_sizes_stand_in(monkeypatch):
    monkeypatch.setattr(listing, "bundled_graph", lambda name, workload: None)
    row = next(r for r in workload_rows() if r.name == "stable-diffusion")
    assert row.flops_per_output is None
    assert row.parameters == sum(find_pipeline("stable-diffusion").parameters.values())


def test_flops_are_of_one_output(monkeypatch, stable_diffusion_graph):
    pipeline = find_pipeline("stable-diffusion")
    doubled = replace(pipeline, defaults=replace(pipeline.defaults, batch=2))
    monkeypatch.setattr(listing, "bundled_graph", lambda name, workload: stable_diffusion_graph)
    assert 2 * listing._row(doubled).flops_per_output == listing._row(pipeline).flops_per_output


def test_json_and_csv_have_the_same_rows(rows):
    read = json.loads(render_workloads("json"))
    assert [r["name"] for r in read] == list(rows)
    table = list(csv.DictReader(io.StringIO(render_workloads("csv"))))
    assert [int(r["parameters"]) for r in table] == [r["parameters"] for r in read]


def test_the_table_has_a_line_for_each(rows):
    lines = render_workloads("table").splitlines()
    assert len(lines) == len(rows) + 1
    assert {line.split()[0] for line in lines[1:]} == set(rows)
