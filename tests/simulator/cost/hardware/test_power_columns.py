"""Power as columns, by hand and beside power models of single accelerators."""

import numpy as np
import pytest

from hw_specs import apply_overrides, load_accelerator
from simulator.cost.hardware.figures import figures_of
from simulator.cost.hardware.power import power_model
from simulator.cost.hardware.power_columns import changed_power, power_columns


def test_columns_are_those_of_the_models():
    model = power_model(load_accelerator("a100"))
    columns = power_columns([model, None])
    assert columns.limit[0] == model.board
    assert columns.energy["dram"].tolist() == [model.parameters.dram, 0.0]
    assert np.isnan(columns.idle).tolist() == [False, True]


@pytest.mark.parametrize("name", ["a100", "t4", "mi300x", "epyc_9654"])
def test_variants_have_the_power_of_accelerators_with_these_limits(name):
    part = load_accelerator(name)
    factors = [0.5, 1.5]
    changed = [apply_overrides(part, [f"power.board={factor}x"]) for factor in factors]
    one = figures_of(changed[:1])
    boards = np.array([part.power.board * factor for factor in factors])
    columns = changed_power(power_model(changed[0]), one, one.changed({"power.board": boards}, 2))
    models = [power_model(other) for other in changed]
    assert columns.limit == pytest.approx([model.board for model in models], rel=1e-14)
    assert columns.idle == pytest.approx([model.parameters.idle for model in models], rel=1e-14)
    assert columns.active == pytest.approx([model.parameters.active for model in models], rel=1e-14)
    assert columns.active_vector == pytest.approx([model.active_vector for model in models], rel=1e-14)


def test_nothing_is_known_of_variants_of_what_nobody_knows():
    one = figures_of([load_accelerator("a100")])
    columns = changed_power(None, one, one.changed({}, 3))
    assert np.isnan(columns.limit).all()
    assert columns.active.tolist() == [0.0] * 3
