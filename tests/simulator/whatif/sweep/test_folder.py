"""Results on disk: whole parts or none, one study, one writer."""

import json

import pytest

from hw_specs.output import OutputError
from simulator.whatif.study.study import load_study
from simulator.whatif.sweep.folder import MANIFEST, ResultFolder

from .conftest import CONTENT


def test_what_is_missing_is_what_has_no_file(study, tmp_path):
    folder = ResultFolder(tmp_path / "r", study)
    with folder.open():
        assert list(folder.missing()) == [0, 1, 2]
        folder.write(1, b"part")
        assert list(folder.missing()) == [0, 2]
    names = sorted(path.name for path in (tmp_path / "r").iterdir())
    assert names == ["_lock", MANIFEST, "_study.json", "part-00000001.parquet"]
    manifest = json.loads((tmp_path / "r" / MANIFEST).read_text(encoding="utf-8"))
    assert (manifest["designs"], manifest["chunks"], manifest["chunk"]) == (20, 3, 8)
    assert manifest["parts"] == "part-NUMBER.parquet"


def test_what_a_killed_sweep_was_writing_is_forgotten(study, tmp_path):
    folder = ResultFolder(tmp_path, study)
    with folder.open():
        pass
    (tmp_path / ".part-00000000.parquet.partial").write_bytes(b"half a part")
    with folder.open():
        assert list(folder.missing()) == [0, 1, 2]
    assert not list(tmp_path.glob(".*.partial"))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"sampling": {"method": "latin-hypercube", "samples": 20, "seed": 5}}, "study"),
        ({"hw": "a100"}, "study and accelerators"),
    ],
)
def test_another_study_is_refused(study, tmp_path, changes, what):
    with ResultFolder(tmp_path, study).open():
        pass
    other = ResultFolder(tmp_path, load_study(CONTENT | changes))
    with pytest.raises(OutputError, match=f"holds results of another {what}; give another folder"), other.open():
        pass


def test_a_title_and_pictures_make_no_other_study(study, tmp_path):
    with ResultFolder(tmp_path, study).open():
        pass
    plots = [{"kind": "line", "x": "cores.count"}]
    with ResultFolder(tmp_path, load_study(CONTENT | {"title": "renamed", "plots": plots})).open():
        pass


def test_two_sweeps_do_not_write_at_once(study, tmp_path):
    pytest.importorskip("fcntl")
    with (
        ResultFolder(tmp_path, study).open(),
        pytest.raises(OutputError, match="another sweep is writing there"),
        ResultFolder(tmp_path, study).open(),
    ):
        pass


@pytest.mark.parametrize("content", ["no json", "[]", "{}"])
def test_a_strange_manifest_is_refused(study, tmp_path, content):
    (tmp_path / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(OutputError, match="give another folder"), ResultFolder(tmp_path, study).open():
        pass


def test_files_of_others_and_places_that_are_none_are_refused(study, tmp_path):
    (tmp_path / "mine.parquet").write_bytes(b"")
    with pytest.raises(OutputError, match="holds Parquet files and no manifest"), ResultFolder(tmp_path, study).open():
        pass
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot write"), ResultFolder(tmp_path / "file", study).open():
        pass
