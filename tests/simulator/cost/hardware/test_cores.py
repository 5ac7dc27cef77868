"""Cores that blocks are spread over."""

import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator.cost.hardware.cores import block_cores, product_of


@pytest.mark.parametrize(("name", "cores"), [("tpu_v4", 64), ("h100_sxm5_80gb", 132), ("m3_max_40c", 40)])
def test_a_matrix_engine_counts_as_the_cores_it_is_as_wide_as(name, cores):
    # 275 TFLOP/s at 1.05 GHz are 262,144 FLOPs a clock: 64 times the 4096 of an SM.
    assert block_cores(load_accelerator(name)) == cores


def test_an_engine_without_a_known_clock_is_one_core():
    part = load_accelerator("tpu_v4")
    unknown = part.model_copy(update={"cores": part.cores.model_copy(update={"clock": None})})
    assert block_cores(unknown) == part.cores.count


def test_a_faster_engine_has_the_parts_that_it_had():
    part = load_accelerator("tpu_v4")
    faster = apply_overrides(part, ["peak.matrix.bf16=2x"])
    more = apply_overrides(part, ["cores.count=2x"])
    assert (block_cores(faster), block_cores(more)) == (64, 128)


def test_a_changed_accelerator_without_a_file_stands_for_itself():
    part = load_accelerator("h100").model_copy(update={"hypothetical": True, "based_on": "a card of mine"})
    assert product_of(part) is part
