"""Studies as a whole: what they complain of, and what their results depend on."""

import pytest

from simulator.whatif.study.file import StudyError
from simulator.whatif.study.study import load_study

CONTENT = {
    "models": "stable-diffusion",
    "hw": "h100",
    "sampling": {"method": "latin-hypercube", "samples": 1000},
    "fields": {"memory.dram.bandwidth": {"low": "0.5x", "high": "2x"}},
}


def _complaints(**changes):
    with pytest.raises(StudyError) as caught:
        load_study(CONTENT | changes)
    return caught.value.complaints


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"models": ["sdxl", "stable-difusion"]}, "study: models: unknown model 'stable-difusion'; did you mean"),
        ({"hw": "h1000"}, "study: hw: no accelerator 'h1000'; did you mean"),
        ({"hw": None}, "study: hw: is missing"),
        ({"settings": {"cores.count": 3}}, "study: settings.cores.count: unknown setting"),
        ({"settings": {"attention": "flsh"}}, "study: settings.attention: unknown attention 'flsh'"),
        ({"set": {"memory.dram.bandwith": "2x"}}, "study: set: change memory.dram.bandwith: unknown path"),
        ({"fields": {}}, "study: fields: none; give what varies"),
        ({"fields": {"hw": {"low": 1, "high": 2}}}, "study: fields.hw: is a range"),
        ({"fields": {"memory.l3.size": ["2x"]}}, "study: fields.memory.l3.size: change memory.l3.size: unknown path"),
        ({"sampling": {"method": "sobol"}}, "study: sampling.samples: is missing"),
        ({"sampling": {"method": "sobol", "samples": 2**31}}, "study: sampling.samples: 2147483648 is too many"),
        ({"sampling": {"method": "grid", "samples": 3}}, "study: sampling.samples: does not go with method grid"),
        ({"sampling": {"method": "grid"}}, "study: fields.memory.dram.bandwidth: a grid needs points"),
        ({"sampling": {"method": "list"}}, "study: designs: go with sampling.method: list"),
        ({"plots": [{"kind": "line", "x": "batch"}]}, "study: plots.1.x: 'batch' is none here"),
    ],
)
def test_a_complaint_says_where_and_what(changes, complaint):
    assert any(line.startswith(complaint) for line in _complaints(**changes)), _complaints(**changes)


def test_all_complaints_come_at_once():
    lines = _complaints(models=["nobody"], settings={"batch": "two"}, fields={"cores.cout": [1]}, sampling={})
    assert [line.split(": ")[1] for line in lines] == ["models", "settings.batch", "fields.cores.cout"]


def test_complaints_of_form_come_with_those_of_fields():
    lines = _complaints(
        models=["nobody"],
        chunk="many",
        fields={"cores.cout": [1], "cores.clock": {"low": "1x", "heigh": "2x"}, "power.board": {"low": 1}},
        plots=[{"kind": "line", "x": "cores.clock"}],
        set={"memory.l3.size": "2x", "cores.cout": "2x"},
    )
    places = {line.split(": ")[1] for line in lines}
    assert {"chunk", "models", "fields.cores.cout", "set"} <= places
    assert any(place.startswith("fields.cores.clock") for place in places)
    assert any(place.startswith("fields.power.board") for place in places)
    assert sum(line.startswith("study: set: ") for line in lines) == 2
    assert not any(place.startswith("plots") for place in places)  # its field is refused, and may well be meant


def test_what_was_refused_is_not_said_to_be_missing():
    lines = _complaints(hw=5, sampling={"method": "dice"}, models=[])
    assert {line.split(": ")[1].partition(".")[0] for line in lines} == {"hw", "sampling", "models"}
    with pytest.raises(StudyError) as caught:
        load_study({"modles": "sdxl", "hw": "h1000", "feilds": {"batch": [1]}})
    assert {line.split(": ")[1] for line in caught.value.complaints} == {"modles", "feilds", "models", "hw"}


def test_chunks_cover_all_designs():
    study = load_study(CONTENT)
    chunks = [study.chunk(number) for number in range(study.num_chunks)]
    assert chunks == [(0, 512), (512, 1000)]
    assert load_study(CONTENT | {"chunk": 400}).chunk(2) == (800, 1000)


def test_results_are_those_of_the_same_question_whatever_it_is_called():
    study = load_study(CONTENT)
    assert load_study(CONTENT | {"title": "other", "plots": []}).identity() == study.identity()
    other = load_study(CONTENT | {"sampling": {"method": "latin-hypercube", "samples": 1000, "seed": 1}})
    assert other.identity()["study"] != study.identity()["study"]
    fields = {"memory.dram.bandwidth": {"low": "0.5x", "high": "2x"}, "cores.count": {"low": 66, "high": 264}}
    orders = (load_study(CONTENT | {"fields": dict(order)}) for order in (fields.items(), reversed(fields.items())))
    assert len({each.identity()["study"] for each in orders}) == 2
    changed = load_study(CONTENT | {"set": {"power.board": "2x"}}).identity()
    assert changed["accelerators"] != study.identity()["accelerators"]
    assert study.calibrated_on() >= "2026-01-01"


def test_a_search_needs_no_number_of_samples():
    study = load_study(CONTENT | {"sampling": {"seed": 3}}, searched=True)
    assert len(study.designs) == 64


def test_fields_stand_in_the_order_of_the_file():
    study = load_study(CONTENT | {"fields": {"batch": [1, 2], "cores.count": [1, 2], "attention": ["flash"]}})
    assert [field.name for field in study.fields] == ["batch", "cores.count", "attention"]
