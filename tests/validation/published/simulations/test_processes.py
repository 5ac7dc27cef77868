from __future__ import annotations

import itertools
import pickle

from hw_specs import CalibrationPool
from validation.published.case import Case
from validation.published.simulations import Simulations, simulated

SHIPPED = CalibrationPool.shipped()


DEVICES = ("A100-SXM4-80GB", "L4", "RTX-3090", "L40S", "H100-SXM5-80GB", "A10", "RTX-4090", "B200")


def _case(number: int, device: str, model: str = "muse", **settings: object) -> Case:
    fields = {"id": f"c{number}", "model": model, "device": device, "value": 1.0, "source": "here", "grade": "A"}
    return Case.model_validate(fields | {"settings": settings})


def test_processes_find_what_one_does() -> None:
    both = itertools.product(DEVICES, ("muse", "stable-diffusion"))
    cases = [_case(number, device, model) for number, (device, model) in enumerate(both)]
    # What cannot be simulated stays unknown, and hinders no other.
    cases.append(_case(99, "A100-SXM4-80GB", batch=0))
    done: list[str] = []
    known, alone = simulated(cases, SHIPPED, progress=done.append, processes=2), Simulations(SHIPPED)
    assert sorted(done) == sorted(case.id for case in cases)
    assert len(known._stages) == 2 * 16
    for case in cases[:16:5]:
        for fidelity in ("calibrated", "roofline"):
            assert known.predict(case, fidelity).time == alone.predict(case, fidelity).time


def test_few_cases_take_no_processes() -> None:
    assert not simulated([_case(1, "L4")], SHIPPED, processes=2)._stages


def test_graphs_stay_where_they_are() -> None:
    found = Simulations(SHIPPED)
    found.predict(_case(1, "L4"))
    copied = pickle.loads(pickle.dumps(found))  # noqa: S301 - made here
    assert found._graphs
    assert not copied._graphs
    assert copied._stages.keys() == found._stages.keys()
