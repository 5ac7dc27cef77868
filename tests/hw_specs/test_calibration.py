import pytest
import yaml

from hw_specs import Calibration, FittedOn, SpecError, list_calibrations, load_accelerator, load_calibration
from hw_specs.calibration import described, evidence_path, load_evidence


@pytest.mark.parametrize("name", list_calibrations())
def test_every_shipped_calibration_loads_with_sources_and_counts(name):
    calibration, evidence = load_calibration(name), load_evidence(name)
    assert calibration.name == evidence.name == name
    assert calibration.fitted_on != ()
    if calibration.scope != "observations":  # whose words are all that there is
        assert calibration.fitted_on == described(evidence.fitted_on)
    if calibration.scope in ("architecture", "generic"):
        assert evidence.residuals
    for accelerator in calibration.accelerators if calibration.scope == "architecture" else ():
        assert load_accelerator(accelerator).architecture == calibration.architecture


def test_parameters_of_one_group():
    calibration = Calibration(name="x", parameters={"matmul.rate": 0.9, "matmul8.rate": 0.8}, sources=("s",))
    assert calibration.of_group("matmul") == {"matmul.rate": 0.9}


def _row(op: str, count: int, source: str = "a") -> FittedOn:
    return FittedOn(source=source, device="D", op=op, dtype="float32", group="stream", count=count, mape=0.1)


def test_measurements_in_words_are_one_line_for_each_device_and_source():
    rows = [_row("aten::mul", 3), _row("aten::add", 4), _row("aten::mul", 5), _row("aten::mul", 7, "b")]
    assert described(rows) == ("D: 12 rows of add, mul (a)", "D: 7 rows of mul (b)")


def test_unknown_name_and_bad_field_are_one_line(tmp_path):
    with pytest.raises(SpecError, match="no calibration 'amperre'"):
        load_calibration("amperre")
    path = tmp_path / "bad.yaml"
    path.write_text("format: 2\nname: x\nparameters: {}\nsources: [a]\nspeed: 1\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_calibration(path)
    assert "\n" not in str(caught.value)


def test_evidence_lies_beside_its_calibration_or_is_none(tmp_path):
    path = tmp_path / "my.calibration.yaml"
    assert evidence_path(path) == tmp_path / "my.calibration.evidence.yaml"
    path.write_text("format: 2\nname: mine\nparameters: {}\nsources: [a]\n", encoding="utf-8")
    assert load_evidence(path).fitted_on == load_evidence(path).residuals == ()


def test_a_file_of_before_there_were_two_is_read_as_both(tmp_path):
    residual = {
        "group": "stream",
        "scope": "held_out_shapes",
        "regime": "all",
        "count": 20,
        "mape": 0.1,
        "bias": 0.0,
        "quantiles": {"0.5": 0.0},
    }
    content = {
        "name": "mine",
        "accelerators": ["A100-SXM4-80GB"],
        "groups": {"stream": ["A100-SXM4-80GB"]},
        "parameters": {"stream.dram": 0.9},
        "fitted_on": [_row("aten::mul", 3).model_dump()],
        "residuals": [residual],
        "sources": ["a"],
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    calibration, evidence = load_calibration(path), load_evidence(path)
    assert (calibration.format, calibration.parameters) == (2, {"stream.dram": 0.9})
    assert calibration.fitted_on == ("D: 3 rows of mul (a)",)
    assert evidence.fitted_on == (_row("aten::mul", 3),)
    assert [r.count for r in evidence.residuals] == [20]


def test_a_file_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "later.yaml"
    path.write_text("format: 7\nname: x\nparameters: {}\nsources: [a]\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"later.yaml: format 7 is not known here; this version reads 2"):
        load_calibration(path)
