"""A front as a table."""

import io

import numpy as np
from rich.console import Console

from simulator.whatif.search.presentation import print_front
from simulator.whatif.search.search import Front
from simulator.whatif.study.study import load_study

CONTENT = {
    "title": "a front",
    "models": "stable-diffusion",
    "hw": "h100",
    "fields": {"memory.dram.bandwidth": {"low": "0.5x", "high": "2x"}, "attention": ["flash", "naive"]},
}


def _printed(front, tmp_path):
    stream = io.StringIO()
    print_front(front, tmp_path, Console(file=stream, width=140))
    return stream.getvalue()


def test_a_design_is_a_line(tmp_path):
    study = load_study(CONTENT, searched=True)
    fields = {"memory.dram.bandwidth": np.array([2e12, 1e12]), "attention": np.array(["flash", None], dtype=object)}
    figures = {"latency": np.array([0.5, 1.25]), "energy": np.array([300.0, np.nan]), "fits": np.ones(2)}
    text = _printed(Front(study=study, fields=fields, figures=figures, groups=(), tried=128), tmp_path)
    assert text.startswith("a front: best in latency, energy, 2 of 128 designs\n")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "1 2 TB/s flash 500 ms 300 J" in lines
    assert "2 1 TB/s 1.25 s -" in lines


def test_a_front_without_designs_says_what_to_do(tmp_path):
    study = load_study(CONTENT, searched=True)
    empty = Front(study=study, fields={}, figures={"latency": np.zeros(0)}, groups=(), tried=16)
    assert "no design meets all constraints; loosen them, or widen the fields" in _printed(empty, tmp_path)
