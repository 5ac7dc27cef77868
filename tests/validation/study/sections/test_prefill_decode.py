from __future__ import annotations

import numpy as np
import pytest

from tracer.graph import Stage
from validation.study import load_study
from validation.study.sections.prefill_decode import draw, phase_of
from validation.study.table import Table

MODELS = {model.name: model for model in load_study("golden2023").models}


def _stage(repeats: int) -> Stage:
    none = np.zeros(0, dtype=np.int64)
    return Stage(name="s", component="s", repeats=repeats, operators=none, modules=none, inputs=none, outputs=none)


@pytest.mark.parametrize(
    ("model", "repeats", "queries", "phase"),
    [
        ("LLaMA2", 1, 2048, "prefill"),
        ("LLaMA2", 127, 1, "decode"),
        ("Stable Diffusion", 50, 64, "prefill"),
        ("Muse", 24, 256, "parallel decoding"),
        ("Muse", 1, 128, "prefill"),
    ],
)
def test_phase_by_queries_and_repeats(model: str, repeats: int, queries: int, phase: str) -> None:
    assert phase_of(MODELS[model], _stage(repeats), queries) == phase


def test_language_model_has_both_phases(tables: dict[str, Table]) -> None:
    rows = {str(row["stage"]): row for row in tables["prefill_decode"].where(model="LLaMA2")}
    assert (rows["prefill"]["phase"], rows["prefill"]["above_ridge"]) == ("prefill", True)
    assert (rows["decode"]["phase"], rows["decode"]["above_ridge"]) == ("decode", False)
    assert rows["decode"]["keys"] == "2049 to 2175"


def test_every_model_has_one_main_stage(tables: dict[str, Table]) -> None:
    table = tables["prefill_decode"]
    assert all(len(list(table.where(model=name, main=True))) == 1 for name in MODELS)
    assert all(table.total("kernel_time_share", model=name) <= 1 + 1e-9 for name in MODELS)


def test_every_stage_is_in_the_figure(tables: dict[str, Table]) -> None:
    table = tables["prefill_decode"]
    (axes,) = draw(table, 153.0).axes
    points = {(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if len(line.get_xdata()) == 1}
    assert len(points) == len({(row["flops_per_weight_byte"], str(row["queries"]).split()[-1]) for row in table.rows})
    assert min(y for _, y in points) == 1  # decoding, one query at a time
    assert {line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"} == {153.0}
