from __future__ import annotations

import pytest

from tracer.workloads.llama3 import PIPELINES

pytestmark = pytest.mark.torch

PIPELINE = PIPELINES[0]
PROMPT = 2048
LAYERS, WIDTH, HIDDEN, VOCABULARY = 32, 4096, 14336, 128256
# Eight of 32 heads have keys and values of their own.
LAYER_WEIGHTS = 2 * WIDTH**2 + 2 * WIDTH**2 // 4 + 3 * WIDTH * HIDDEN


@pytest.fixture(scope="module")
def stages():
    return {stage.name: stage for stage in PIPELINE.build(PIPELINE.defaults)}


def test_parameters_are_exact(stages, parameter_count):
    by_hand = LAYERS * (LAYER_WEIGHTS + 2 * WIDTH) + 2 * VOCABULARY * WIDTH + WIDTH
    assert parameter_count(stages["prefill"]) == PIPELINE.parameters["model"] == by_hand


@pytest.mark.parametrize(
    ("name", "repeat", "tokens", "keys"),
    [("prefill", 0, PROMPT, PROMPT), ("decode", 0, 1, PROMPT + 1), ("decode", 126, 1, PROMPT + 127)],
)
def test_a_pass_by_hand(stages, measure, name, repeat, tokens, keys):
    layer = 2 * tokens * LAYER_WEIGHTS + 4 * tokens * keys * WIDTH
    assert measure(stages[name], repeat).flops == LAYERS * layer + 2 * WIDTH * VOCABULARY


def test_decode_runs_for_all_tokens_but_the_first(stages):
    assert stages["decode"].repeats == PIPELINE.defaults.max_new_tokens - 1
