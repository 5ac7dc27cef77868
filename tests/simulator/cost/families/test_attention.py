import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost import BOUNDS, GROUPS, hardware_columns
from simulator.cost.families import group_cost, groups_of
from simulator.cost.families.attention import attention_cost
from simulator.cost.families.attention_tiles import AttentionTiles, FusedKernel
from simulator.kernels import Attention, AttentionAlgorithm


@pytest.fixture
def attention(table):
    def build(batch, queries, keys, head, **options):
        read = batch * (queries + 2 * keys) * head * 2.0
        columns = {
            "number_format": "bf16",
            "matrix_flops": 4.0 * batch * queries * keys * head,
            "special_ops": batch * queries * keys,
            "bytes_read": read,
            "bytes_written": batch * queries * head * 2.0,
            "num_heads": batch,
            "query_length": queries,
            "key_length": keys,
            "head_dim": head,
            "value_dim": head,
        }
        return table(Attention, **{**columns, **options})

    return build


def test_units_by_hand(hardware, attention):
    # 64 heads of 4096 x 4096 x 64 are 2.75e11 FLOP, at 100 TFLOP/s, and 1.07e9 exponentials, which with what
    # comes with them take 2.8 times as long as those alone at 1.6e12 a second. A step reads 128 keys and values of 128
    # bytes with each of four warps, writes them once and reads 128 queries: 180224 bytes at 64 bytes a clock of 1 GHz.
    cost = group_cost("flash2", attention(64.0, 4096.0, 4096.0, 64.0), hardware())
    assert cost.terms["products"][0, 0] == pytest.approx(4 * 64 * 4096**2 * 64 / 100e12)
    assert cost.terms["exponentials"][0, 0] == pytest.approx(2.8 * 64 * 4096**2 / 1.6e12)
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
    assert whole - bare == pytest.approx(2.8 * 128 * 128 / 16e9)


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


@pytest.mark.parametrize("architecture", ["volta", "turing", "ampere", "ada"])
def test_the_memory_efficient_kernel_is_slower_than_flash_attention(hardware, attention, architecture):
    kernel, part = attention(64.0, 4096.0, 4096.0, 64.0), hardware(architecture=architecture)
    efficient, flash = (group_cost(group, kernel, part).time[0, 0] for group in ("efficient", "flash2"))
    assert 1.2 < efficient / flash < 4


@pytest.mark.parametrize("group", ["flash2", "efficient", "flash3", "flash4", "cudnn_attention", "trtllm"])
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


# Blocks of 128 queries that walk over tiles of 50 keys, two to a core of 1 GHz with 1 TFLOP/s, 16 billion exponentials
# a second and 64 GB/s of shared memory.
_TILES = {
    "rows": 128.0,
    "columns": 50.0,
    "head": 64.0,
    "value": 48.0,
    "passes": 1.0,
    "storage": 8192.0,
    "side_by_side": 2.0,
    "alternating": True,
    "shared": 6400.0,
    "fetched": 3200.0,
}
_VALUES = {
    "exponential": 2.0,
    "overlap": 2.0,
    "tail": 0.5,
    "fill": 1e-6,
    "masking": 0.5,
    "combine": 2e-6,
    "dram": 0.8,
    "floor": 3e-6,
}
_KERNEL = FusedKernel(name="flash2", split_queries=0.0)

# Of one step: 2 x 128 x 50 scores over 64 and 48 elements, twice their exponentials, 6400 B.
_PRODUCTS, _EXPONENTIALS, _SHARED = 2 * 6400 * 112 / 1e12, 2 * 6400 / 1.6e10, 6400 / 64e9
_STEP = math.sqrt(_PRODUCTS**2 + _EXPONENTIALS**2 + _SHARED**2)
_MASKING = 0.5 * _EXPONENTIALS


@pytest.fixture
def walk(hardware, attention, monkeypatch):
    """Terms of a call whose kernel has tiles of its own."""

    def build(heads, queries, keys, *, head=64.0, tiles=None, kernel=_KERNEL, part=None, call=None, **parameters):
        columns = {name: np.array([value]) for name, value in {**_TILES, **(tiles or {})}.items()}
        monkeypatch.setattr("simulator.cost.families.attention.attention_tiles", lambda *_: AttentionTiles(**columns))
        values = {f"flash3.{name}": value for name, value in {**_VALUES, **parameters}.items()}
        chosen = replace(hardware(), **(part or {})).with_parameters(values)
        calls = attention(heads, queries, keys, head, **(call or {}))
        cost = attention_cost(calls, chosen, chosen.parameters["flash3"], kernel=kernel)
        terms = {name: values[0, 0] for name, values in cost.terms.items()}
        return {**terms, "time": cost.time[0, 0], "bound": BOUNDS[cost.bound[0, 0]]}

    return build


