"""Tables of parts by one key."""

from __future__ import annotations

import csv
import io
import json

from rich.console import Console

from hw_specs.terminal.tables import FittedConsole
from simulator.profile.parts import parts_of
from simulator.views.parts import ROWS, parts_to_csv, parts_to_json, print_parts


def _printed(run, key: str, width: int = 80, **settings) -> str:
    console: Console = FittedConsole(width=width)
    with console.capture() as capture:
        print_parts(run.report, key, parts_of(run, key), console, **settings)
    return capture.get()


def test_the_answer_comes_before_the_table_in_80_columns(stable_diffusion_run) -> None:
    lines = _printed(stable_diffusion_run, "kernel").splitlines()
    assert max(map(len, lines)) <= 80
    header = next(number for number, line in enumerate(lines) if line.startswith("kernel "))
    assert [line.split()[0] for line in lines[:header] if line[:3].strip()][:2] == ["stable-diffusion", "how"]
    assert {"latency", "share"} <= set(lines[header].split())
    assert len(lines) == header + 1 + ROWS + 1


def test_what_is_left_out_is_one_line(stable_diffusion_run) -> None:
    parts = parts_of(stable_diffusion_run, "operator")
    text = _printed(stable_diffusion_run, "operator", width=170, top=3)
    share = sum(part.share for part in parts[3:])
    assert text.splitlines()[-1] == f"{len(parts) - 3} more, {100 * share:.1f} %"
    assert all(part.name in text for part in parts[:3])
    assert "more" not in _printed(stable_diffusion_run, "stage", top=3)
    for word in ("80 % interval", "launches", "FLOPs", "bytes", "bound by"):
        assert word in text


def test_json_has_the_parts_and_what_is_left_out(stable_diffusion_run) -> None:
    parts, report = parts_of(stable_diffusion_run, "module"), stable_diffusion_run.report
    found = json.loads(parts_to_json(report, "module", parts, 2))
    assert (found["by"], found["latency"]) == ("module", report.latency)
    assert found["parts"] == [part.to_dict() for part in parts[:2]]
    assert found["left_out"]["count"] == len(parts) - 2
    whole = sum(part["latency"] for part in found["parts"]) + found["left_out"]["latency"]
    assert abs(whole - report.latency) < 1e-9
    assert json.loads(parts_to_json(report, "module", parts, None))["left_out"]["count"] == 0


def test_csv_has_a_row_a_part(stable_diffusion_run) -> None:
    parts = parts_of(stable_diffusion_run, "category")
    rows = list(csv.DictReader(io.StringIO(parts_to_csv(parts, None))))
    assert [row["name"] for row in rows] == [part.name for part in parts]
    assert float(rows[0]["low"]) < float(rows[0]["latency"]) < float(rows[0]["high"])
    assert len(parts_to_csv(parts, 2).splitlines()) == 3
    assert parts_to_csv([], None) == "name\n"
