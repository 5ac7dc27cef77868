"""Attention kernels of libraries: cost, tiles and parameter groups together."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import GROUPS, hardware_columns
from simulator.cost.families import group_cost, groups_of
from simulator.kernels import Attention, AttentionAlgorithm

_GROUPS = ("flash2", "efficient", "flash3", "flash4", "cudnn_attention", "trtllm", "ck", "aiter")


def test_units_by_hand(hardware, attention):
    # 64 heads of 4096 x 4096 x 64 are 2.75e11 FLOP, at 100 TFLOP/s, and 1.07e9 exponentials, which with what
    # comes with them take 2.25 times as long as those alone at 1.6e12 a second. A step reads 128 keys and values of 128
    # bytes with each of four warps, writes them once and reads 128 queries: 180224 bytes at 64 bytes a clock of 1 GHz.
    cost = group_cost("flash2", attention(64.0, 4096.0, 4096.0, 64.0), hardware())
    assert cost.terms["products"][0, 0] == pytest.approx(4 * 64 * 4096**2 * 64 / 100e12)
    assert cost.terms["exponentials"][0, 0] == pytest.approx(2.25 * 64 * 4096**2 / 1.6e12)
    steps_of_a_core = 64 * 32 * 32 / 100
    assert cost.terms["shared memory"][0, 0] == pytest.approx(steps_of_a_core * 180224 / 64e9)


def test_warp_groups_and_tensor_memory_take_operands_at_the_rate_of_the_products(hardware, attention):
    for group in ("flash3", "flash4", "cudnn_attention"):
        cost = group_cost(group, attention(64.0, 4096.0, 4096.0, 64.0), hardware(architecture="hopper"))
        assert cost.terms["shared memory"][0, 0] == 0


def test_a_block_masks_its_last_step_and_those_on_the_diagonal(hardware, attention):
    # 100 blocks of four steps run side by side; a step does 128 x 128 exponentials at 16e9 a second and core.
    kernel = attention(100.0, 128.0, 512.0, 64.0)
    part = hardware(dram=1e18)
    bare, whole = (
        group_cost("flash2", kernel, part.with_parameters({"flash2.masking": x})).time[0, 0] for x in (0.0, 1.0)
    )
    assert whole - bare == pytest.approx(2.25 * 128 * 128 / 16e9)


def test_wide_heads_compute_the_scores_once_for_each_slice_of_the_values(hardware, attention):
    # 512 is four slices of 128: scores of 512 elements four times over, and the values once.
    narrow, wide = (
        group_cost("cudnn_attention", attention(64.0, 4096.0, 4096.0, head), hardware()).terms["products"][0, 0]
        for head in (256.0, 512.0)
    )
    assert wide / narrow == pytest.approx((4 * 512 + 512) / (2 * 256))


def test_a_paged_cache_is_read_by_the_kernel_of_short_tiles(hardware, attention):
    paged = attention(64.0, 4096.0, 4096.0, 128.0, algorithm=AttentionAlgorithm.FLASH2_PAGED)
    cost = group_cost("flash2", paged, hardware())
    assert (cost.terms["tile of queries"][0, 0], cost.terms["tile of keys"][0, 0]) == (64, 128)
    # Half the queries share what four warps read.
    plain = group_cost("flash2", attention(64.0, 4096.0, 4096.0, 128.0), hardware())
    assert cost.terms["shared memory"][0, 0] > 1.6 * plain.terms["shared memory"][0, 0]


@pytest.mark.parametrize("architecture", ["turing", "ampere", "ada"])
def test_the_memory_efficient_kernel_is_slower_than_flash_attention(hardware, attention, architecture):
    kernel, part = attention(64.0, 4096.0, 4096.0, 64.0), hardware(architecture=architecture)
    efficient, flash = (group_cost(group, kernel, part).time[0, 0] for group in ("efficient", "flash2"))
    assert 1.2 < efficient / flash < 4


@pytest.mark.parametrize(("architecture", "instructions"), [("volta", 30.0), ("turing", 5.0), ("ampere", 5.0)])
def test_a_staged_score_takes_its_exponential_and_instructions_on_vector_units(
    hardware, attention, architecture, instructions
):
    part = replace(hardware(architecture=architecture), vector={"fp32": np.array([10e12])})
    cost = group_cost("efficient", attention(64.0, 4096.0, 4096.0, 64.0), part)
    assert cost.terms["exponentials"][0, 0] == pytest.approx(64 * 4096**2 * (1 / 1.6e12 + instructions * 2 / 10e12))


def test_scores_of_products_on_vector_units_are_spread(hardware, attention):
    kernel = attention(64.0, 4096.0, 4096.0, 64.0, number_format="fp32", itemsize=4.0, matrix_flops=0.0)
    part = replace(hardware(architecture="turing"), vector={"fp32": np.array([10e12])})
    cost = group_cost("efficient", kernel, part)
    assert cost.terms["exponentials"][0, 0] == pytest.approx(64 * 4096**2 * (1 / 1.6e12 + 30 * 2 / 10e12))


def test_barriers_keep_products_and_exponentials_of_a_block_apart(hardware, attention):
    # On the same units, what a core does in turns is nearly the sum of its parts where scores are staged.
    kernel, part = attention(64.0, 4096.0, 4096.0, 64.0), hardware()
    shares = {}
    for group in ("efficient", "flash2"):
        terms = group_cost(group, kernel, part).terms
        parts = [terms[name][0, 0] for name in ("products", "exponentials", "shared memory")]
        shares[group] = terms["cores, with waves and fill"][0, 0] / sum(parts)
    assert shares["efficient"] > 0.85 > 0.75 > shares["flash2"]


@pytest.mark.parametrize("group", _GROUPS)
def test_wider_heads_take_longer(hardware, attention, group):
    times = [
        group_cost(group, attention(256.0, 4096.0, 4096.0, head), hardware()).time[0, 0]
        for head in (40.0, 64.0, 80.0, 160.0, 512.0)
    ]
    assert times == sorted(times)


def test_causal_takes_about_half(hardware, attention):
    full = group_cost("flash2", attention(64.0, 8192.0, 8192.0, 64.0), hardware()).time[0, 0]
    half = group_cost("flash2", attention(64.0, 8192.0, 8192.0, 64.0, causal=True), hardware()).time[0, 0]
    assert 0.48 < half / full < 0.65


def test_keys_are_split_for_a_single_query(hardware, attention):
    cost = group_cost("flash2", attention(8.0, 1.0, 65536.0, 128.0), hardware())
    assert cost.terms["splits of the keys"][0, 0] > 1


@pytest.mark.parametrize(
    ("group", "queries", "splits"),
    [("flash2", 128.0, False), ("flash3", 128.0, True), ("efficient", 1.0, False), ("cudnn_attention", 1.0, True)],
)
def test_libraries_split_the_keys_of_different_calls(hardware, attention, group, queries, splits):
    cost = group_cost(group, attention(8.0, queries, 65536.0, 128.0), hardware())
    assert (cost.terms["splits of the keys"][0, 0] > 1) == splits


def test_parts_of_the_keys_run_at_once(hardware, attention):
    # 40 blocks on 100 cores may be 80 parts, one a core; 60 would be more than a round.
    few, more = (
        group_cost("flash3", attention(heads, 128.0, 65536.0, 128.0), hardware()).terms["splits of the keys"][0, 0]
        for heads in (40.0, 60.0)
    )
    assert (few, more) == (2, 1)


def test_many_short_sequences_are_rounds_of_small_blocks(hardware, attention):
    few = group_cost("flash2", attention(1000.0, 16.0, 16.0, 64.0), hardware()).time[0, 0]
    many = group_cost("flash2", attention(64000.0, 16.0, 16.0, 64.0), hardware()).time[0, 0]
    assert many > 20 * few


def test_flash2_on_hopper_is_bound_by_its_instructions(hardware, attention):
    kernel = attention(64.0, 8192.0, 8192.0, 128.0)
    part = hardware(architecture="hopper")
    assert group_cost("flash2", kernel, part).time[0, 0] > 1.3 * group_cost("flash3", kernel, part).time[0, 0]


def test_float32_as_tf32_multiplies_three_times(hardware, attention):
    kernel = attention(64.0, 4096.0, 4096.0, 64.0, number_format="tf32", itemsize=4.0)
    part = replace(hardware(), matrix={"tf32": np.array([50e12])})
    cost = group_cost("efficient", kernel, part)
    # Keys in tiles of 64, heads and values of 64: 4 x 64 FLOPs a score, thrice.
    assert cost.terms["products"][0, 0] == pytest.approx(3 * 64 * 4096**2 * 4 * 64 / 50e12)


def test_float32_operands_are_split_each_time_that_a_warp_reads_them(hardware, attention):
    # Warps of 32 x 32 read 2 x (64 + 64) / 32 operands a score, in three instructions each.
    matrix = {"tf32": np.array([50e12]), "bf16": np.array([1e14])}
    part = replace(hardware(), matrix=matrix, vector={"fp32": np.array([10e12])})
    plain, split = (
        group_cost("efficient", attention(64.0, 4096.0, 4096.0, 64.0, **options), part).terms["exponentials"][0, 0]
        for options in ({}, {"number_format": "tf32", "itemsize": 4.0})
    )
    assert split - plain == pytest.approx(64 * 4096**2 * 3 * 8 * 2 / 10e12)


def test_values_narrower_than_keys_take_less(hardware, attention):
    # 192 elements of queries and keys, 128 of values: 320 products of a score in place of 384.
    wide, narrow = (
        group_cost("cudnn_attention", attention(64.0, 4096.0, 4096.0, 192.0, value_dim=value), hardware())
        for value in (192.0, 128.0)
    )
    assert narrow.terms["products"][0, 0] / wide.terms["products"][0, 0] == pytest.approx(320 / 384)


def _more(part, resource, factor):
    """More of a resource; more cores bring their units along."""
    changes = {resource: getattr(part, resource) * factor}
    if resource == "cores":
        for unit in ("matrix", "vector", "special"):
            changes[unit] = {name: rate * factor for name, rate in getattr(part, unit).items()}
    return replace(part, **changes)


_RESOURCES = ("cores", "attention_storage", "cache_capacity", "operand_rate", "dram_bandwidth", "shared_rate")


@pytest.mark.parametrize("group", _GROUPS)
@pytest.mark.parametrize("resource", _RESOURCES)
def test_more_of_a_resource_never_costs_time(hardware, attention, group, resource):
    rng = np.random.default_rng([len(group), len(resource)])
    for _ in range(8):
        heads, queries, keys = (float(2 ** rng.integers(0, top) + rng.integers(0, 9)) for top in (10, 14, 14))
        head, causal = float(rng.choice([40, 64, 80, 128, 192, 256, 512])), bool(rng.integers(2))
        kernel = attention(heads, queries, keys, head, causal=causal, resident_bytes=1e6)
        factors = np.cumprod([1.0, *rng.uniform(1.0, 2.0, 3)])
        parts = [_more(hardware(), resource, factor) for factor in factors]
        times = [group_cost(group, kernel, part).time[0, 0] for part in parts]
        assert all(after <= before * (1 + 1e-12) for before, after in itertools.pairwise(times)), kernel


@pytest.mark.parametrize("causal", [False, True])
def test_more_cores_never_cost_blocks_time_that_wait_alone(hardware, attention, causal):
    part = hardware().with_parameters({"flash2.latency": 7400.0})
    kernel = attention(64.0, 1024.0, 1024.0, 128.0, causal=causal)
    parts = [_more(part, "cores", n / 100.0) for n in range(100, 700, 7)]
    times = [group_cost("flash2", kernel, each).time[0, 0] for each in parts]
    assert all(after <= before * (1 + 1e-12) for before, after in itertools.pairwise(times))


def test_each_accelerator_has_the_tiles_of_its_architecture(attention):
    def times(*names):
        parts = hardware_columns([load_accelerator(n) for n in names], calibrations=CalibrationPool.empty())
        return group_cost("flash2", attention(64.0, 4096.0, 4096.0, 128.0), parts).time[0].tolist()

    assert times("a100", "h100", "a100") == [*times("a100"), *times("h100"), *times("a100")]


@pytest.mark.parametrize("group", _GROUPS)
def test_algorithms_belong_to_the_group_of_their_kernel(table, group):
    algorithm = {"cudnn_attention": "CUDNN"}.get(group, group.upper())
    kernels = table(Attention, algorithm=AttentionAlgorithm[algorithm])
    assert GROUPS[groups_of(kernels)[0]] == group


@pytest.mark.parametrize(
    ("part", "number_format", "heads", "tokens", "head", "measured"),
    [
        ("a100-sxm4-80gb", "fp16", 16.0, 16384.0, 40.0, 12.748e-3),
        ("a100-sxm4-80gb", "fp16", 160.0, 4096.0, 128.0, 12.898e-3),
        ("a100-sxm4-80gb", "tf32", 256.0, 1024.0, 64.0, 2.690e-3),
        ("v100-sxm2-16gb", "fp16", 256.0, 1024.0, 64.0, 2.384e-3),
    ],
)
def test_the_memory_efficient_kernel_takes_as_long_as_its_authors_say(
    attention, part, number_format, heads, tokens, head, measured
):
    # facebookresearch/xformers, pull requests 388, 412 and 434
    itemsize = 4.0 if number_format == "tf32" else 2.0
    kernel = attention(heads, tokens, tokens, head, number_format=number_format, itemsize=itemsize)
    hardware = hardware_columns([load_accelerator(part)], CalibrationPool.shipped())
    assert group_cost("efficient", kernel, hardware).time[0, 0] == pytest.approx(measured, rel=0.1)