def _cores(walked):
    return walked["cores, with waves and fill"]


def test_blocks_walk_over_all_keys_by_hand(walk):
    # 200 heads of two tiles of queries are 400 blocks of 20 steps, two waves of two blocks on each of 100 cores.
    walked = walk(200.0, 256.0, 1000.0)
    assert (walked["thread blocks"], walked["tile of queries"], walked["tile of keys"]) == (400, 128, 50)
    assert walked["products"] == pytest.approx(400 * 20 / 100 * _PRODUCTS)
    assert walked["exponentials"] == pytest.approx(400 * 20 / 100 * _EXPONENTIALS)
    assert walked["shared memory"] == pytest.approx(400 * 20 / 100 * _SHARED)
    assert _cores(walked) == pytest.approx(4 * (20 * _STEP + _MASKING) + 2 * 1e-6)
    assert walked["L2 traffic"] == pytest.approx(400 * 20 * 3200 / 3e12)
    assert walked["DRAM traffic"] == pytest.approx(200 * (2 * 256 + 2 * 1000) * 64 * 2 / (0.8 * 1e12))
    assert walked["time"] == pytest.approx(3e-6 + math.hypot(_cores(walked), walked["DRAM traffic"]))


def test_lone_blocks_take_what_they_would_beside_others(walk):
    # 250 blocks are three on the busiest cores; 40 have a core each.
    assert _cores(walk(125.0, 256.0, 1000.0)) == pytest.approx(3 * (20 * _STEP + _MASKING) + 1.25e-6)
    assert _cores(walk(20.0, 256.0, 1000.0)) == pytest.approx(20 * _STEP + _MASKING + 1e-6)


def test_lengths_are_rounded_up_to_tiles(walk):
    walked = walk(200.0, 257.0, 1001.0)
    assert walked["thread blocks"] == 600
    assert walked["products"] == pytest.approx(600 * 21 / 100 * _PRODUCTS)


def test_a_single_tile_of_queries_multiplies_while_nothing_else_runs(walk):
    walked = walk(200.0, 256.0, 1000.0, tiles={"alternating": False})
    assert _cores(walked) == pytest.approx(4 * (20 * (_PRODUCTS + _EXPONENTIALS + _SHARED) + _MASKING) + 2e-6)


def test_slices_of_the_values_repeat_the_scores(walk):
    walked = walk(200.0, 256.0, 1000.0, tiles={"passes": 3.0})
    assert walked["products"] == pytest.approx(80 * 2 * 6400 * (3 * 64 + 48) / 1e12)


def test_vector_units_do_the_products_where_there_are_no_others(walk):
    call = {"matrix_flops": 0.0, "vector_flops": 5e10, "number_format": "fp32", "itemsize": 4.0}
    walked = walk(200.0, 256.0, 1000.0, call=call)
    assert walked["products"] == pytest.approx(80 * 2 * 6400 * 112 / 1e11)


def test_warp_wide_instructions_reach_part_of_the_peak(walk):
    part, kernel = {"warp_matrix_share": np.array([0.5])}, FusedKernel(name="flash2", warp_wide=True, split_queries=0.0)
    assert walk(200.0, 256.0, 1000.0, part=part, kernel=kernel)["products"] == pytest.approx(2 * 80 * _PRODUCTS)
    assert walk(200.0, 256.0, 1000.0, part=part)["products"] == pytest.approx(80 * _PRODUCTS)


def test_unknown_special_units_take_no_time(walk):
    walked = walk(200.0, 256.0, 1000.0, part={"special": {"fp32": np.array([np.nan])}})
    assert walked["exponentials"] == 0


def test_what_the_cache_holds_needs_no_dram(walk):
    bytes_read = 50 * (256 + 2 * 1000) * 64 * 2.0
    walked = walk(50.0, 256.0, 1000.0, call={"resident_bytes": bytes_read / 2})
    # 14.4 MB of input and 1.6 MB of output fit 40 MB; half was touched.
    assert walked["DRAM traffic"] == pytest.approx(0.5 * (bytes_read + 50 * 256 * 64 * 2) / (0.8 * 1e12))


