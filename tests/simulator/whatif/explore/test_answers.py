"""What a page is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from simulator.whatif.explore import answers


def test_the_form_has_what_the_model_has(workshop, design):
    found = {field["name"]: field for field in answers.form(workshop, design(("batch", "4"), ("lora", "16")))}
    assert found["batch"]["value"] == "4"
    assert found["height"]["default"] == found["height"]["value"] == "256"
    assert found["height"]["step"] % 8 == 0
    assert "num_frames" not in found
    assert found["attention"]["value"] == "flash"
    assert "naive" in found["attention"]["choices"]
    assert found["dtype"]["value"] == "fp16"
    assert found["lora"]["value"] == "16"
    assert found["parallel"]["value"] == "1"


def test_kernels_have_the_places_of_the_times(workshop, design):
    parts, found = answers.parts(workshop, design()), workshop.figures(design())
    rows = [kernel["row"] for kernel in parts["kernels"]]
    assert len(rows) == len(set(rows))
    total = sum(kernel["launches"] * found.times[kernel["row"]] for kernel in parts["kernels"])
    assert total == pytest.approx(float((workshop.simulation(design()).kernels.count * found.times).sum()))
    assert {slider["path"] for slider in parts["sliders"]} >= {"memory.dram.bandwidth", "cores.count"}


def test_a_rent_gives_the_cost_of_a_thousand_outputs(workshop, design):
    asked = design(("rent", "3.6"))
    found = workshop.figures(asked)
    plain = answers.figures(found, asked)
    assert plain["cost"] == pytest.approx(1000 * 3.6 / 3600 / found.outputs)
    assert answers.figures(found, design())["cost"] is None
    two = design(("rent", "3.6"), ("parallel", "ulysses=2"))
    assert answers.figures(found, two)["cost"] == pytest.approx(2 * plain["cost"])


def test_what_is_not_known_is_null(workshop, design):
    found = replace(workshop.figures(design()), energy=float("nan"))
    assert json.loads(json.dumps(answers.figures(found, design()), allow_nan=False))["energy"] is None


def test_details_say_what_a_report_says(workshop, design):
    found = answers.details(workshop, design(("set", "links.pcie.bandwidth=2x")))
    assert "takes" in found["answer"]
    assert any("no term reads links.pcie.bandwidth" in line for line in found["notes"])
    assert sum(share for _, share in found["bound"]) == pytest.approx(1.0, abs=0.05)
    assert found["command"].startswith("simulate --model dit-xl-2")


def test_a_ratio_has_its_interval(workshop, design):
    one, two = design(), design(("set", "cores.clock=1.2x"))
    found = answers.compared(workshop.simulation(one), workshop.simulation(two))
    assert found["ratio"] == pytest.approx(workshop.figures(one).latency / workshop.figures(two).latency)
    assert found["low"] < found["ratio"] < found["high"]
    assert found["faster"] > 0.5
