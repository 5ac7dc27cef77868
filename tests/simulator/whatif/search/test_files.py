"""Files of a front: what ``--hw`` makes of a design is the design."""

import csv

import pytest

from hw_specs import load_accelerator
from simulator.execution import Execution
from simulator.simulation import simulate
from simulator.whatif.search.files import front_rows, specification, write_front
from simulator.whatif.search.search import search
from simulator.whatif.study.evaluation import Evaluator
from simulator.whatif.study.study import load_study
from tracer.library.graphs import graph_of

CONTENT = {
    "title": "a front",
    "models": "stable-diffusion",
    "hw": "h100",
    "set": {"memory.l2.capacity": "2x"},
    "fields": {
        "memory.dram.bandwidth": {"low": "0.5x", "high": "2x"},
        "cores.clock": {"low": "0.8x", "high": "1.2x"},
        "cores.count": {"low": 66, "high": 264},
        "peak.matrix": {"low": "0.5x", "high": "2x", "scale": "log"},
    },
}


def test_a_file_is_the_design(tmp_path):
    study = load_study(CONTENT, searched=True)
    group = next(iter(study.designs.groups(0, 3)))
    figures = Evaluator(study=study).evaluate("stable-diffusion", [group], 3).figures
    graph = graph_of("stable-diffusion", {})
    for at in range(3):
        path = tmp_path / f"{at}.yaml"
        path.write_text(specification(study, group, at, name=f"Design {at}"), encoding="utf-8")
        part = load_accelerator(str(path))
        assert part.hypothetical
        assert part.memory.l2.capacity == 2 * load_accelerator("h100").memory.l2.capacity
        report = simulate(graph, part, Execution()).report
        assert report.latency == pytest.approx(figures["latency"][at], rel=1e-12)
        assert report.energy.energy == pytest.approx(figures["energy"][at], rel=1e-12)
        assert report.interval.high == pytest.approx(figures["latency_high"][at], rel=1e-12)


def test_a_folder_holds_a_file_of_each_design_a_table_and_a_picture(tmp_path):
    pytest.importorskip("pymoo")
    wanted = {"objectives": ["latency", "peak_memory", "throughput"], "population": 8, "generations": 2}
    content = CONTENT | {"fidelity": "roofline", "search": wanted}
    content["fields"] = {**CONTENT["fields"], "attention": ["flash", "naive"]}
    front = search(load_study(content, searched=True))
    files = write_front(front, tmp_path / "front")
    assert len(files) == len(front)
    assert all(load_accelerator(str(path)).based_on is None for path in files)
    assert "attention" in files[0].read_text(encoding="utf-8")
    rows = list(csv.DictReader((tmp_path / "front" / "front.csv").open(encoding="utf-8")))
    assert [float(row["latency"]) for row in rows] == front.figures["latency"].tolist()
    assert front_rows(front)[0]["energy"] is None
    assert (tmp_path / "front" / "front.png").read_bytes().startswith(b"\x89PNG")
