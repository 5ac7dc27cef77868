import csv
import io
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from hw_specs import list_accelerators, list_architectures
from hw_specs.__main__ import main


def run(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["hwspec", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    output = capsys.readouterr()
    return int(caught.value.code or 0), output.out, output.err


def test_list_json_has_every_accelerator(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(["list", "--format", "json"], monkeypatch, capsys)
    assert status == 0
    assert {row["name"] for row in json.loads(out)} == set(list_accelerators())


def test_the_version_is_that_of_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--version"], monkeypatch, capsys) == (0, f"roofcast {version('roofcast')}\n", "")


def test_list_csv_names_units(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(["list", "hopper", "--format", "csv"], monkeypatch, capsys)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert float(next(row for row in rows if row["name"] == "H100-SXM5-80GB")["bandwidth [B/s]"]) == 3.35e12


def test_list_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(["list", "AMD"], monkeypatch, capsys)
    assert "1.307 PFLOP/s" in out
    assert "NVIDIA" not in out


def test_show_table_has_facts_notes_and_sources(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(["show", "a100", "--set", "memory.dram.bandwidth=2x"], monkeypatch, capsys)
    for text in ("4.078 TB/s", "76.51 FLOP/B", "Sources", "changed by hand: memory.dram.bandwidth=2x"):
        assert text in out


def test_show_says_who_states_the_traits(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(["show", "h100"], monkeypatch, capsys)
    assert "architecture hopper < ampere < volta < pascal" in out
    assert "nvjet kernel names" in out
    assert "traits assumed from ampere: " in out


@pytest.mark.parametrize("name", ["", "hopper"])
def test_architectures(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["architectures", *filter(None, [name])]
    _, table, _ = run(arguments, monkeypatch, capsys)
    _, out, _ = run([*arguments, "--format", "json"], monkeypatch, capsys)
    _, text, _ = run([*arguments, "--format", "csv"], monkeypatch, capsys)
    rows = json.loads(out)
    assert list(csv.DictReader(io.StringIO(text))) == rows
    if name:
        assert {"trait": "tiles.matrix", "value": "warpgroup", "source": "nvjet kernel names"} in rows
        assert "architecture hopper < ampere" in table
    else:
        assert [row["name"] for row in rows] == list(list_architectures())
        assert next(row for row in rows if row["name"] == "ada")["parent"] == "ampere_ga10x"


def test_an_unknown_architecture_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(["architectures", "hoper"], monkeypatch, capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "did you mean 'hopper'?" in err


def test_show_json_and_csv_agree(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(["show", "a100", "--format", "json"], monkeypatch, capsys)
    record = json.loads(out)
    _, out, _ = run(["show", "a100", "--format", "csv"], monkeypatch, capsys)
    rows = {row["fact"]: row for row in csv.DictReader(io.StringIO(out))}
    assert float(rows["memory.dram.bandwidth"]["value"]) == record["memory"]["dram"]["bandwidth"]
    assert rows["memory.dram.bandwidth"]["unit"] == "B/s"


def test_check_passes_for_the_catalogue(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(["check", "--format", "json"], monkeypatch, capsys)
    assert status == 0
    assert all(row["state"] == "disputed" for row in json.loads(out))
    assert "0 open findings" in err


def test_check_reports_what_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text("name: Odd\nextends: a100\npeak: {matrix: {bf16: 350 TFLOP/s}}\nsources: [thought up]\n")
    status, out, err = run(["check", str(path)], monkeypatch, capsys)
    assert status == 1
    assert "peak.matrix.bf16" in out
    assert "1 open findings" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "h10"], "no accelerator 'h10'; did you mean 'H100'"),
        (["show", "a100", "--set", "cores.cont=2x"], "cores.cont: unknown path"),
        (["check", "absent.yaml"], "absent.yaml: cannot be read"),
        (["list", "zzz"], "no accelerator matches 'zzz'"),
    ],
)
def test_errors_are_one_line_and_status_two(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(arguments, monkeypatch, capsys)
    assert (status, out) == (2, "")
    assert err.startswith("hwspec: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["list", "--format", "xml"], ["show"], ["nothing"], ["show", "a100", "--x"]])
def test_usage_errors_have_status_two(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(arguments, monkeypatch, capsys)
    assert status == 2
    assert "Traceback" not in err


def test_module_runs_as_a_program() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "hw_specs", "show", "t4", "--format", "json"], capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout)["name"] == "T4"


@pytest.mark.parametrize("command", ["show", "check"])
def test_fields_that_are_gone_are_said_to_be(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: Mine\nextends: h100\ncores: {sustained_clock: 1.5 GHz}\nsources: [me]\n", encoding="utf-8")
    status, _, err = run([command, str(path)], monkeypatch, capsys)
    assert status == 0
    assert f"{path}: cores.sustained_clock: is left out" in err


def test_check_lists_all_that_is_wrong_at_once(tmp_path, monkeypatch, capsys) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("name: X\nextends: h100\nsources: [me]\ncores: {count: many}\nmemory: {dram: {bandwith: 3}}\n")
    monkeypatch.setattr("sys.argv", ["hwspec", "check", str(file)])
    with pytest.raises(SystemExit) as caught:
        main()
    lines = capsys.readouterr().err.splitlines()
    assert caught.value.code == 2
    assert len(lines) == 2
    assert "bandwith: unknown key" in lines[0]
    assert "cores.count: 'many' is refused" in lines[1]


def test_check_takes_a_hypothetical_part_and_says_what_it_assumes(tmp_path, monkeypatch, capsys) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: X\nextends: h100\nsources: [me]\npeak: {matrix: 1.3x}\nmemory: {dram: {from: b200}}\n")
    monkeypatch.setattr("sys.argv", ["hwspec", "check", str(file)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert "as H100-SXM5-80GB but for: " in capsys.readouterr().err


def test_it_starts_without_what_only_computations_need():
    script = "import sys, hw_specs.__main__; print({'numpy', 'msgspec'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "set()\n"
