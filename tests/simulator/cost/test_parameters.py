import pytest

from simulator.cost.parameters import GROUPS, PARAMETERS, ParameterError, parameter_columns


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda p: p.name)
def test_defaults_are_physical(parameter):
    assert parameter.lower <= parameter.default <= parameter.upper
    assert parameter.group in GROUPS
    assert parameter.unit
    assert parameter.meaning


def test_columns_take_defaults_where_nothing_is_given():
    columns = parameter_columns([{"matmul.rate": 0.5}, {}])
    assert columns["matmul.rate"].tolist() == [0.5, PARAMETERS["matmul.rate"].default]


def test_unknown_and_unphysical_values_are_refused():
    with pytest.raises(ParameterError, match=r"unknown cost parameter 'matmul\.speed'"):
        parameter_columns([{"matmul.speed": 1.0}])
    with pytest.raises(ParameterError, match=r"matmul.rate = 2 is outside its physical range \[0.3, 1\]"):
        parameter_columns([{"matmul.rate": 2.0}])
