"""One design has the same figures wherever they are printed: ``whatif sweep``, ``whatif compare`` and ``simulate``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from simulator import __main__ as simulate_command

pytest.importorskip("pyarrow")

_MODELS = ("stable-diffusion", "make-a-video", "llama2-7b")
_SET = {"memory.dram.bandwidth": "2x", "cores.count": 150, "power.board": "0.8x"}
_DESIGNS: tuple[Mapping[str, object], ...] = ({"hw": "h100"}, {"hw": "t4"}, {"hw": "h100", **_SET})
_FIGURES = ("latency", "low", "high", "energy", "peak_memory", "fits")

Figures = dict[str, float]


@pytest.fixture
def simulate(monkeypatch, capsys):
    """Function that runs ``simulate`` for a design and returns its figures."""

    def figures(model: str, design: Mapping[str, object]) -> Figures:
        changes = [f"--set={path}={value}" for path, value in design.items() if path != "hw"]
        arguments = ["simulate", "--model", model, "--hw", str(design["hw"]), *changes, "--format", "json"]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as caught:
            simulate_command.main()
        assert not caught.value.code
        report = json.loads(capsys.readouterr().out)
        low, high = report["interval"]["low"], report["interval"]["high"]
        memory, fits = report["peak_memory"], report["peak_memory"] <= report["memory_capacity"]
        found = (report["latency"], low, high, report["energy"]["energy"], memory, fits)
        return dict(zip(_FIGURES, map(float, found), strict=True))

    return figures


def _swept(run, folder: Path) -> list[Figures]:
    """Of every design and model, by a sweep of designs that a file lists."""
    study = {"models": list(_MODELS), "sampling": {"method": "list"}, "designs": [dict(d) for d in _DESIGNS]}
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    assert run("sweep", folder / "study.yaml", "-o", folder / "results").status == 0
    from simulator.whatif.sweep.results import open_results

    rows = open_results(folder / "results").table().sort_by([("design", "ascending")]).to_pylist()
    names = ("latency", "latency_low", "latency_high", "energy", "peak_memory", "fits")
    ordered = sorted(rows, key=lambda row: (row["design"], _MODELS.index(row["model"])))
    return [{key: float(row[name]) for key, name in zip(_FIGURES, names, strict=True)} for row in ordered]


def _compared(run, design: Mapping[str, object]) -> list[Figures]:
    """Of every model, by a comparison; a design with changes is the row after that of its part."""
    changes = [f"--set={path}={value}" for path, value in design.items() if path != "hw"]
    models = [argument for model in _MODELS for argument in ("--model", model)]
    rows = json.loads(run("compare", *models, "--hw", design["hw"], *changes, "--format", "json").out)
    rows = rows[1::2] if changes else rows
    found = ((r["latency"], *r["interval"], r["energy"], r["peak_memory"], r["fits"]) for r in rows)
    return [dict(zip(_FIGURES, map(float, row), strict=True)) for row in found]


def test_a_design_has_the_same_figures_wherever_they_are_printed(run, simulate, tmp_path):
    swept = iter(_swept(run, tmp_path))
    for design in _DESIGNS:
        for model, compared in zip(_MODELS, _compared(run, design), strict=True):
            alone = simulate(model, design)
            assert compared == pytest.approx(alone, rel=1e-12), (model, design)
            assert next(swept) == pytest.approx(alone, rel=1e-9), (model, design)
