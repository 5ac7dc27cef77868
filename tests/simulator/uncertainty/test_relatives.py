"""Parts without a measured relative: which they are, and what it adds."""

import math

import pytest

from hw_specs import CalibrationPool, load_accelerator
from simulator.cost.families import GROUPS
from simulator.simulation import simulate
from simulator.uncertainty.components import ratio_variance
from simulator.uncertainty.relatives import (
    LineError,
    Relatives,
    load_relatives,
    relatives_line,
    unmeasured_deviation,
    unmeasured_groups,
)
from tracer.library.graphs import graph_of

SHIPPED = CalibrationPool.shipped()


def _error(line, bias, what="whole runs"):
    return LineError(line=line, device="x", what=what, count=1, bias=bias)


def test_each_line_counts_alike_and_operators_by_themselves():
    errors = (_error("a", 0.3), _error("a", 0.4), _error("b", -1.0), _error("b", 2.0, "aten::mm"))
    found = Relatives.counted(errors, ["one", "one"])
    # Line a: (0.09 + 0.16) / 2 = 0.125; line b: 1.
    assert found.deviation == pytest.approx(math.sqrt(1.125 / 2), abs=1e-3)
    assert (found.operators, found.sources, found.lines_of_runs) == (2.0, ("one",), ("a", "b"))
    assert Relatives.counted((), ()).deviation == 0.0


def test_what_ships_says_what_it_was_counted_on():
    shipped = load_relatives()
    again = Relatives.counted(shipped.errors, shipped.sources)
    assert (again.deviation, again.operators) == (shipped.deviation, shipped.operators)
    assert len(shipped.lines_of_runs) >= 3


def test_measured_lines_have_nothing_of_it_and_others_have_it_in_every_group():
    assert not unmeasured_groups(load_accelerator("h100"), SHIPPED).any()
    assert not unmeasured_groups(load_accelerator("b300"), SHIPPED).any()
    # A processor has none of the groups of the generic calibration either.
    processor = unmeasured_deviation(load_accelerator("epyc-9654"), SHIPPED)
    assert set(processor[processor > 0]) == {load_relatives().deviation}
    assert unmeasured_groups(load_accelerator("m1-max"), SHIPPED)[GROUPS.index("vector_matmul")]
    # Of kernels that run on its engine.
    nothing = unmeasured_groups(load_accelerator("h100"), CalibrationPool.empty())
    assert [name for name, missing in zip(GROUPS, nothing, strict=True) if not missing] == [
        name for name in GROUPS if name.startswith("systolic")
    ]


def test_a_run_on_a_part_of_another_line_is_wider_and_says_so_and_parts_of_one_line_share_it():
    graph = graph_of("stable-diffusion", {})
    own, mac, larger = (simulate(graph, load_accelerator(name)) for name in ("h100", "m1-max", "m1-ultra"))
    wide, narrow = (run.deviation.relative() for run in (mac, own))
    assert own.report.unmeasured == 0.0
    assert mac.report.unmeasured > 0.9
    assert wide > load_relatives().deviation * mac.report.unmeasured > 2 * narrow
    parts = mac.deviation.relative_of([mac.positions_of("unet")])
    assert parts[0] == pytest.approx(mac.deviation.relative(mac.positions_of("unet")))
    one, two, other = (run.deviation.components() for run in (mac, larger, own))
    assert one.variance() == pytest.approx(wide**2)
    assert ratio_variance(one, two, accelerators_alike=0.0) < load_relatives().deviation ** 2
    assert ratio_variance(one, other, accelerators_alike=0.0) > (0.9 * load_relatives().deviation) ** 2


def test_the_line_names_part_share_and_factor():
    said = relatives_line("A", "b1", 0.5)
    assert "50 % of the time on A" in said
    assert f"{math.exp(load_relatives().deviation):.2f}" in said
