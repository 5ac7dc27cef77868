"""Cores that blocks are spread over."""

import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator.cost.hardware.cores import block_cores, engine_parts, product_of, resident_threads, thread_limit
from simulator.cost.hardware.figures import figures_of


@pytest.mark.parametrize(("name", "cores"), [("tpu_v4", 64), ("h100_sxm5_80gb", 132), ("m3_max_40c", 40)])
def test_a_matrix_engine_counts_as_the_cores_it_is_as_wide_as(name, cores):
    # 275 TFLOP/s at 1.05 GHz are 262,144 FLOPs a clock: 64 times the 4096 of an SM.
    assert engine_parts(load_accelerator(name)) == cores


def test_an_engine_without_a_known_clock_is_one_core():
    part = load_accelerator("tpu_v4")
    unknown = part.model_copy(update={"cores": part.cores.model_copy(update={"clock": None})})
    assert engine_parts(unknown) == part.cores.count


def test_a_faster_engine_has_the_parts_that_it_had():
    part = load_accelerator("tpu_v4")
    faster = apply_overrides(part, ["peak.matrix.bf16=2x"])
    more = apply_overrides(part, ["cores.count=2x"])
    assert block_cores(figures_of([part, faster, more])).tolist() == [64, 64, 128]


def test_a_changed_accelerator_without_a_file_stands_for_itself():
    part = load_accelerator("h100").model_copy(update={"hypothetical": True, "based_on": "a card of mine"})
    assert product_of(part) is part


def test_threads_of_a_core_are_those_of_its_warps_too():
    part = load_accelerator("h100")
    fewer_warps, fewer = (apply_overrides(part, [c]) for c in ("cores.max_warps=48", "cores.max_threads=1024"))
    # None published of a CPU.
    parts = [part, fewer_warps, fewer, load_accelerator("epyc_9654")]
    assert thread_limit(figures_of(parts)).tolist() == [64 * 32, 48 * 32, 1024, 2048]


def test_threads_blocks_and_registers_bound_what_is_resident():
    """65,536 registers are 2048 threads of 32, 1024 of 64."""
    part = load_accelerator("h100")
    figures = figures_of([part, apply_overrides(part, ["cores.max_blocks=1"])])
    assert resident_threads(figures, block=128, registers=32).tolist() == [2048, 128]
    assert resident_threads(figures, block=128, registers=64)[0] == 1024
    assert resident_threads(figures, block=32, registers=32)[0] == 32 * 32  # blocks
