import pytest

from hw_specs import Calibration, CalibrationPool, Evidence, FittedCalibration, list_calibrations, load_accelerator
from hw_specs.calibration import ResidualSummary


def _calibration(name, architecture, accelerators, groups=("matmul",)):
    return Calibration(
        name=name,
        architecture=architecture,
        accelerators=accelerators,
        groups=dict.fromkeys(groups, accelerators),
        parameters={},
        sources=("test",),
    )


_AMPERE = _calibration("ampere", "ampere", ("A100-SXM4-80GB",))
_HOPPER = _calibration("hopper", "hopper", ("H100-SXM5-80GB",))
_VOLTA = _calibration("volta", "volta", ("V100-PCIe-32GB",), groups=("stream",))
_POOL = CalibrationPool.of(_AMPERE, _HOPPER, _VOLTA)


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


def _with(*more):
    return CalibrationPool.of(_AMPERE, _HOPPER, _VOLTA, *more)


def test_own_then_architecture_then_nearest():
    own = _POOL.match(load_accelerator("a100"), "matmul")
    assert (own.calibration.name, own.basis, own.distance) == ("ampere", "calibrated", -1)
    sibling = _POOL.match(load_accelerator("A100-PCIe-40GB"), "matmul")
    assert (sibling.calibration.name, sibling.basis, sibling.distance) == ("ampere", "inherited", 0)
    descendant = _POOL.match(load_accelerator("gb200"), "matmul")
    assert (descendant.calibration.name, descendant.basis) == ("hopper", "inherited")


def test_group_decides_who_can_give():
    assert _POOL.match(load_accelerator("a100"), "stream").calibration.name == "volta"
    assert _POOL.match(load_accelerator("a100"), "softmax") is None


def test_no_lineage_no_calibration():
    assert _POOL.match(load_accelerator("mi300x"), "matmul") is None


def test_hypothetical_part_inherits():
    part = load_accelerator("a100").model_copy(update={"hypothetical": True})
    assert _POOL.match(part, "matmul").basis == "inherited"


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
def test_the_generic_calibration_comes_before_or_after_relatives(part, preferred, chosen):
    match = _with(_generic(*preferred)).match(load_accelerator(part), "matmul")
    assert (match.calibration.name, match.basis) == (chosen, "inherited")
    assert match.related == (part != "mi300x")
    assert (match.distance is None) == (chosen == "generic")


def test_a_cpu_gets_nothing_of_what_was_fitted_to_gpus():
    assert CalibrationPool.of(_generic("matmul")).match(load_accelerator("epyc_9654"), "matmul") is None


def test_what_was_measured_is_calibrated_whatever_is_preferred():
    match = _with(_generic("matmul")).match(load_accelerator("h100"), "matmul")
    assert (match.calibration.name, match.basis) == ("hopper", "calibrated")


def test_collectives_stay_within_an_architecture():
    links = CalibrationPool.of(_calibration("ampere", "ampere", ("A100-SXM4-80GB",), groups=("collective",)))
    assert links.match(load_accelerator("A100-PCIe-40GB"), "collective").distance == 0
    assert links.match(load_accelerator("h100"), "collective") is None


def test_ceilings_serve_parts_without_a_measured_relative():
    rates = [
        _calibration(name, name, (), groups=()).model_copy(update={"scope": "ceilings", "groups": {"matmul": ("X",)}})
        for name in ("cdna3", "hopper")
    ]
    everything = _with(_generic("matmul"), *rates)
    mi325x = load_accelerator("mi325x")
    assert everything.ceilings(mi325x, "matmul").name == "cdna3"
    assert everything.ceilings(load_accelerator("mi355x"), "matmul").name == "cdna3"
    assert everything.ceilings(mi325x, "stream") is None
    assert everything.ceilings(load_accelerator("gb200"), "matmul") is None
    assert everything.match(mi325x, "matmul").calibration.name == "generic"


def test_a_users_own_calibration_goes_before_the_others_and_leaves_them():
    mine = _calibration("aaa", "ampere", ("A100-SXM4-80GB",))
    assert [c.name for c in _POOL.with_own(mine).calibrations] == ["aaa", "ampere", "hopper", "volta"]
    assert len(_POOL.members) == 3


def test_pools_of_the_package_and_of_nothing():
    assert CalibrationPool.shipped() is CalibrationPool.shipped()
    assert tuple(c.name for c in CalibrationPool.shipped().calibrations) == list_calibrations()
    assert CalibrationPool.empty().match(load_accelerator("a100"), "matmul") is None


