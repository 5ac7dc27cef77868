import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from hw_specs.tiles import TileLibrary
from simulator.cost import HardwareColumns, hardware_columns
from simulator.cost.families import product
from simulator.cost.families.family import parameters_of
from simulator.cost.families.matmul import MATMUL
from simulator.cost.families.product import Problem, ProductCost, product_cost


def _problem(m, n, k, *, hardware: HardwareColumns, batch=1.0) -> Problem:
    column = [np.array([float(x)]) for x in (batch, m, n, k)]
    names = dict(zip(("batch", "m", "n", "k"), column, strict=True))
    return Problem(
        **names,
        itemsize=np.array([2.0]),
        reads=np.array([batch * (m + n) * k * 2.0]),
        writes=np.array([batch * m * n * 2.0]),
        hit_rate=np.zeros((1, len(hardware))),
        peak=hardware.rates("matrix", ["bf16"]),
    )


_IDEAL = {
    "matmul.rate": 1.0,
    "matmul.feed": 0.0,
    "matmul.floor": 0.0,
}


def test_one_full_wave_takes_the_time_of_one_tile(hardware):
    # 25600 x 128 in tiles of 256 x 128 are 100 blocks on 100 cores of 1 TFLOP/s each.
    part = hardware().with_parameters(_IDEAL)
    cost = product_cost(_problem(25600, 128, 65536, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert cost.arithmetic[0, 0] == pytest.approx(2 * 25600 * 128 * 65536 / 100e12)


def test_one_block_more_costs_a_round(hardware):
    part = hardware().with_parameters({**_IDEAL, "matmul.store": 20.0})
    full = product_cost(_problem(25600, 128, 8192, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    more = product_cost(_problem(25601, 128, 8192, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert more.time[0, 0] > 1.1 * full.time[0, 0]


def test_small_outputs_split_the_reduced_length(hardware):
    part = hardware()
    long = product_cost(_problem(128, 128, 65536, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    short = product_cost(_problem(128, 128, 256, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    assert long.splits[0, 0] > 1
    assert short.splits[0, 0] == 1


def test_streaming_weights_runs_at_dram_speed(hardware):
    part = hardware()
    cost = product_cost(_problem(1, 16384, 16384, hardware=part), part, parameters_of(part, MATMUL), role="matrix")
    weights = 16384 * 16384 * 2 / (0.9 * 0.95 * 1e12)  # nine tenths of what reads reach
    assert cost.dram[0, 0] == pytest.approx(weights, rel=0.01)
    assert cost.time[0, 0] == pytest.approx(weights, rel=0.1)


def test_chunks_do_not_change_the_result(hardware):
    part = hardware()
    sizes = [(m, 1024.0, 512.0) for m in range(1, 4000, 37)]
    single = [
        product_cost(_problem(*s, hardware=part), part, parameters_of(part, MATMUL), role="matrix").time[0, 0]
        for s in sizes
    ]
    problems = [_problem(*s, hardware=part) for s in sizes]
    names = [name for name in Problem.__dataclass_fields__ if name != "access"]
    joined = Problem(**{name: np.concatenate([getattr(p, name) for p in problems]) for name in names})
    assert product_cost(joined, part, parameters_of(part, MATMUL), role="matrix").time[:, 0] == pytest.approx(single)


def test_odd_rows_move_element_by_element(hardware):
    # 100 blocks of 128 x 128 on 100 cores: 256 x 64 elements come in, four in a clock of 1 ns, and
    # 16,384 go out at twice that rate.
    part = hardware().with_parameters(_IDEAL)
    wide = _problem(12800, 128, 64, hardware=part)
    narrow = replace(wide, access=np.array([2.0]))
    cost = product_cost(narrow, part, parameters_of(part, MATMUL), role="matrix")
    assert (cost.tile_rows[0, 0], cost.tile_columns[0, 0]) == (128, 128)
    placed = 16384 * 2 * (1 / 2 - 1 / 16) / 8 * 1e-9
    assert cost.arithmetic[0, 0] == pytest.approx(256 * 64 / 4 * 1e-9 + placed)
    assert cost.time[0, 0] > 1.3 * product_cost(wide, part, parameters_of(part, MATMUL), role="matrix").time[0, 0]


# One choice alone: tiles of 128 x 64, four blocks to an output tile or one, steps of 64 B, at most four blocks a core.
_TILE = (128, 64)
_VALUES = {
    "rate": 0.8,
    "feed": 40.0,
    "alone": 0.75,
    "accesses": 2.0,
    "store": 1.5,
    "dram": 0.9,
    "l2": 0.6,
    "overlap": 2.0,
    "split": 1e-6,
    "floor": 2e-6,
}


def _library(*tiles, splits=(1,), **changes) -> TileLibrary:
    values = {"step": "64 B", "resident": 4, "shared": 0.5, "staged": 0.75, "sources": ["made up"], **changes}
    return TileLibrary(name="test", tiles=tiles or (_TILE,), splits=splits, **values)


@pytest.fixture
def cost(hardware, monkeypatch):
    """Cost of a product with a library of its own, on 100 cores of 1 GHz, 100 TFLOP/s, 4 TB/s of L2, 1 TB/s of DRAM."""

    def build(m, n, k, *, batch=1.0, library=None, part=None, problem=None, **parameters):
        chosen = library or _library()
        monkeypatch.setattr(product, "library_groups", lambda role, traits: [(chosen, np.arange(len(traits)))])
        values = {f"matmul.{name}": value for name, value in {**_VALUES, **parameters}.items()}
        part = replace(hardware(), **(part or {})).with_parameters(values)
        own = replace(_problem(m, n, k, hardware=part, batch=batch), **(problem or {}))
        found = product_cost(own, part, parameters_of(part, MATMUL), role="matrix")
        return SimpleNamespace(**{name: getattr(found, name)[0, 0] for name in ProductCost.__dataclass_fields__})

    return build


# 3 x 1000 x 200 in tiles of 128 x 64 are 3 x 8 x 4 blocks; 520 elements of 2 B are 17 steps of 64 B.
_SHAPE = {"m": 1000.0, "n": 200.0, "k": 520.0, "batch": 3.0}
_STEP = 2 * 32 * 128 * 64 / (0.8 * 1e12)  # operations of a step of 32 elements on a core of 1 TFLOP/s


def test_blocks_waves_and_steps_by_hand(cost):
    found = cost(**_SHAPE)
    assert (found.tile_rows, found.tile_columns, found.splits, found.access) == (128, 64, 1, 16)
    assert (found.blocks, found.waves, found.floor) == (96, 1, 2e-6)
    # A lone block of four that would fit takes three quarters of the time of four.
    assert found.arithmetic == pytest.approx(3 * 17 * _STEP)


def test_a_core_runs_as_many_blocks_as_its_registers_hold(cost):
    # 128 x 64 accumulators are a quarter of 256 x 128: four blocks. 32 x 13 blocks on 100 cores are five on some,
    # which run three and two abreast: four would leave one alone, which takes as long as three.
    found = cost(32 * 128.0, 13 * 64.0, 520.0)
    assert (found.blocks, found.waves) == (416, 2)
    assert found.arithmetic == pytest.approx((3 + 3) * 17 * _STEP)


@pytest.mark.parametrize(
    ("memory", "waves", "busy"),
    [
        (3 * 64 * 192 * 2.02, 3, 3 * 3),  # three steps of 64 x (128 + 64) B, twice: two blocks, where three are needed
        (3 * 64 * 192 * 0.5, 5, 5 * 3),  # no room for one: one all the same
        (3 * 64 * 192 * 9.0, 2, 3 + 3),  # room for nine: registers hold four
    ],
)
def test_a_core_runs_as_many_blocks_as_its_memory_holds(cost, memory, waves, busy):
    found = cost(32 * 128.0, 13 * 64.0, 520.0, part={"core_memory": np.array([memory])})
    assert found.waves == waves
    assert found.arithmetic == pytest.approx(busy * 17 * _STEP)


def test_two_blocks_need_room_for_two_tiles_of_accumulators(cost):
    # 145 x 113 elements are one more than half of 256 x 128.
    assert cost(20 * 145.0, 10 * 113.0, 520.0, library=_library((145, 113))).waves == 2
    assert cost(20 * 128.0, 10 * 128.0, 520.0, library=_library((128, 128))).waves == 1


def test_a_library_may_run_fewer_blocks_on_a_core(cost):
    found = cost(32 * 128.0, 13 * 64.0, 520.0, library=_library(resident=1))
    assert found.waves == 5


def test_short_products_take_one_step(cost):
    assert cost(128.0, 64.0, 1.0).arithmetic == cost(128.0, 64.0, 32.0).arithmetic == pytest.approx(3 * _STEP)


def test_small_tiles_are_fed_too_slowly(cost):
    # 60 x (128 + 64) elements take longer than 128 x 64.
    found = cost(**_SHAPE, feed=60.0)
    assert found.arithmetic == pytest.approx(3 * 17 * 2 * 32 * (60 * 192) / (0.8 * 1e12))


def test_operands_come_in_by_accesses_of_16_bytes(cost):
    # Three quarters of 64 B of 128 rows and 64 columns in each step, at half an access in a clock of 1 ns.
    found = cost(**_SHAPE, accesses=0.5)
    assert found.arithmetic == pytest.approx(3 * 17 * 0.75 * 192 * 64 / (16 * 0.5 * 1e9))


def test_narrow_rows_are_moved_element_by_element_in_and_out(cost):
    # Four accesses of 2 B in a clock bring operands in, and half as many place what is over 16 B wide rows.
    found = cost(**_SHAPE, problem={"access": np.array([2.0])})
    moving, placing = 17 * 0.75 * 192 * 64 / (2 * 4e9), 0.5 * 8192 * 2 * (1 / 2 - 1 / 16) / 4e9
    assert found.access == 2
    assert found.arithmetic == pytest.approx(3 * (moving + placing))


def test_prologues_and_epilogues_are_exposed(cost):
    # 90 clocks of a core for each of its five blocks, and 128 x 64 results of 2 B of each at 1.5 times 0.95 TB/s.
    found = cost(32 * 128.0, 13 * 64.0, 520.0)
    assert found.exposed == pytest.approx(5 * 90e-9 + 416 * 8192 * 2 / (1.5 * 0.95e12))
    wide = cost(32 * 128.0, 13 * 64.0, 520.0, problem={"writes": np.array([32 * 128.0 * 13 * 64 * 4])})
    assert wide.exposed == pytest.approx(5 * 90e-9 + 416 * 8192 * 4 / (1.5 * 0.95e12))


def test_batches_drain_all_their_results(cost):
    assert cost(**_SHAPE).exposed == pytest.approx(90e-9 + 96 * 8192 * 2 / (1.5 * 0.95e12))


def test_clusters_read_operands_from_the_l2_once(cost):
    # Half of 64 B of 128 rows and 64 columns in 17 steps of 96 blocks, at 0.6 x 0.75 x 4 TB/s.
    assert cost(**_SHAPE).l2 == pytest.approx(0.5 * 96 * 192 * 17 * 64 / (0.6 * 3e12))


def test_split_products_add_partial_sums_through_the_l2(cost):
    found = cost(**_SHAPE, library=_library(splits=(4,)))
    assert (found.splits, found.blocks) == (4, 384)
    # A quarter of 1040 B is five steps; 8 B of each partial sum go through the L2.
    assert found.l2 == pytest.approx(0.5 * 384 * 192 * 5 * 64 / (0.6 * 3e12))
    assert found.splitting == pytest.approx(1e-6 + 4 * 3 * 1000 * 200 * 8 / (0.6 * 3e12))
    assert cost(**_SHAPE).splitting == 0


_READS, _WRITES = 3 * (1000 + 200) * 520 * 2, 3 * 1000 * 200 * 2


def test_compulsory_traffic_goes_to_the_dram(cost):
    # All of it at 0.9 x 0.95 TB/s.
    found = cost(**_SHAPE)
    assert found.dram == pytest.approx((_READS + _WRITES) / (0.9 * 0.95e12))
    half = cost(**_SHAPE, problem={"hit_rate": np.array([[0.5]])})
    assert half.dram == pytest.approx(found.dram / 2)


def test_no_more_than_the_datasheet_says_is_reached(cost):
    assert cost(**_SHAPE, dram=1.1).dram == pytest.approx((_READS + _WRITES) / 1e12)


def test_the_time_joins_the_terms(cost):
    found = cost(**_SHAPE, library=_library(splits=(4,)))
    on_chip = max(found.arithmetic + found.exposed, found.l2)
    assert found.time == pytest.approx(2e-6 + math.hypot(on_chip, found.dram) + found.splitting)
    starved = cost(**_SHAPE, l2=0.01)
    assert starved.l2 > starved.arithmetic + starved.exposed
    assert starved.time == pytest.approx(2e-6 + math.hypot(starved.l2, starved.dram))


def test_the_fastest_choice_is_taken(cost):
    tiles, splits = ((128, 64), (64, 64), (64, 128)), (1, 2, 4)
    for shape in ((4096.0, 4096.0, 512.0), (128.0, 64.0, 65536.0), (64.0, 4096.0, 512.0), (300.0, 500.0, 2048.0)):
        each = {(t, s): cost(*shape, library=_library(t, splits=(s,))).time for t in tiles for s in splits}
        chosen = cost(*shape, library=_library(*tiles, splits=splits))
        (tile, split), time = min(each.items(), key=lambda item: item[1])
        assert ((chosen.tile_rows, chosen.tile_columns), chosen.splits) == (tile, split)
        assert chosen.time == pytest.approx(time)


@pytest.mark.parametrize(("access", "rows"), [(16.0, 129), (8.0, 128), (2.0, 128)])
def test_long_tiles_need_accesses_of_full_width(cost, access, rows):
    # 100 blocks of 129 rows are a wave, 101 of 128 are two; the longer tiles have accesses of 16 B alone.
    library = _library((129, 128), (128, 128), resident=1)
    found = cost(12900.0, 128.0, 65536.0, library=library, problem={"access": np.array([access])})
    assert (found.tile_rows, found.tile_columns) == (rows, 128)


def test_each_accelerator_has_the_library_of_its_own():
    def columns(*names):
        return hardware_columns([load_accelerator(n) for n in names], calibrations=CalibrationPool.empty())

    def times(shape, part):
        return product_cost(_problem(*shape, hardware=part), part, parameters_of(part, MATMUL), role="matrix").time[0]

    for shape in ((8192, 320, 2880), (77, 1280, 768)):
        a100, h100 = times(shape, columns("a100")), times(shape, columns("h100"))
        assert times(shape, columns("a100", "h100", "a100")).tolist() == [*a100, *h100, *a100]


_SHAPES = [
    (1, 4096, 4096, 4096),
    (1, 1536, 12288, 3072),
    (1, 8192, 320, 2880),
    (1, 77, 1280, 768),
    (1, 3, 16384, 5120),
    (16, 4096, 4096, 40),
    (96, 3137, 64, 3137),
    (300, 49, 49, 64),
]


@pytest.mark.parametrize("name", ["V100-PCIe-32GB", "T4", "A100-SXM4-80GB", "L40S", "H100-SXM5-80GB", "B200", "MI300X"])
@pytest.mark.parametrize(("unit", "group"), [("matrix", "matmul"), ("vector", "vector_batched")])
def test_more_cores_never_slow_a_product_down(name, unit, group):
    accelerator = load_accelerator(name)
    formats = accelerator.peak.matrix if unit == "matrix" else accelerator.peak.vector
    number_format = "fp16" if unit == "matrix" else "fp32"
    assert number_format in formats

    role = "matrix" if unit == "matrix" else group

    def times(cores: int) -> np.ndarray:
        part = hardware_columns(
            [apply_overrides(accelerator, [f"cores.count={cores}"])], calibrations=CalibrationPool.shipped()
        )
        problems = [_problem(m, n, k, hardware=part, batch=float(batch)) for batch, m, n, k in _SHAPES]
        peak = part.rates(unit, [number_format])
        costs = [product_cost(replace(p, peak=peak), part, part.parameters[group], role=role) for p in problems]
        return np.array([cost.time[0, 0] for cost in costs])

    count = accelerator.cores.count
    base = times(count)
    for factor in (1.1, 1.5, 2, 4):
        assert (times(math.ceil(count * factor)) <= base * (1 + 1e-9)).all()
