"""Architectures read from files: lineage, inherited traits, and what is refused."""

from pathlib import Path

import pytest

from hw_specs import SpecError, lineage_distance, list_architectures, load_accelerator, load_architecture
from hw_specs.architecture import trait_paths
from hw_specs.catalogue import load_file
from hw_specs.inheritance.lineage import FOLDER, architecture_of_isa, find_architecture, line_of
from hw_specs.listing.names import accelerator_files
from hw_specs.reading.yaml_loader import read_yaml


def written(folder: Path, **texts: str) -> tuple[Path, ...]:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(f"name: {name}\n{text}\n", encoding="utf-8")
    return (folder,)


@pytest.mark.parametrize("name", list_architectures())
def test_every_architecture_of_the_catalogue_reads_with_a_source_for_each_trait(name: str) -> None:
    architecture = load_architecture(name)
    assert architecture.name == name
    stated = (path for path in trait_paths() if architecture.trait(path) is not None)
    assert all(architecture.source_of(path) for path in stated)
    assert set(architecture.assumed.values()) <= set(list_architectures()) - {name}


def test_every_accelerator_has_an_architecture_with_a_file() -> None:
    assert {load_file(path).architecture for path in accelerator_files()} <= set(list_architectures())
    assert load_accelerator("h100").traits is load_architecture("hopper")


def test_distance_counts_steps() -> None:
    assert lineage_distance(load_architecture("ampere"), "ampere") == 0
    assert lineage_distance(load_architecture("hopper"), "ampere") == 1
    assert lineage_distance(load_architecture("ampere"), "hopper") == 1
    assert lineage_distance(load_architecture("turing"), "ampere") == 2
    assert lineage_distance(load_architecture("ampere"), "cdna3") is None


def test_a_refresh_is_no_step_away() -> None:
    ultra = load_architecture("blackwell_ultra")
    assert lineage_distance(ultra, "blackwell") == 0
    assert lineage_distance(ultra, "hopper") == 1
    assert ultra.tiles == load_architecture("blackwell").tiles


def test_what_stands_in_is_no_relative() -> None:
    systolic = load_architecture("tpu_v3")
    assert systolic.tiles == load_architecture("ampere").tiles
    assert lineage_distance(systolic, "ampere") is None


def test_a_trait_is_that_of_the_parent_unless_the_file_says_otherwise() -> None:
    hopper, ampere = load_architecture("hopper"), load_architecture("ampere")
    assert hopper.tiles.vector == ampere.tiles.vector
    assert hopper.assumed["tiles.vector"] == "ampere"
    assert hopper.tiles.matrix != ampere.tiles.matrix
    assert "tiles.matrix" not in hopper.assumed
    # A stated map replaces the inherited one as a whole.
    assert load_architecture("blackwell").attention.fallbacks == {}


def test_isa_tells_the_architecture() -> None:
    assert architecture_of_isa("sm_90").name == "hopper"
    assert architecture_of_isa("gfx942").name == "cdna3"
    with pytest.raises(SpecError, match="no architecture names the compiler target 'sm_1'; add it to 'isa'"):
        architecture_of_isa("sm_1")
    targets = [isa for name in list_architectures() for isa in load_architecture(name).isa]
    assert len(targets) == len(set(targets))


