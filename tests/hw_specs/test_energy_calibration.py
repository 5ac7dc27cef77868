from pathlib import Path

import pytest

import hw_specs
from hw_specs import SpecError, load_accelerator
from hw_specs.energy_calibration import EnergyParameters, list_energy_calibrations, load_energy_calibration

_TEXT = """
name: mine
accelerator: A100-SXM4-40GB
parameters:
  {idle: 60, active: 200, matrix: 6.0e-13, vector: 5.0e-12, special: 2.0e-11, score: 0, dram: 4.8e-11, cache: 0}
fitted: [active]
fitted_on: [{source: a meter, device: mine, what: runs, count: 3, mape: 0.02}]
sources: [a meter]
"""


def test_shipped_calibrations_say_what_they_were_fitted_on() -> None:
    assert list_energy_calibrations()
    for name in list_energy_calibrations():
        entry = load_energy_calibration(name)
        assert load_accelerator(entry.accelerator).name == entry.accelerator
        assert set(entry.fitted) <= set(EnergyParameters.model_fields)
        assert entry.sources
        assert sum(item.count for item in entry.fitted_on) > 0
        assert {r.scope for r in entry.residuals} == {"held_out", "left_out_device", "other_architecture"}
        for residual in entry.residuals:
            assert residual.count > 0
            levels = [residual.quantiles[level] for level in ("0.1", "0.5", "0.9")]
            assert levels == sorted(levels)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(_TEXT, encoding="utf-8")
    entry = load_energy_calibration(str(path))
    assert entry.parameters.matrix == 6e-13
    assert entry.parameters.limit == 1.0


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(SpecError, match=r"no energy calibration 'gb20'.*gb200"):
        load_energy_calibration("gb20")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("idle: 60", "idle: 0", "parameters.idle"),
        ("active: 200", "active: -1", "parameters.active"),
        ("sources: [a meter]", "sources: []", "sources"),
        ("name: mine", "nam: mine", "unknown key"),
        ("cache: 0", "cache: .nan", "line .*: .nan is no finite number"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(_TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError, match=message) as caught:
        load_energy_calibration(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_of_a_later_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "later.yaml"
    text = (Path(hw_specs.__file__).parent / "energy_calibrations" / "gb200.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("format: 1\n", "format: 2\n"), encoding="utf-8")
    with pytest.raises(SpecError, match=r"later\.yaml: format: "):
        load_energy_calibration(str(path))
    path.write_text(text.replace("format: 1\n", ""), encoding="utf-8")
    assert load_energy_calibration(str(path)) == load_energy_calibration("gb200")
