import numpy as np
import pytest

from simulator.cost.families import FAMILIES, GROUPS, PARAMETERS
from simulator.cost.families.stream import StreamParameters
from simulator.cost.parameters import (
    ParameterError,
    Parameters,
    named_parameters,
    parameter_records,
    records_of_columns,
    value_of,
    with_values,
)
from simulator.cost.products import ProductParameters

_KINDS = {group.name: group.parameters for family in FAMILIES for group in family.groups}


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda p: p.name)
def test_defaults_are_physical(parameter):
    assert parameter.lower <= parameter.default <= parameter.upper
    assert parameter.group in GROUPS
    assert parameter.unit
    assert parameter.meaning


def test_records_take_defaults_where_nothing_is_given():
    records = parameter_records(_KINDS, [{"matmul.rate": 0.5}, {}])
    assert records["matmul"].rate.tolist() == [0.5, PARAMETERS["matmul.rate"].default]
    assert value_of(records, "matmul.rate") is records["matmul"].rate


def test_unknown_and_unphysical_values_are_refused():
    with pytest.raises(ParameterError, match=r"unknown cost parameter 'matmul\.speed'"):
        parameter_records(_KINDS, [{"matmul.speed": 1.0}])
    with pytest.raises(ParameterError, match=r"unknown cost parameter 'matrix\.rate'; groups are matmul, matmul8"):
        parameter_records(_KINDS, [{"matrix.rate": 1.0}])
    with pytest.raises(ParameterError, match=r"matmul.rate = 2 is outside its physical range \[0.3, 1\]"):
        parameter_records(_KINDS, [{"matmul.rate": 2.0}])


def test_a_changed_value_holds_for_all_accelerators_and_leaves_the_others():
    records = parameter_records(_KINDS, [{"matmul.rate": 0.5}, {}])
    changed = with_values(records, {"matmul.store": 7.0})
    assert changed["matmul"].store.tolist() == [7, 7]
    assert changed["matmul"].rate.tolist() == [0.5, 0.95]
    assert changed["stream"] is records["stream"]
    with pytest.raises(ParameterError, match=r"unknown cost parameter 'matmul\.speed'"):
        with_values(records, {"matmul.speed": 1.0})


def test_parameters_go_with_their_accelerators():
    (record,) = parameter_records({"stream": StreamParameters}, [{"stream.dram": x} for x in (0.5, 0.6, 0.7)]).values()
    assert record.select(np.array([2, 0])).dram.tolist() == [0.7, 0.5]
    assert record.along(1, 3).dram.shape == (1, 3, 1)


def test_a_wrong_name_is_an_error():
    assert not hasattr(StreamParameters, "bandwidth")
    with pytest.raises(TypeError, match="bandwidth"):
        StreamParameters(bandwidth=np.ones(1))


def test_names_in_files_are_those_of_the_group_and_the_field():
    names = [parameter.name for parameter in named_parameters("stream", StreamParameters)]
    assert names[:2] == ["stream.dram", "stream.strided"]
    assert all(issubclass(kind, Parameters) for kind in _KINDS.values())


def test_a_step_is_a_logit_of_the_physical_range():
    rate = PARAMETERS["matmul.overlap"]  # 1.2 to 12
    middle = np.array([6.6])
    assert rate.moved(middle, 1.0) == pytest.approx(1.2 + 10.8 / (1 + np.exp(-1.0)))
    assert rate.moved(middle, 1.0) + rate.moved(middle, -1.0) == pytest.approx(2 * middle)
    # From an end it starts at a fiftieth of the way: odds of 1 to 49.
    assert rate.moved(np.array([12.0]), -1.0) == pytest.approx(1.2 + 10.8 / (1 + np.exp(1.0) / 49))
    # What lies beyond the range is the parameter's absence.
    assert rate.moved(np.array([0.5, 20.0]), 1.0).tolist() == [0.5, 20.0]
    # So is the default of what only an observation tells, where that is the lower end.
    latency = PARAMETERS["flash2.latency"]
    assert latency.moved(np.array([0.0]), 1.0).tolist() == [0.0]
    assert latency.moved(np.array([7400.0]), 1.0) > 7400.0


def test_usual_parameters_are_the_defaults():
    usual = ProductParameters.usual(3)
    assert usual.rate.tolist() == [ProductParameters.declarations()["rate"].default] * 3


def test_columns_of_parameters_are_one_value_or_one_for_each():
    values = {name: parameter.default for name, parameter in PARAMETERS.items()} | {"matmul.rate": np.array([0.5, 0.6])}
    records = records_of_columns(_KINDS, values, 2)
    assert records["matmul"].rate.tolist() == [0.5, 0.6]
    assert records["matmul"].floor.tolist() == [PARAMETERS["matmul.floor"].default] * 2
