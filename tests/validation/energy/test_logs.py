from pathlib import Path

import numpy as np
import pytest

from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments
from tracer.storage.trace_file import save_trace
from tracer.trace import RunFacts, Trace
from validation.energy.logs import read_log, read_measurements, runs_of_traces
from validation.measured.tables import MeasurementError

_COLUMNS = "time,core_clock,memory_clock,power,temperature,reasons\n"


def _log(path: Path, rows: list[tuple[float, float, str]]) -> Path:
    lines = [f"{k},{clock},1.2e9,{power},50,{reasons}\n" for k, (power, clock, reasons) in enumerate(rows)]
    path.write_text(_COLUMNS + "".join(lines), encoding="utf-8")
    return path


def _trace(power: float = 350.0, samples: int = 20, device: str = "NVIDIA A100-SXM4-80GB") -> Trace:
    settings = (
        ("elapsed.text_encoder", 0.01),
        ("elapsed.unet", 0.1),
        ("power", power),
        ("repeats.text_encoder", 1),
        ("repeats.unet", 50),
        ("samples", samples),
        ("workload.batch", 2),
        ("workload.dtype", "float16"),
    )
    facts = RunFacts(format="roofcast", device=device, settings=settings)
    builder = TraceBuilder()
    builder.add_call("aten::add", RecordedArguments(), start=0, duration=500)
    return builder.build("stable-diffusion", facts)


def test_idle_limit_and_clock_of_a_log(tmp_path: Path) -> None:
    idle = [(60.0 + k, 2.1e8, "gpu_idle") for k in range(20)]
    held = [(390.0, 1.2e9, "software_power_cap"), (392.0, 1.25e9, "software_power_cap sync_boost")]
    log = read_log(_log(tmp_path / "nvml.csv", [*idle, *held, *held, (394.0, 1.3e9, "software_power_cap")]))
    assert log.idle == pytest.approx(np.quantile([*(60.0 + k for k in range(20)), 390, 390, 392, 392, 394], 0.05))
    assert log.limited == 392.0
    assert log.clock == 1.25e9
    assert log.samples == 25


def test_a_log_that_never_met_the_limit(tmp_path: Path) -> None:
    log = read_log(_log(tmp_path / "nvml.csv", [(60.0, 2.1e8, "gpu_idle")]))
    assert log.limited is None
    assert log.clock is None


def test_a_log_without_rows_or_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="lacks the columns"):
        read_log(_log(tmp_path / "nvml.csv", []))


def test_mean_power_of_a_trace_becomes_energy() -> None:
    runs, skipped = runs_of_traces([_trace()])
    assert not skipped
    assert runs[0].model == "stable-diffusion"
    assert runs[0].latency == pytest.approx(0.01 + 50 * 0.1)
    assert runs[0].energy == pytest.approx(350 * 5.01)
    assert runs[0].settings == {"batch": 2, "dtype": "float16"}
    assert runs[0].device == "A100-SXM4-80GB"


def test_traces_with_few_readings_or_of_unknown_devices_are_counted() -> None:
    runs, skipped = runs_of_traces([_trace(samples=3), _trace(device="Abacus")])
    assert runs == ()
    assert sum(skipped.values()) == 2


def test_files_and_folders_together(tmp_path: Path) -> None:
    (tmp_path / "traces").mkdir()
    save_trace(_trace(), tmp_path / "traces" / "sd.trace")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "runs.csv").write_text(
        "source,gpu,n_gpu,model,steps,batch,latency_s,energy_J\nthem,H100-80GB,1,svd-xt,25,1,20,13393\n"
        "them,H100-80GB,1,unheard-of,25,1,20,13393\n",
        encoding="utf-8",
    )
    found = read_measurements([tmp_path])
    assert [run.model for run in found.runs] == ["svd-xt", "stable-diffusion"]
    assert found.operators == ()
    assert dict(found.skipped) == {
        "other.csv: neither power_w nor energy_J": 1,
        "no workload for unheard-of": 1,
    }


def test_what_is_no_trace_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sd.trace"
    path.write_bytes(b"something else")
    with pytest.raises(MeasurementError, match="is no trace"):
        read_measurements([path])