def test_a_slow_l2_sets_the_pace(walk):
    walked = walk(200.0, 256.0, 1000.0, part={"cache_rate": np.array([1e9])})
    assert walked["L2 traffic"] > _cores(walked)
    assert walked["time"] == pytest.approx(3e-6 + math.hypot(walked["L2 traffic"], walked["DRAM traffic"]))


class TestCausal:
    """256 queries at the end of 1000 keys: the first tile sees 872 of them, 18 steps, the last all 20."""

    @pytest.mark.parametrize(
        ("heads", "slots"),
        [(200.0, 1.0), (75.0, 0.75), (25.0, 0.25)],
        ids=["full", "two blocks on some cores", "lone blocks"],
    )
    def test_cores_do_the_mean_and_wait_for_the_longest(self, walk, heads, slots):
        # Four steps mask: three of 50 keys on the diagonal of 128 queries, and the last.
        walked, blocks = walk(heads, 256.0, 1000.0, call={"causal": True}), 2 * heads
        masking = 4 * _MASKING
        longest, mean = 20 * _STEP + masking, 19 * _STEP + masking
        uneven = max(blocks / 100 * mean + 0.5 * longest * slots, longest)
        equal = {400: 4, 150: 2, 50: 1}[blocks] * longest
        assert _cores(walked) == pytest.approx(min(uneven, equal) + 1e-6 * max(blocks / 200, 1))
        assert walked["products"] == pytest.approx(blocks * 19 / 100 * _PRODUCTS)

    def test_many_blocks_end_with_the_tail_of_the_longest(self, walk):
        walked = walk(2000.0, 256.0, 1000.0, call={"causal": True})
        longest, mean = 20 * _STEP + 4 * _MASKING, 19 * _STEP + 4 * _MASKING
        assert _cores(walked) == pytest.approx(40 * mean + 0.5 * longest + 20e-6)

    def test_a_long_tail_takes_no_longer_than_equal_blocks(self, walk):
        walked = walk(2000.0, 256.0, 1000.0, call={"causal": True}, tail=2.0)
        assert _cores(walked) == pytest.approx(40 * (20 * _STEP + 4 * _MASKING) + 20e-6)

    def test_queries_without_older_keys_start_at_the_diagonal(self, walk):
        # 1000 queries on as many keys: the first tile sees 128, three steps; 11.5 in the mean.
        walked = walk(200.0, 1000.0, 1000.0, call={"causal": True})
        assert walked["products"] == pytest.approx(200 * 8 * 11.5 / 100 * _PRODUCTS)

    def test_no_tile_sees_more_keys_than_there_are(self, walk):
        # The first of 1000 queries could see 128 keys, of which there are 100: two steps for every tile.
        walked = walk(200.0, 1000.0, 100.0, call={"causal": True})
        assert walked["products"] == pytest.approx(200 * 8 * 2 / 100 * _PRODUCTS)
        # No more steps mask than there are.
        assert _cores(walked) == pytest.approx(16 * (2 * _STEP + 2 * _MASKING) + 8e-6)


class TestGroupedHeads:
    def test_single_queries_of_a_group_share_a_tile(self, walk):
        walked = walk(800.0, 1.0, 1000.0, call={"heads_per_key_head": 4.0})
        assert walked["thread blocks"] == 200
        assert walk(800.0, 1.0, 1000.0)["thread blocks"] == 800

    @pytest.mark.parametrize(("packs", "blocks"), [(False, 800), (True, 200)])
    def test_some_kernels_pack_any_number_of_queries(self, walk, packs, blocks):
        kernel = FusedKernel(name="flash3", packs_heads=packs, split_queries=0.0)
        walked = walk(800.0, 32.0, 1000.0, kernel=kernel, call={"heads_per_key_head": 4.0})
        assert walked["thread blocks"] == blocks

    def test_packed_tiles_reach_less_far_along_the_keys(self, walk):
        # 128 rows are 32 queries of four heads: the first of 1000 stops at 32 keys, one step, 10.5 in the mean.
        kernel = FusedKernel(name="flash3", packs_heads=True, split_queries=0.0)
        call = {"heads_per_key_head": 4.0, "causal": True}
        walked = walk(200.0, 1000.0, 1000.0, kernel=kernel, call=call)
        assert walked["thread blocks"] == 32 * 50
        assert walked["products"] == pytest.approx(32 * 50 * 10.5 / 100 * _PRODUCTS)