class TestUsersOwn:
    def test_three_lines_are_an_architecture(self, tmp_path: Path) -> None:
        folders = written(tmp_path, rubin="parent: blackwell\nsources: {parent: a rumour}")
        rubin = find_architecture("rubin", folders)
        assert rubin.lineage == {"rubin": 0, **load_architecture("blackwell").lineage}
        parent = load_architecture("blackwell")
        assert all(rubin.trait(path) == parent.trait(path) for path in trait_paths())
        assert set(rubin.assumed) == {p for p in trait_paths() if rubin.trait(p) is not None}

    def test_a_stated_trait_makes_it_a_step(self, tmp_path: Path) -> None:
        text = "parent: blackwell\nshortest_kernel: 1 us\nsources: {parent: x, shortest_kernel: measured}"
        rubin = find_architecture("rubin", written(tmp_path, rubin=text))
        assert lineage_distance(rubin, "blackwell") == 1
        assert rubin.shortest_kernel == 1e-6
        assert rubin.source_of("shortest_kernel") == "measured"

    def test_distances_to_names_that_the_catalogue_does_not_have(self, tmp_path: Path) -> None:
        text = "parent: blackwell\nrefresh: false\nsources: {parent: x}"
        folders = written(tmp_path, rubin=text, feynman=text.replace("blackwell", "rubin"))
        assert lineage_distance(find_architecture("feynman", folders), "rubin") == 1
        assert lineage_distance(load_architecture("hopper"), "rubin") is None

    def test_beside_comes_before_the_catalogue(self, tmp_path: Path) -> None:
        text = "parent: ampere\nshortest_kernel: 9 us\nsources: {parent: x, shortest_kernel: y}"
        assert find_architecture("hopper", written(tmp_path, hopper=text)).shortest_kernel == 9e-6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "parent: blackwel\nsources: {parent: x}",
            "parent: 'blackwel' has no file; did you mean 'blackwell'",
        ),
        ("parent: [a]\nsources: {parent: x}", r"parent: \['a'\] is no name"),
        ("parent: ../ada\nsources: {parent: x}", r"parent: '\.\./ada' is no name"),
        ("parent: ada\nlike: ada\nsources: {parent: x}", "like: stands beside a parent"),
        ("parent: ada", "sources: missing"),
        ("parent: ada\nsources: {}", "sources: nothing for parent"),
        ("parent: ada\nsources: {parent: x, tile: y}", "sources: 'tile' is no trait; did you mean 'tiles'"),
        ("parent: ada\nwinograd: none\nsources: {parent: x}", "sources: nothing for winograd"),
        ("parent: ada\nwinograd: maybe\nsources: {parent: x, winograd: y}", "winograd: 'maybe' is refused"),
        (
            "parent: ada\nwinogard: none\nsources: {parent: x}",
            r"winogard: unknown key; valid are .*'winograd'",
        ),
        ("parent: ada\ntiles: {matrx: warp}\nsources: {parent: x, tiles: y}", r"tiles\.matrx: unknown key.*'matrix'"),
        ("parent: ada\ntiles: {matrix: wrap}\nsources: {parent: x, tiles: y}", "no tile library 'wrap'.*'warp'"),
        ("parent: ada\ntiles: warp\nsources: {parent: x, tiles: y}", "tiles"),
        (
            "parent: ada\nmatrix_formats: [fp61]\nsources: {parent: x, matrix_formats: y}",
            "number format 'fp61'",
        ),
        ("parent: ada\nshortest_kernel: 1.3\nsources: {parent: x, shortest_kernel: y}", "1.3 has no unit"),
        ("parent: ada\nrefresh: maybe\nsources: {parent: x}", "refresh: 'maybe' is refused"),
        ("engine: simt\nsources: {engine: x}", r"missing; give a value, or name a parent \(or 'like'"),
        ("parent: x\nsources: {parent: x}", r"goes in a circle \(x -> x\)"),
    ],
)
def test_refusals_are_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message) as refused:
        find_architecture("x", written(tmp_path, x=text))
    assert "\n" not in str(refused.value)
    assert str(tmp_path / "x.yaml") in str(refused.value)


def test_the_name_is_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("name: y\nparent: ada\nsources: {parent: s}\n", encoding="utf-8")
    with pytest.raises(SpecError, match="name: 'y' is not the name of the file; write 'x'"):
        find_architecture("x", (tmp_path,))


def test_a_name_without_a_file_is_refused_with_the_way_out() -> None:
    with pytest.raises(SpecError, match=r"'rubin' has no file.*'name: rubin', 'parent: .*', 'sources: {parent: "):
        load_architecture("rubin")


def test_files_of_the_catalogue_open_with_their_name() -> None:
    assert all(next(iter(read_yaml(path))) == "name" for path in FOLDER.glob("*.yaml"))


def test_relatives_are_of_one_line_and_what_stands_in_is_not():
    assert line_of(load_architecture("hopper")) == line_of(load_architecture("pascal"))
    assert line_of(load_architecture("apple9")) == "apple7"
    assert line_of(load_architecture("x86_amx")) == "x86_amx"
