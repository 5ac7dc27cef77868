"""Cores that blocks are spread over."""

import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator.cost.hardware.cores import block_cores, product_of, resident_threads, thread_limit


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


def test_threads_of_a_core_are_those_of_its_warps_too():
    part = load_accelerator("h100")
    assert thread_limit(part) == 64 * 32 == 2048
    assert thread_limit(apply_overrides(part, ["cores.max_warps=48"])) == 48 * 32
    assert thread_limit(apply_overrides(part, ["cores.max_threads=1024"])) == 1024
    assert thread_limit(load_accelerator("epyc_9654")) == 2048  # none published


def test_threads_blocks_and_registers_bound_what_is_resident():
    """65,536 registers are 2048 threads of 32, 1024 of 64."""
    part = load_accelerator("h100")
    assert resident_threads(part, block=128, registers=32) == 2048
    assert resident_threads(part, block=128, registers=64) == 1024
    assert resident_threads(part, block=32, registers=32) == 32 * 32  # blocks
    assert resident_threads(apply_overrides(part, ["cores.max_blocks=1"]), block=128, registers=32) == 128