class TestSplits:
    _SPLITTING = FusedKernel(name="flash3", split_queries=128.0)

    def test_keys_are_split_as_long_as_it_pays(self, walk):
        # Eight blocks of 40 steps: up to 16 parts of the keys run at once and have two steps each.
        def time(split):
            blocks = 8 * split
            busy = math.ceil(blocks / 100)
            own = busy * (math.ceil(40 / split) * _STEP + _MASKING) + 1e-6
            return own + (2e-6 + split * 8 * 128 * 64 * 8 / 1e12 if split > 1 else 0)

        walked = walk(8.0, 128.0, 2000.0, kernel=self._SPLITTING)
        best = min((1, 2, 3, 4, 6, 8, 12, 16), key=time)
        assert walked["splits of the keys"] == best > 1
        assert _cores(walked) == pytest.approx(time(best))

    @pytest.mark.parametrize("split", [1, 2, 3, 4, 6, 8, 12, 16, 32])
    def test_as_many_parts_as_run_at_once(self, walk, split):
        part, tiles = {"cores": np.array([float(split)])}, {"side_by_side": 1.0}
        walked = walk(1.0, 128.0, 6400.0, kernel=self._SPLITTING, part=part, tiles=tiles, combine=0.0)
        assert walked["splits of the keys"] == split

    @pytest.mark.parametrize(("keys", "split"), [(400.0, 4), (399.0, 4), (350.0, 3), (100.0, 1), (200.0, 2)])
    def test_parts_have_two_steps_at_least(self, walk, keys, split):
        walked = walk(8.0, 128.0, keys, kernel=self._SPLITTING, combine=0.0)
        assert walked["splits of the keys"] == split

    def test_combining_costs_latency_and_traffic(self, walk):
        once = walk(8.0, 128.0, 2000.0)
        dear = walk(8.0, 128.0, 2000.0, kernel=self._SPLITTING, combine=1.0)
        slow = walk(8.0, 128.0, 2000.0, kernel=self._SPLITTING, part={"dram_bandwidth": np.array([1e6])})
        for walked in (dear, slow):
            assert walked["splits of the keys"] == 1
            assert _cores(walked) == _cores(once)

    @pytest.mark.parametrize(("queries", "splits"), [(128.0, True), (129.0, False)])
    def test_only_few_queries_are_split(self, walk, queries, splits):
        walked = walk(8.0, queries, 2000.0, kernel=self._SPLITTING)
        assert (walked["splits of the keys"] > 1) == splits


def test_float32_as_tf32_multiplies_three_times(hardware, attention):
    kernel = attention(64.0, 4096.0, 4096.0, 64.0, number_format="tf32", itemsize=4.0)
    part = replace(hardware(), matrix={"tf32": np.array([50e12])})
    cost = group_cost("efficient", kernel, part)
    # Keys in tiles of 64, heads and values of 64: 4 x 64 FLOPs a score, thrice.
    assert cost.terms["products"][0, 0] == pytest.approx(3 * 64 * 4096**2 * 4 * 64 / 50e12)


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


_RESOURCES = ("cores", "attention_storage", "cache_capacity", "cache_rate", "dram_bandwidth", "shared_rate")


@pytest.mark.parametrize("group", ["flash2", "efficient", "flash3", "flash4", "cudnn_attention", "trtllm"])
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


def test_what_bounds_a_call(walk):
    plain = (200.0, 256.0, 1000.0)
    assert walk(*plain)["bound"] == "matrix"
    assert walk(*plain, tiles={"shared": 1e6})["bound"] == "matrix"
    assert walk(*plain, exponential=6.0)["bound"] == "special"
    assert walk(*plain, part={"cache_rate": np.array([1e9])})["bound"] == "l2"
    assert walk(*plain, part={"dram_bandwidth": np.array([1e10])})["bound"] == "dram"
    assert walk(1.0, 16.0, 16.0, floor=1e-3)["bound"] == "latency"


def test_each_accelerator_has_the_tiles_of_its_architecture(attention):
    def times(*names):
        parts = hardware_columns([load_accelerator(n) for n in names], calibrations=CalibrationPool.empty())
        return group_cost("flash2", attention(64.0, 4096.0, 4096.0, 128.0), parts).time[0].tolist()

    assert times("a100", "h100", "a100") == [*times("a100"), *times("h100"), *times("a100")]


@pytest.mark.parametrize("group", ["flash2", "efficient", "flash3", "flash4", "cudnn_attention", "trtllm"])
def test_algorithms_belong_to_the_group_of_their_kernel(table, group):
    algorithm = {"cudnn_attention": "CUDNN"}.get(group, group.upper())
    kernels = table(Attention, algorithm=AttentionAlgorithm[algorithm])
    assert GROUPS[groups_of(kernels)[0]] == group
