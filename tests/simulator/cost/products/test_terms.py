import math
from dataclasses import replace

import numpy as np
import pytest

from simulator.cost.products import ProductParameters
from simulator.cost.products.terms import Space, least_on_chip, product_terms

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


def test_two_blocks_need_room_for_two_tiles_of_accumulators(cost, library):
    # 145 x 113 elements are one more than half of 256 x 128.
    assert cost(20 * 145.0, 10 * 113.0, 520.0, library=library((145, 113))).waves == 2
    assert cost(20 * 128.0, 10 * 128.0, 520.0, library=library((128, 128))).waves == 1


def test_a_core_with_more_registers_needs_more_blocks(cost, library):
    # 128 x 64 accumulators are an eighth of 256 x 256, and three quarters of eight are six.
    found = cost(**_SHAPE, library=library(accumulators=256 * 256, resident=8))
    assert found.arithmetic == pytest.approx(6 * 17 * _STEP)


def test_a_library_may_run_fewer_blocks_on_a_core(cost, library):
    found = cost(32 * 128.0, 13 * 64.0, 520.0, library=library(resident=1))
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
    # 100 clocks of a core for each of its five blocks, and 128 x 64 results of 2 B of each at 1.5 times 0.95 TB/s.
    found = cost(32 * 128.0, 13 * 64.0, 520.0)
    assert found.exposed == pytest.approx(5 * 100e-9 + 416 * 8192 * 2 / (1.5 * 0.95e12))
    wide = cost(32 * 128.0, 13 * 64.0, 520.0, problem={"writes": np.array([32 * 128.0 * 13 * 64 * 4])})
    assert wide.exposed == pytest.approx(5 * 100e-9 + 416 * 8192 * 4 / (1.5 * 0.95e12))


def test_batches_drain_all_their_results(cost):
    assert cost(**_SHAPE).exposed == pytest.approx(100e-9 + 96 * 8192 * 2 / (1.5 * 0.95e12))


def test_clusters_read_operands_from_the_l2_once(cost):
    # Half of 64 B of 128 rows and 64 columns in 17 steps of 96 blocks, at 0.6 x 0.75 x 4 TB/s.
    assert cost(**_SHAPE).l2 == pytest.approx(0.5 * 96 * 192 * 17 * 64 / (0.6 * 3e12))


def test_split_products_add_partial_sums_through_the_l2(cost, library):
    found = cost(**_SHAPE, library=library(splits=(1, 4)))
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


def test_the_time_joins_the_terms(cost, library):
    found = cost(**_SHAPE, library=library(splits=(1, 4)))
    on_chip = max(found.arithmetic + found.exposed, found.l2)
    assert found.time == pytest.approx(2e-6 + math.hypot(on_chip, found.dram) + found.splitting)
    starved = cost(**_SHAPE, l2=0.01)
    assert starved.l2 > starved.arithmetic + starved.exposed
    assert starved.time == pytest.approx(2e-6 + math.hypot(starved.l2, starved.dram))


def test_places_of_gathered_operands_are_computed_between_multiplications(cost):
    # 64 B of 128 rows and 64 columns in each step, of which 32 in a clock of 1 ns.
    found = cost(**_SHAPE, problem={"gathered": np.array([32.0])})
    assert found.arithmetic == pytest.approx(3 * 17 * (_STEP + 192 * 64 / 32e9))


def test_a_bound_has_cores_that_blocks_fill_evenly(problem, hardware, library):
    # 5 x 1000 x 200 are 160 blocks of 128 x 64: two on some of 100 cores, of four that fit, three of which fill one.
    part = hardware()
    parameters = replace(ProductParameters.usual(1), rate=np.array([0.8]), alone=np.array([0.75]))
    space = Space.build(problem(1000, 200, 520, batch=5.0, hardware=part), part, parameters, library(splits=(1, 2)))
    terms = product_terms(space.every())
    bound = least_on_chip(space.every())[0, 0]
    assert bound[0] == pytest.approx(3 * 17 * _STEP + terms.exposed[0, 0, 0])
    # Twice as many blocks of half the steps: four on some cores.
    assert bound[1] == pytest.approx(4 * 9 * _STEP + terms.exposed[0, 0, 1] + terms.splitting[0, 0, 1])
    slower = least_on_chip(space.every(), slower=np.array(0.5))[0, 0]
    assert slower - bound == pytest.approx([0.5 * 3 * 17 * _STEP, 0.5 * 4 * 9 * _STEP])
    starved = replace(space, machines=space.machines * np.where(np.arange(15) == 3, 1e-3, 1.0)[:, None])
    assert least_on_chip(starved.every())[0, 0, 0] == pytest.approx(product_terms(starved.every()).l2[0, 0, 0])
