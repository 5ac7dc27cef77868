import io

from hw_specs.terminal.tables import FittedConsole
from validation.energy.ceilings import ceiling_errors
from validation.energy.errors import OperatorEnergyError, RunEnergyError
from validation.energy.presentation import print_energy

_OPERATOR = OperatorEnergyError(
    device="NVIDIA GB200",
    op="aten::linear",
    dtype="bfloat16",
    seen=300,
    held_out=100,
    mape=0.121,
    held_out_mape=0.132,
    corrected_mape=0.11,
    bias=-0.05,
    always_limit_mape=0.21,
)
_RUN = RunEnergyError(
    device="A100-SXM4-40GB",
    model="sdxl [base]",
    batch=4,
    source="a meter",
    latency=2.858,
    energy=1104.0,
    power=386.3,
    latency_error=0.05,
    at_measured_time=-0.018,
    at_predicted_time=0.03,
    as_shipped=-0.07,
    other_parts=None,
    always_limit=0.036,
    inside=True,
)


def _printed(**parts: object) -> str:
    text = io.StringIO()
    given = {"operators": [], "runs": [], "ceilings": [], "skipped": {}, **parts}
    print_energy(console=FittedConsole(file=text, width=200), **given)  # type: ignore[arg-type]
    return text.getvalue()


def test_all_tables() -> None:
    text = _printed(operators=[_OPERATOR], runs=[_RUN], ceilings=ceiling_errors(), skipped={"no workload for x": 2})
    assert "NVIDIA GB200 aten::linear bfloat16" in text
    assert "13.2 %" in text
    assert "sdxl [base] x 4" in text
    assert "-1.8 %" in text
    assert "energy of generations by device" in text
    assert "by device and pipeline" in text
    assert "T4" in text
    assert "left out: 2 rows, no workload for x" in text


def test_empty_tables_are_not_printed() -> None:
    assert _printed() == ""
