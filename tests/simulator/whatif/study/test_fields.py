"""Values that coordinates stand for, by hand."""

import numpy as np
import pytest

from hw_specs import SpecError, load_accelerator
from simulator.whatif.study.fields import Axis, number_field, setting_field, setting_name
from simulator.whatif.study.file import Range

H100 = load_accelerator("h100")
BASES = {"h100": H100}


def test_a_range_is_cut_evenly_or_by_ratios():
    coordinate = np.array([0.0, 0.5, 0.75])
    assert Axis(values=(10.0, 20.0), choice=False).at(coordinate).tolist() == [10, 15, 17.5]
    assert Axis(values=(1.0, 16.0), choice=False, logarithmic=True).at(coordinate) == pytest.approx([1, 4, 8])


def test_whole_numbers_are_equally_likely():
    axis = Axis(values=(1.0, 4.0), choice=False, whole=True)
    assert axis.at(np.array([0.0, 0.24, 0.26, 0.99])).tolist() == [1, 1, 2, 4]
    assert Axis(values=(1.0, 100.0), choice=False, whole=True, logarithmic=True).at(np.array([0.5])).tolist() == [10]


def test_levels_of_a_range_include_its_ends():
    axis = Axis(values=(1.0, 9.0), choice=False, levels=5)
    assert axis.at((np.arange(5) + 0.5) / 5).tolist() == [1, 3, 5, 7, 9]
    ratios = Axis(values=(1.0, 3.7), choice=False, logarithmic=True, levels=3)
    assert ratios.at((np.arange(3) + 0.5) / 3)[[0, 2]].tolist() == [1.0, 3.7]


def test_values_of_a_list_are_equally_likely():
    assert Axis(values=(5.0, 7.0), choice=True).at(np.array([0.0, 0.49, 0.5, 0.999])).tolist() == [5, 5, 7, 7]


def test_a_field_is_read_as_a_change_is():
    field = number_field("memory.dram.bandwidth", Range(low="0.5x", high="+1 TB/s"), BASES)
    assert field.unit == "B/s"
    numbers = field.numbers("h100", np.array([0.0, 1.0]))
    assert numbers["memory.dram.bandwidth"].tolist() == [0.5 * 3.35e12, 4.35e12]
    assert field.shown("h100", numbers).tolist() == [0.5 * 3.35e12, 4.35e12]
    assert number_field("cores.count", [66, "2x"], BASES).numbers("h100", np.array([0.9]))["cores.count"] == [264]


def test_a_group_of_rates_shares_a_factor():
    field = number_field("peak.matrix", Range(low="0.5x", high="2x", scale="log"), BASES)
    numbers = field.numbers("h100", np.array([0.5]))
    assert set(numbers) == {f"peak.matrix.{name}" for name in H100.peak.matrix}
    assert numbers["peak.matrix.bf16"] == pytest.approx([H100.peak.matrix["bf16"]])
    assert field.shown("h100", numbers) == pytest.approx([1.0])
    assert field.unit == "1"


def test_a_factor_is_of_each_accelerator_its_own():
    a100 = load_accelerator("a100")
    field = number_field("memory.dram.bandwidth", ["2x"], {"h100": H100, "a100": a100})
    values = [field.numbers(base, np.zeros(1))["memory.dram.bandwidth"][0] for base in ("h100", "a100")]
    assert values == [6.7e12, 2 * a100.memory.dram.bandwidth]


def test_settings_are_lists_or_whole_numbers():
    assert setting_field("batch", Range(low=1, high=4)).values == (1, 2, 3, 4)
    assert setting_field("batch", Range(low=1, high=64, scale="log", points=4)).values == (1, 4, 16, 64)
    field = setting_field("attention", ["flash", "naive"])
    assert field.places(np.array([0.1, 0.6])).tolist() == [0, 1]
    assert (setting_name("num-frames"), setting_name("memory.dram.bandwidth")) == ("num_frames", None)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("batch", ["two"], "needs an integer"),
        ("batch", Range(low=1, high=1000), "give points: 64 or fewer"),
        ("batch", Range(low="1x", high="2x"), "takes whole numbers"),
        ("attention", ["flsh"], "unknown attention 'flsh'; did you mean 'flash'"),
        ("host", ["toaster"], "unknown host 'toaster'"),
        ("software", ["torch-0.1"], "torch-0.1"),
    ],
)
def test_settings_that_do_not_exist_are_refused(name, given, message):
    with pytest.raises(SpecError, match=message):
        setting_field(name, given)


def test_a_range_that_is_upside_down_is_refused():
    with pytest.raises(SpecError, match="low '2x' is above high '1x'; exchange them"):
        number_field("memory.dram.bandwidth", Range(low="2x", high="1x"), BASES)
