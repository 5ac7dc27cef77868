"""What a sweep says to people."""

import io

import pytest
from rich.console import Console

from simulator.whatif.study.study import load_study
from simulator.whatif.sweep.presentation import print_sweep
from simulator.whatif.sweep.run import sweep

pytest.importorskip("pyarrow")


def test_ranges_of_figures_and_reasons_of_failures_are_told(tmp_path):
    designs = [{"batch": 1}, {"attention": "flash3"}, {"attention": "flash3", "batch": 1}]
    content = {
        "title": "three",
        "models": "llama2-7b",
        "hw": "a100",
        "sampling": {"method": "list"},
        "designs": designs,
    }
    study = load_study(content)
    done = sweep(study, tmp_path, workers=1)
    stream = io.StringIO()
    print_sweep(study, done.results, done.summary, [tmp_path / "x.png"], Console(file=stream, width=100))
    text = stream.getvalue()
    assert text.startswith("three: 3 designs of llama2-7b\n")
    assert "2 rows failed:\n  2 x attention 'flash3' does not exist on A100" in text
    assert f"results in {tmp_path}" in text
    assert "drawn: " in text
    latency = next(line for line in text.splitlines() if line.startswith("latency "))
    assert latency.split()[-1] in ("s", "ms")
