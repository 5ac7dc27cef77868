"""Files that a command writes beside what it prints."""

import os

import pytest

from hw_specs.output import OutputError
from simulator.results.files import ResultFiles, require_page, write_page
from simulator.views.html.page import Page


def test_nothing_is_asked_for_by_default():
    files = ResultFiles()
    assert not files
    files.require()


def test_a_page_has_the_ending_of_one_and_a_folder(tmp_path):
    with pytest.raises(OutputError, match=r"valid: a file that ends in \.html"):
        require_page(tmp_path / "out.pdf")
    with pytest.raises(OutputError, match="is no folder"):
        require_page(tmp_path / "absent" / "out.html")


def test_a_pipe_needs_no_ending_and_a_folder_is_none(tmp_path):
    pytest.importorskip("plotly")
    os.mkfifo(tmp_path / "pipe")
    require_page(tmp_path / "pipe")
    with pytest.raises(OutputError, match="a report is a page"):
        require_page(tmp_path)


def test_a_missing_library_is_named_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError) as raised:
        ResultFiles(report=tmp_path / "out.html").require()
    assert raised.value.name == "plotly"


def test_a_page_is_one_file(tmp_path):
    pytest.importorskip("plotly")
    write_page(Page(title="t", subtitle="s", answer="a"), tmp_path / "out.html")
    assert [p.name for p in tmp_path.iterdir()] == ["out.html"]


def test_the_report_of_a_run(tmp_path, stable_diffusion_run):
    pytest.importorskip("plotly")
    path = tmp_path / "out.html"
    ResultFiles(report=path).write(stable_diffusion_run, stable_diffusion_run.report, {}, ["said beside"])
    text = path.read_text(encoding="utf-8")
    assert "said beside" in text
    assert len(text) < 5e6


def test_files_of_one_run_are_refused_of_others(tmp_path):
    files = ResultFiles(chakra=tmp_path / "out.et")
    with pytest.raises(OutputError, match="a projection has --report"):
        files.write_projection(None, [])
    with pytest.raises(OutputError, match="a comparison has --report"):
        files.write_comparison(None, [])
