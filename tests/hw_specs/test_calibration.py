import pytest
import yaml

from hw_specs import Calibration, SpecError, find_calibration, list_calibrations, load_accelerator, load_calibration
from hw_specs.calibration import find_ceilings


def _calibration(name, architecture, accelerators, groups=("matmul",)):
    return Calibration(
        name=name,
        architecture=architecture,
        accelerators=accelerators,
        groups=dict.fromkeys(groups, accelerators),
        parameters={},
        sources=("test",),
    )


@pytest.fixture
def pool():
    return [
        _calibration("ampere", "ampere", ("A100-SXM4-80GB",)),
        _calibration("hopper", "hopper", ("H100-SXM5-80GB",)),
        _calibration("volta", "volta", ("V100-PCIe-32GB",), groups=("stream",)),
    ]


@pytest.mark.parametrize("name", list_calibrations())
def test_every_shipped_calibration_loads_with_sources_and_counts(name):
    calibration = load_calibration(name)
    assert calibration.name == name
    assert calibration.fitted_on
    if calibration.scope != "ceilings":
        assert calibration.residuals
    for accelerator in calibration.accelerators if calibration.scope == "architecture" else ():
        assert load_accelerator(accelerator).architecture == calibration.architecture


def test_own_then_architecture_then_nearest(pool):
    own = find_calibration(load_accelerator("a100"), calibrations=pool)
    assert (own.calibration.name, own.basis, own.distance) == ("ampere", "calibrated", -1)
    sibling = find_calibration(load_accelerator("A100-PCIe-40GB"), calibrations=pool)
    assert (sibling.calibration.name, sibling.basis, sibling.distance) == ("ampere", "inherited", 0)
    descendant = find_calibration(load_accelerator("gb200"), calibrations=pool)
    assert (descendant.calibration.name, descendant.basis) == ("hopper", "inherited")


def test_group_decides_who_can_give(pool):
    assert find_calibration(load_accelerator("a100"), group="stream", calibrations=pool).calibration.name == "volta"
    assert find_calibration(load_accelerator("a100"), group="softmax", calibrations=pool) is None


def test_no_lineage_no_calibration(pool):
    assert find_calibration(load_accelerator("mi300x"), calibrations=pool) is None


def test_hypothetical_part_inherits(pool):
    part = load_accelerator("a100").model_copy(update={"hypothetical": True})
    assert find_calibration(part, calibrations=pool).basis == "inherited"


def test_file_round_trip(tmp_path, pool):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(pool[0].model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    assert load_calibration(str(path)) == pool[0]


def test_unknown_name_and_bad_field_are_one_line(tmp_path):
    with pytest.raises(SpecError, match="no calibration 'amperre'"):
        load_calibration("amperre")
    path = tmp_path / "bad.yaml"
    path.write_text("name: x\nparameters: {}\nsources: [a]\nspeed: 1\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_calibration(str(path))
    assert "\n" not in str(caught.value)


def _generic(*preferred):
    return Calibration(
        name="generic",
        scope="generic",
        accelerators=("A100-SXM4-80GB",),
        groups=dict.fromkeys(("matmul", "stream"), ("A100-SXM4-80GB",)),
        preferred=preferred,
        parameters={},
        sources=("test",),
    )


@pytest.mark.parametrize(
    ("part", "preferred", "chosen"),
    [
        ("A100-PCIe-40GB", ("matmul",), "ampere"),  # a relative of the same architecture knows more
        ("gb200", ("matmul",), "generic"),
        ("gb200", (), "hopper"),
        ("mi300x", ("matmul",), "generic"),
        ("mi300x", (), "generic"),
    ],
)
def test_the_generic_calibration_comes_before_or_after_relatives(part, preferred, chosen, pool):
    match = find_calibration(load_accelerator(part), group="matmul", calibrations=[*pool, _generic(*preferred)])
    assert (match.calibration.name, match.basis) == (chosen, "inherited")
    assert match.related == (part != "mi300x")
    assert (match.distance is None) == (chosen == "generic")


def test_a_cpu_gets_nothing_of_what_was_fitted_to_gpus():
    assert find_calibration(load_accelerator("epyc_9654"), group="matmul", calibrations=[_generic("matmul")]) is None


def test_what_was_measured_is_calibrated_whatever_is_preferred(pool):
    match = find_calibration(load_accelerator("h100"), group="matmul", calibrations=[*pool, _generic("matmul")])
    assert (match.calibration.name, match.basis) == ("hopper", "calibrated")


def test_collectives_stay_within_an_architecture(pool):
    links = [_calibration("ampere", "ampere", ("A100-SXM4-80GB",), groups=("collective",))]
    assert find_calibration(load_accelerator("A100-PCIe-40GB"), group="collective", calibrations=links).distance == 0
    assert find_calibration(load_accelerator("h100"), group="collective", calibrations=links) is None


def test_ceilings_serve_parts_without_a_measured_relative(pool):
    rates = [
        _calibration(name, name, (), groups=()).model_copy(update={"scope": "ceilings", "groups": {"matmul": ("X",)}})
        for name in ("cdna3", "hopper")
    ]
    everything = [*pool, _generic("matmul"), *rates]
    mi325x = load_accelerator("mi325x")
    assert find_ceilings(mi325x, group="matmul", calibrations=everything).name == "cdna3"
    assert find_ceilings(load_accelerator("mi355x"), group="matmul", calibrations=everything).name == "cdna3"
    assert find_ceilings(mi325x, group="stream", calibrations=everything) is None
    assert find_ceilings(load_accelerator("gb200"), group="matmul", calibrations=everything) is None
    assert find_calibration(mi325x, group="matmul", calibrations=everything).calibration.name == "generic"
