from __future__ import annotations

import pytest

from tracer.graph import GraphError
from validation.training.steps import Step, step_of, trace_step

_TINY = {
    "tiny_bert": ("bert", 2, 64, 4, 128),
    "tiny_gpt2": ("gpt2", 2, 64, 4, 128),
    "tiny_opt": ("opt", 2, 64, 4, 128),
}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of two layers beside those of the tables."""
    from validation.training import steps

    monkeypatch.setattr(steps, "_SIZES", _TINY)


def test_names_of_cases() -> None:
    assert step_of("gpt3_xl-train-2048-1") == Step(model="gpt3_xl", trains=True, length=2048, batch=1)
    assert step_of("bert_large-inf-512-16-fusion") == Step(
        model="bert_large", trains=False, length=512, batch=16, compiled=True
    )


@pytest.mark.parametrize(
    "name", ["switchxl4-inf-512-1", "gpt3_xl-inf-2048", "gpt3_xl-run-2048-1", "gpt3_xl-inf-0-1", "opt_13"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(GraphError, match="case"):
        step_of(name)


@pytest.mark.torch
@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("model", list(_TINY))
def test_a_training_step_is_three_times_the_work_and_has_nothing_without_a_formula(model: str) -> None:
    from simulator.execution import Execution
    from simulator.lowering import lower

    works = []
    for mode in ("inf", "train"):
        launches = lower(trace_step(step_of(f"{model}-{mode}-32-2")), Execution(attention="naive"))
        assert launches.unmodelled == {}
        works.append(float((launches.kernels.matrix_flops * launches.kernels.count).sum()))
    forward, both = works
    # Backward, each product has two: one for each operand. BERT's heads differ between the two runs.
    assert both == pytest.approx(3 * forward, rel=0.02) if model != "tiny_bert" else both > 3 * forward
