"""The recipes for an accelerator, an architecture and a host: one file each, followed to the letter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from hw_specs import CalibrationPool, SpecError, load_accelerator
from hw_specs.__main__ import main
from hw_specs.listing.names import resolve_name
from simulator import simulate
from simulator.hosts.catalogue import load_host
from tracer.library.bundle import BUNDLE
from tracer.storage.graph_file import load_graph

_ROOT = Path(__file__).parent.parent
POOL = CalibrationPool.shipped()


def _recipe(first: str) -> str:
    """The indented block of CONTRIBUTING.md that begins with a line."""
    text = (_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^    {first}\n(?:    .*\n)+", text, flags=re.MULTILINE)
    return re.sub(r"^    ", "", str(block), flags=re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both files of the recipes."""
    (tmp_path / "architectures").mkdir()
    (tmp_path / "r100.yaml").write_text(_recipe("name: R100"), encoding="utf-8")
    (tmp_path / "architectures" / "rubin.yaml").write_text(_recipe("name: rubin"), encoding="utf-8")
    return tmp_path


def _copy_of_b200(path: Path, architecture: str) -> Path:
    """The file of a B200 under another name and architecture."""
    tree = yaml.safe_load(resolve_name("b200").read_text(encoding="utf-8"))
    tree |= {"name": "copy", "aliases": [], "architecture": architecture}
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return path


def test_both_files_are_simulated(folder: Path) -> None:
    graph = load_graph(BUNDLE / "stable-diffusion.npz")
    part = load_accelerator(str(folder / "r100.yaml"))
    report = simulate(graph, part, calibrations=POOL).report
    assert report.accelerator == "R100"
    assert report.assumptions == ("traits assumed from blackwell: all",)
    assert 0 < report.latency < simulate(graph, load_accelerator("b200"), calibrations=POOL).report.latency


def test_the_command_shows_what_is_assumed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["hwspec", "show", str(folder / "r100.yaml")])
    with pytest.raises(SystemExit):
        main()
    out = capsys.readouterr().out
    assert "architecture rubin < blackwell < hopper" in out
    assert "traits assumed from blackwell: all" in out


def test_an_architecture_without_a_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = _copy_of_b200(tmp_path / "copy.yaml", "rubin")
    with pytest.raises(SpecError, match=r"architecture: 'rubin' has no file.*architectures/rubin\.yaml.*three lines"):
        load_accelerator(str(path))


@pytest.mark.parametrize("model", ["sdxl", "flux-schnell"])
def test_a_parent_gives_its_numbers_exactly(folder: Path, model: str) -> None:
    graph = load_graph(BUNDLE / f"{model}.npz")
    parts = [load_accelerator(str(_copy_of_b200(folder / "copy.yaml", name))) for name in ("blackwell", "rubin")]
    own, descended = (simulate(graph, part, calibrations=POOL) for part in parts)
    assert (descended.costs.time == own.costs.time).all()
    assert descended.report.latency == own.report.latency
    assert descended.report.interval == own.report.interval
    assert descended.report.energy == own.report.energy


def test_a_host_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "server-2026.yaml"
    path.write_text(_recipe("name: server-2026"), encoding="utf-8")
    host, before = load_host(str(path)), load_host("server-2023")
    assert host.costs["eager"].product == pytest.approx(0.8 * before.costs["eager"].product)
    assert host.costs["eager"].launch == pytest.approx(2.5e-6)
    graph, part = load_graph(BUNDLE / "llama2-7b.npz"), load_accelerator("h100")
    reports = [simulate(graph, part, calibrations=POOL, host=each).report for each in (host, before)]
    assert reports[0].latency < reports[1].latency
    assert reports[0].host == {
        "name": "server-2026",
        "kind": "server",
        "year": 2026,
        "processor": "4.5 GHz on one core",
    }
