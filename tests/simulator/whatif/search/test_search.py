"""Pareto fronts: no design of them is better than another, constraints hold, and a seed tells all."""

import numpy as np
import pytest

from hw_specs import load_accelerator
from simulator.whatif.search.search import search
from simulator.whatif.study.file import StudyError
from simulator.whatif.study.study import load_study

pytest.importorskip("pymoo")

CONTENT = {
    "title": "front",
    "models": "stable-diffusion",
    "hw": "h100",
    "fidelity": "roofline",
    "sampling": {"seed": 5},
    "fields": {
        "memory.dram.bandwidth": {"low": "0.5x", "high": "2x"},
        "memory.dram.capacity": {"low": "1 GiB", "high": "64 GiB"},
        "attention": ["flash", "naive"],
    },
    "search": {"objectives": ["latency", "cost"], "population": 16, "generations": 8},
}


@pytest.fixture
def priced(tmp_path):
    """An H100 whose user pays for its memory."""
    path = tmp_path / "priced.yaml"
    path.write_text(
        "name: Priced\nextends: h100\nprice: {base: 100, per: {memory.dram.capacity: 10 per GiB,"
        " memory.dram.bandwidth: 500 per TB/s}}\nsources: [me]\n",
        encoding="utf-8",
    )
    return CONTENT | {"hw": str(path)}


def test_no_design_of_a_front_is_better_than_another(priced):
    front = search(load_study(priced, searched=True))
    latency, cost = front.figures["latency"], front.figures["cost"]
    assert len(front) >= 5
    assert front.tried == 16 * 8
    assert (np.diff(latency) > 0).all()
    assert (np.diff(cost) < 0).all()
    # What designs start from is the part itself: 100, 10 for each GiB, 500 for each TB/s.
    (start,) = front.starts.values()
    part = load_accelerator(priced["hw"]).memory.dram
    assert start["cost"] == pytest.approx(100 + 10 * part.capacity / 2**30 + 500 * part.bandwidth / 1e12)
    # Memory costs and makes nothing faster: the least is best.
    assert (front.fields["memory.dram.capacity"] < 4 * 2**30).mean() > 0.5


def test_constraints_hold(priced):
    limits = {"cost": {"below": 1500}, "fits": {"above": 0.5}}
    content = priced | {"search": priced["search"] | {"constraints": limits}}
    front = search(load_study(content, searched=True))
    assert (front.figures["cost"] <= 1500).all()
    assert (front.figures["fits"] == 1).all()
    never = content["search"] | {"constraints": {"cost": {"below": 1}}}
    nothing = search(load_study(content | {"search": never}, searched=True))
    assert len(nothing) == 0


def test_a_seed_makes_the_same_front_again(priced):
    first, second = (search(load_study(priced, searched=True)) for _ in range(2))
    for name, values in first.figures.items():
        np.testing.assert_array_equal(values, second.figures[name])


def test_models_add_up():
    models = CONTENT | {"models": ["stable-diffusion", "llama2-7b"], "fields": {"memory.dram.bandwidth": ["2x", "1x"]}}
    models |= {"search": {"objectives": ["latency", "throughput"], "population": 4, "generations": 2}}
    front = search(load_study(models, searched=True))
    assert len(front) == 1
    alone = [
        search(load_study(models | {"models": name}, searched=True)).figures["latency"][0] for name in models["models"]
    ]
    assert front.figures["latency"][0] == pytest.approx(sum(alone))


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"objectives": ["latency", "beauty"]}, "search.objectives: 'beauty' is none here; valid: latency"),
        ({"objectives": ["cost"]}, "cost needs a price in the accelerator's file"),
        ({"constraints": {"beauty": {"above": 1}}}, "search.constraints.beauty: no figure; valid: "),
        ({"constraints": {"latency": {"below": 2}}}, "search.constraints.latency: '2' has no unit"),
        ({"constraints": {"latency": {"below": "2 GB"}}}, "search.constraints.latency: '2 GB' is not a quantity in s"),
        ({"constraints": {"throughput": {"above": "0"}}}, "is not positive"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(wanted, complaint):
    with pytest.raises(StudyError) as caught:
        search(load_study(CONTENT | {"search": wanted}, searched=True))
    assert complaint in str(caught.value)
