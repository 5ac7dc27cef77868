import math
from dataclasses import replace

import numpy as np
import pytest

from simulator.cost import BOUNDS
from simulator.cost.families import group_cost
from simulator.cost.families.attention.cost import attention_cost
from simulator.cost.families.attention.tiles import AttentionTiles, FusedKernel

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
    "operands": 0.0,
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

    def build(
        heads,
        queries,
        keys,
        *,
        head=64.0,
        tiles=None,
        kernel=_KERNEL,
        part=None,
        call=None,
        group="flash3",
        **parameters,
    ):
        columns = {name: np.array([value]) for name, value in {**_TILES, **(tiles or {})}.items()}
        monkeypatch.setattr(
            "simulator.cost.families.attention.cost.attention_tiles", lambda *_: AttentionTiles(**columns)
        )
        values = {f"{group}.{name}": value for name, value in {**_VALUES, **parameters}.items()}
        chosen = replace(hardware(), **(part or {})).with_parameters(values)
        calls = attention(heads, queries, keys, head, **(call or {}))
        cost = attention_cost(calls, chosen, chosen.parameters[group], kernel=kernel)
        terms = {name: values[0, 0] for name, values in cost.terms.items()}
        return {**terms, "time": cost.time[0, 0], "bound": BOUNDS[cost.bound[0, 0]]}

    return build


def _cores(walked):
    return walked["cores, with waves and fill"]


def _joined(cores: float, dram: float) -> float:
    """Of 256 queries and 1000 keys, by twice the exponent (2) times what is not queries and outputs, to half of all."""
    exponent = 2.0 * 0.5 / (256 / 1256)
    return (cores**exponent + dram**exponent) ** (1 / exponent)


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
    assert walked["time"] == pytest.approx(3e-6 + _joined(_cores(walked), walked["DRAM traffic"]))


def test_keys_and_values_arrive_while_others_are_multiplied(walk):
    """Of self-attention half of the traffic is waited for; of one query and a thousand keys next to nothing."""
    own, decoding = walk(200.0, 1000.0, 1000.0), walk(200.0, 1.0, 1000.0)
    assert own["time"] == pytest.approx(3e-6 + math.hypot(_cores(own), own["DRAM traffic"]))
    larger = max(_cores(decoding), decoding["DRAM traffic"])
    assert larger < decoding["time"] - 3e-6 < 1.06 * larger


def test_lone_blocks_take_what_they_would_beside_others(walk):
    # 250 blocks are three on the busiest cores; 40 have a core each.
    assert _cores(walk(125.0, 256.0, 1000.0)) == pytest.approx(3 * (20 * _STEP + _MASKING) + 1.25e-6)
    assert _cores(walk(125.0, 256.0, 1000.0, tail=0.0)) == pytest.approx(3 * (20 * _STEP + _MASKING) + 1.25e-6)
    assert _cores(walk(20.0, 256.0, 1000.0)) == pytest.approx(20 * _STEP + _MASKING + 1e-6)


def test_lengths_are_rounded_up_to_tiles(walk):
    walked = walk(200.0, 257.0, 1001.0)
    assert walked["thread blocks"] == 600
    assert walked["products"] == pytest.approx(600 * 21 / 100 * _PRODUCTS)


def test_few_keys_are_one_step(walk):
    assert walk(200.0, 256.0, 50.0)["products"] == pytest.approx(400 / 100 * _PRODUCTS)


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


def test_float32_is_split_into_three_products_of_tf32(walk):
    call, part = {"number_format": "tf32", "itemsize": 4.0}, {"matrix": {"tf32": np.array([5e13])}}
    assert walk(200.0, 256.0, 1000.0, call=call, part=part)["products"] == pytest.approx(3 * 2 * 80 * _PRODUCTS)


def test_unknown_special_units_take_no_time(walk):
    walked = walk(200.0, 256.0, 1000.0, part={"special": {"fp32": np.array([np.nan])}})
    assert walked["exponentials"] == 0


def test_what_the_cache_holds_needs_no_dram(walk):
    bytes_read = 50 * (256 + 2 * 1000) * 64 * 2.0
    walked = walk(50.0, 256.0, 1000.0, call={"resident_bytes": bytes_read / 2})
    # 14.4 MB of input and 1.6 MB of output fit 40 MB; half was touched.
    assert walked["DRAM traffic"] == pytest.approx(0.5 * (bytes_read + 50 * 256 * 64 * 2) / (0.8 * 1e12))


def test_a_block_alone_waits_for_its_own_steps(walk):
    # 200 heads in two tiles are four blocks a core, two of which run side by side; a lone block waits besides.
    slow = {"latency": 1e4}
    waited = 1e4 / 1e9
    alone = _PRODUCTS + _EXPONENTIALS + _SHARED + waited
    many, few = (walk(heads, 256.0, 1000.0, tiles={"side_by_side": 2.0}, **slow) for heads in (200.0, 50.0))
    assert many["cores, with waves and fill"] > 4 * 20 * alone / 2
    assert few["cores, with waves and fill"] > 20 * alone
    assert many["cores, with waves and fill"] < 2.2 * few["cores, with waves and fill"]