def test_some_of_a_pool():
    assert [c.name for c in _POOL.without({"hopper"}).calibrations] == ["ampere", "volta"]
    assert [c.name for c in _with(_generic()).of_scope("generic")] == ["generic"]


def _residual(scope):
    return ResidualSummary(group="g", scope=scope, regime="all", count=1, mape=0.1, bias=0.0, quantiles={})


def test_residuals_of_parts_left_out_are_those_of_single_architectures():
    both = Evidence(name="x", residuals=(_residual("left_out_device"), _residual("held_out_shapes")))
    pool = CalibrationPool.of(FittedCalibration(_AMPERE, both), FittedCalibration(_generic(), both))
    assert pool.left_out_residuals() == (_residual("left_out_device"),)


def test_evidence_is_read_from_beside_the_file_and_keeps_the_name(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("format: 2\nname: mine\nparameters: {}\nsources: [a]\n")
    (tmp_path / "mine.evidence.yaml").write_text(
        "format: 2\nname: mine\nfitted_on:\n"
        "- {source: s, device: d, op: o, dtype: float32, group: stream, count: 3, mape: 0.1}\n"
    )
    fitted = FittedCalibration.from_file(path)
    assert fitted.evidence.fitted_on[0].count == 3
    assert (fitted.renamed("other").name, fitted.renamed("other").evidence.name) == ("other", "other")


def test_calibrations_of_a_folder_take_the_place_of_those_of_their_names(tmp_path):
    (tmp_path / "turing.yaml").write_text("format: 2\nname: turing\nsources: [s]\nparameters: {}\n")
    (tmp_path / "turing.evidence.yaml").write_text("format: 2\nname: turing\n")
    pool = CalibrationPool.shipped().with_folder(tmp_path)
    assert sorted(entry.name for entry in pool.members) == sorted(
        entry.name for entry in CalibrationPool.shipped().members
    )
    assert [entry.calibration.sources for entry in pool.members if entry.name == "turing"] == [("s",)]


def _observed(name, architecture, accelerator):
    own = _calibration(name, architecture, (accelerator,), groups=("stream",))
    return own.model_copy(update={"scope": "observations", "parameters": {"stream.element": 0.4}})


_H100, _V100 = _observed("h", "hopper", "H100-SXM5-80GB"), _observed("v", "volta", "V100-PCIe-32GB")


@pytest.mark.parametrize(
    ("part", "nearest", "basis"),
    [
        ("H100-SXM5-80GB", "h", "calibrated"),
        ("H200-SXM5-141GB", "h", "inherited"),
        ("V100-PCIe-32GB", "v", "calibrated"),
    ],
)
def test_the_nearest_observation_comes_last(part, nearest, basis):
    found = CalibrationPool.of(_V100, _H100).observations(load_accelerator(part), "stream")
    assert len(found) == 2
    assert (found[-1].calibration.name, found[-1].basis) == (nearest, basis)
    assert CalibrationPool.of(_V100, _H100).observations(load_accelerator(part), "matmul") == ()


def test_an_observation_is_no_calibration_of_its_group():
    assert CalibrationPool.of(_H100).match(load_accelerator("h100"), "stream") is None


def test_another_makers_observations_move_no_part_whose_relative_was_measured():
    foreign = _VOLTA.model_copy(
        update={"name": "m", "architecture": "cdna3", "scope": "observations", "parameters": {"stream.element": 0.4}}
    )
    alone, beside = CalibrationPool.of(foreign), CalibrationPool.of(foreign, _VOLTA)
    for pool, names in ((alone, ["m"]), (beside, [])):
        assert [match.calibration.name for match in pool.observations(load_accelerator("a100"), "stream")] == names
    assert [match.calibration.name for match in beside.observations(load_accelerator("mi300x"), "stream")] == ["m"]


def test_leaving_an_accelerator_out_drops_what_was_observed_on_it():
    left = CalibrationPool.of(_V100, _H100).without_accelerator("H100-SXM5-80GB", "NVIDIA H100 SXM")
    found = left.observations(load_accelerator("h100"), "stream")
    assert [match.calibration.name for match in found] == ["v"]


def test_members_of_some_scopes():
    pool = CalibrationPool.of(_HOPPER, _H100, _V100)
    assert [c.name for c in pool.only("observations").calibrations] == ["h", "v"]
    assert [c.name for c in pool.only("architecture", "observations").calibrations] == ["hopper", "h", "v"]