def test_a_slow_l2_sets_the_pace(walk):
    walked = walk(200.0, 256.0, 1000.0, part={"operand_rate": np.array([1e9])})
    assert walked["L2 traffic"] > _cores(walked)
    # Products of the same part are as slow, and attention no faster than those.
    assert walked["time"] >= 3e-6 + _joined(walked["L2 traffic"], walked["DRAM traffic"])


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

    def test_a_tile_of_queries_may_end_with_a_tile_of_keys(self, walk):
        # 128 keys are two tiles of 64; 1000 are 16, so 9 in the mean. Of a step of 50 keys one of 64 does 1.28.
        walked = walk(200.0, 1000.0, 1000.0, tiles={"columns": 64.0}, call={"causal": True})
        assert walked["products"] == pytest.approx(200 * 8 * 9 / 100 * 1.28 * _PRODUCTS)

    def test_no_tile_sees_more_keys_than_there_are(self, walk):
        # The first of 1000 queries could see 128 keys, of which there are 100: two steps for every tile.
        walked = walk(200.0, 1000.0, 100.0, call={"causal": True})
        assert walked["products"] == pytest.approx(200 * 8 * 2 / 100 * _PRODUCTS)
        # No more steps mask than there are.
        assert _cores(walked) == pytest.approx(16 * (2 * _STEP + 2 * _MASKING) + 8e-6)


class TestStagedScores:
    """Scores that pass through shared memory: instructions on the 50 vector lanes of a core come with each."""

    _FEW, _MANY = (_EXPONENTIALS + 6400 * count / 50e9 for count in (4, 20))
    _WALK = (200.0, 256.0, 1000.0)

    def _step(self, walk, **options):
        return walk(*self._WALK, group="efficient", softmax=4.0, spread_softmax=20.0, **options)["exponentials"] / 80

    def test_rows_of_scores_lie_with_a_few_threads(self, walk):
        assert self._step(walk) == pytest.approx(self._FEW)

    def test_or_are_spread_over_many(self, walk):
        assert self._step(walk, part={"spread_accumulators": np.array([True])}) == pytest.approx(self._MANY)
        on_vector_units = {"matrix_flops": 0.0, "vector_flops": 5e10, "number_format": "fp32"}
        assert self._step(walk, call=on_vector_units) == pytest.approx(self._MANY)

    @pytest.mark.parametrize(("number_format", "splitting"), [("tf32", 3 * 500 / 50e9), ("bf16", 0.0)])
    def test_float32_operands_are_split_as_they_are_read(self, walk, number_format, splitting):
        step = self._step(
            walk,
            call={"number_format": number_format},
            part={"matrix": {"tf32": np.array([5e13]), "bf16": np.array([1e14])}},
            tiles={"operands": 500.0},
        )
        assert step == pytest.approx(self._FEW + splitting)

    def test_unknown_vector_units_take_no_time(self, walk):
        assert self._step(walk, part={"vector": {"fp32": np.array([np.nan])}}) == pytest.approx(_EXPONENTIALS)


class TestGroupedHeads:
    def test_single_queries_of_a_group_share_a_tile(self, walk):
        walked = walk(800.0, 1.0, 1000.0, call={"heads_per_key_head": 4.0})
        assert walked["thread blocks"] == 200
        assert walk(800.0, 1.0, 1000.0, call={"heads_per_key_head": 2.0})["thread blocks"] == 400
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

    def test_of_equal_times_the_fewest_parts(self, walk):
        # Nine steps are three for each of three parts, and for the longest of four.
        part = {"dram_bandwidth": np.array([np.inf])}
        walked = walk(8.0, 128.0, 450.0, kernel=self._SPLITTING, combine=0.0, part=part)
        assert walked["splits of the keys"] == 3

    def test_causal_parts_have_their_share_of_the_mean(self, walk):
        # 30 heads of two tiles of queries: the first sees 1872 of 2000 keys, 38 steps, the last all 40.
        walked = walk(
            30.0, 256.0, 2000.0, kernel=FusedKernel(name="flash3", split_queries=256.0), call={"causal": True}
        )
        split = walked["splits of the keys"]
        masking = 4 * _MASKING
        longest = math.ceil(40 / split) * _STEP + masking
        work = 60 * split / 100 * (39 / split * _STEP + masking)
        uneven = max(work + 0.5 * longest * min(60 * split / 200, 1.0), longest)
        equal = math.ceil(60 * split / 100) * longest
        combining = 2e-6 + split * 30 * 256 * 64 * 8 / 1e12
        assert split > 1
        assert _cores(walked) == pytest.approx(min(uneven, equal) + 1e-6 + combining)

    def test_parts_share_cores(self, walk):
        # 60 blocks are 180 parts of 14 steps, two on the busiest core.
        walked = walk(60.0, 128.0, 2000.0, kernel=self._SPLITTING)
        combining = 2e-6 + 3 * 60 * 128 * 64 * 8 / 1e12
        assert walked["splits of the keys"] == 3
        assert _cores(walked) == pytest.approx(2 * (14 * _STEP + _MASKING) + 1e-6 + combining)
        # With one block to a core 120 parts are more than a round.
        alone = walk(60.0, 128.0, 2000.0, kernel=self._SPLITTING, tiles={"side_by_side": 1.0})
        assert alone["splits of the keys"] == 1

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


def test_what_bounds_a_call(walk):
    plain = (200.0, 256.0, 1000.0)
    assert walk(*plain)["bound"] == "matrix"
    assert walk(*plain, tiles={"shared": 1e6})["bound"] == "matrix"
    assert walk(*plain, exponential=6.0)["bound"] == "special"
    assert walk(*plain, part={"operand_rate": np.array([1e9])})["bound"] == "l2"
    assert walk(*plain, part={"dram_bandwidth": np.array([1e10])})["bound"] == "dram"
    assert walk(1.0, 16.0, 16.0, floor=1e-3)["bound"] == "latency"


@pytest.mark.parametrize("group", ["flash2", "flash3"])
def test_no_call_is_shorter_than_its_floor(hardware, attention, group):
    cost = group_cost(group, attention(1.0, 1.0, 1.0, 64.0), hardware())
    assert cost.terms["floor"][0, 0] == 4e-6 < cost.time[0, 0]
