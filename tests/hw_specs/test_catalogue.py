import os
from pathlib import Path

import pytest

from hw_specs import SpecError, apply_overrides, load_accelerator
from hw_specs.catalogue import load_file, retired_fields

BASE = """
name: Base
vendor: X
architecture: ampere
kind: gpu
peak: {vector: {fp32: 1 TFLOP/s}}
cores: {count: 4, kind: core, clock: 1 GHz}
memory:
  l2: {capacity: 1 MiB, bandwidth: 64 B/clk}
  dram: {capacity: 8 GiB, bandwidth: 100 GB/s}
links: {pcie: {bandwidth: 16 GB/s}}
sources: [base sheet]
notes: of the base
disputed: [peak.vector.fp32]
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    accelerator = load_accelerator(str(write(tmp_path, "own.yaml", BASE)))
    assert accelerator.name == "Base"
    assert accelerator.memory.l2 is not None
    assert accelerator.memory.l2.bandwidth == 64e9


def test_a_file_in_the_working_directory_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a100.yaml", BASE)
    monkeypatch.chdir(tmp_path)
    assert load_accelerator("a100.yaml").name == "Base"
    assert load_accelerator("a100").name == "A100-SXM4-80GB"


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load_accelerator(str(tmp_path / "a100.yaml"))


def test_a_file_is_read_again_after_a_change(tmp_path: Path) -> None:
    path = write(tmp_path, "own.yaml", BASE)
    assert load_accelerator(str(path)).name == "Base"
    path.write_text(BASE.replace("name: Base", "name: Other"))
    assert load_accelerator(str(path)).name == "Other"


def test_extends_merges_and_removes(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    child = """
name: Child
extends: base.yaml
cores: {clock: 2 GHz}
memory: {dram: {bandwidth: 200 GB/s}}
links: {pcie: null, nvlink: {bandwidth: 100 GB/s}}
sources: [child sheet]
"""
    accelerator = load_file(write(tmp_path, "child.yaml", child))
    assert accelerator.cores.count == 4
    assert accelerator.memory.dram.bandwidth == 200e9
    assert accelerator.memory.dram.capacity == 8 * 2**30
    assert accelerator.memory.l2 is not None
    assert accelerator.memory.l2.bandwidth == 128e9  # cycles of the child's own clock
    assert list(accelerator.links) == ["nvlink"]
    assert accelerator.sources == ("child sheet", "base sheet")
    assert accelerator.notes is None
    assert accelerator.disputed == ()


def test_extends_a_part_of_the_catalogue(tmp_path: Path) -> None:
    text = "name: A100X\nextends: a100\nhypothetical: true\nmemory: {dram: {bandwidth: 4 TB/s}}\nsources: [thought up]"
    accelerator = load_file(write(tmp_path, "x.yaml", text))
    assert accelerator.hypothetical
    assert accelerator.memory.dram.bandwidth == 4e12
    assert accelerator.peak == load_accelerator("a100").peak
    assert accelerator.aliases == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: X\nextends: x.yaml\nsources: [s]", "extends: goes in a circle (x.yaml -> x.yaml)"),
        ("name: X\nextends: y.yaml\nsources: [s]", "extends: goes in a circle (x.yaml -> y.yaml -> x.yaml)"),
        ("name: X\nextends: nope\nsources: [s]", "extends: no accelerator 'nope'"),
        ("name: X\nextends: [a]\nsources: [s]", "extends: ['a'] is no name"),
        ("name: X\nextends: a100", "sources: missing; give at least 1, such as [own estimate]"),
        ("name: X\nextends: a100\nsources: []", "sources: missing; give at least 1"),
        ("name: X\nextends: a100\nsources: text", "sources: 'text' is refused"),
        ("name: X\nextends: a100\nsources: [s]\npeak: 3 TFLOP/s", "peak: '3 TFLOP/s' is refused"),
        (BASE.replace("100 GB/s", "100"), "memory.dram.bandwidth: 100 has no unit; write it as '2.039 TB/s'"),
        (BASE.replace("100 GB/s", "100 GB"), "memory.dram.bandwidth: '100 GB' is not a quantity in B/s"),
        (BASE.replace("100 GB/s", "0 GB/s"), "memory.dram.bandwidth: '0 GB/s' is not a positive quantity"),
        (BASE.replace("100 GB/s", "-1 GB/s"), "memory.dram.bandwidth: '-1 GB/s' is not a positive quantity"),
        (BASE.replace("100 GB/s", "1e999 GB/s"), "memory.dram.bandwidth: '1e999 GB/s' is not finite"),
        (BASE.replace("100 GB/s", ".inf"), ": .inf is no finite number"),
        (BASE.replace("clock: 1 GHz", "clock: 1 GB"), "cores.clock: '1 GB' is not a quantity in Hz"),
        (BASE.replace("clock: 1 GHz", "clock: 1e9"), "cores.clock: '1e9' has no unit"),
        (BASE.replace("clock: 1 GHz", "clock: 2 clk"), "cores.clock: '2 clk' counts clock cycles"),
        (BASE.replace("cores:", "core:"), "core: unknown key; valid are name"),
        (BASE.replace("count: 4", "count: four"), "cores.count: 'four' is refused; input should be a valid integer"),
        (BASE.replace("fp32", "fp23", 1), "peak.vector: unknown number format 'fp23'"),
        (BASE.replace("cores: {", "cores: [").replace("1 GHz}", "1 GHz]"), "cores: "),
        (BASE + "\nname: Twice", "repeats line 2"),
        (BASE.replace("kind: gpu", "kind: no"), "kind: False is refused; input should be 'gpu', 'tpu', 'npu' or 'cpu'"),
    ],
)
def test_refusals_name_file_and_key(text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, "y.yaml", "name: Y\nextends: x.yaml\nsources: [s]")
    path = write(tmp_path, "x.yaml", text)
    with pytest.raises(SpecError) as caught:
        load_file(path)
    assert message in str(caught.value)
    assert ".yaml: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_catalogue_part_is_read_once() -> None:
    assert load_accelerator("a100") is load_accelerator("NVIDIA A100-SXM4-80GB")


@pytest.mark.skipif(os.name == "nt", reason="the separator of other systems")
def test_a_separator_means_a_path() -> None:
    with pytest.raises(SpecError, match=r"\./a100: cannot be read|a100: cannot be read"):
        load_accelerator("./a100")


@pytest.mark.parametrize(
    ("own", "measured"),
    [
        ("bandwidth: 4 TB/s", None),
        ("capacity: 96 GiB", 1.732e12),
        ("{bandwidth: 4 TB/s, measured_bandwidth: 3 TB/s}", 3e12),
    ],
)
def test_another_dram_has_no_measured_bandwidth_of_its_parent(own: str, measured: float | None, tmp_path: Path) -> None:
    dram = own if own.startswith("{") else "{" + own + "}"
    text = f"name: X\nextends: a100_sxm4_80gb\nmemory: {{dram: {dram}}}\nsources: [s]"
    assert load_file(write(tmp_path, "x.yaml", text)).memory.dram.measured_bandwidth == measured


def test_a_key_that_moved_says_where_to(tmp_path: Path) -> None:
    text = "name: X1\nextends: h100_sxm5_80gb\ncores: {shared_memory: 228 KiB}\nsources: [s]\n"
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"cores\.shared_memory: is no key any more; memory\.shared\.capacity says it"):
        load_file(path)


def test_an_architecture_lies_beside_the_accelerator_or_what_it_extends(tmp_path: Path) -> None:
    folder, other = tmp_path / "mine", tmp_path / "other"
    (folder / "architectures").mkdir(parents=True)
    other.mkdir()
    rubin = "name: rubin\nparent: blackwell\nsources: {parent: a rumour}\n"
    (folder / "architectures" / "rubin.yaml").write_text(rubin, encoding="utf-8")
    text = "name: R100\nextends: b200\narchitecture: rubin\nsources: [a rumour]\n"
    (folder / "r100.yaml").write_text(text, encoding="utf-8")
    child = f"name: R200\nextends: {folder / 'r100.yaml'}\nsources: [a rumour]\n"
    (other / "r200.yaml").write_text(child, encoding="utf-8")
    for path in (folder / "r100.yaml", other / "r200.yaml"):
        part = load_file(path)
        assert part.traits.parent == "blackwell"
        assert apply_overrides(part, ["cores.count=2x"]).traits is part.traits
    (other / "r300.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="architecture: 'rubin' has no file"):
        load_file(other / "r300.yaml")


def test_a_file_with_fields_that_are_gone_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "x.yaml", "name: X\nextends: a100\ncores: {sustained_clock: 1 GHz}\nsources: [s]")
    assert load_accelerator(str(path)).cores == load_accelerator("a100").cores
    (line,) = retired_fields(str(path))
    assert line.startswith(f"{path}: cores.sustained_clock: is left out")
    assert retired_fields("a100") == ()


def test_a_users_file_that_extends_another_is_that_one_with_values_changed(tmp_path: Path) -> None:
    path = write(tmp_path, "x.yaml", "name: X\nextends: a100\ncores: {count: 100}\nsources: [s]")
    product = load_accelerator(str(path)).product
    assert product == load_accelerator("a100")
    assert load_accelerator("a800_sxm4_80gb").product is None
    again = write(tmp_path, "y.yaml", f"name: Y\nextends: {path}\ncores: {{count: 90}}\nsources: [s]")
    assert load_accelerator(str(again)).product == product
    other = write(tmp_path, "z.yaml", "name: Z\nextends: a100\narchitecture: hopper\nsources: [s]")
    assert load_accelerator(str(other)).product is None


def test_links_that_lead_to_one_another_are_refused(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).symlink_to(tmp_path / other)
    with pytest.raises(SpecError, match="a"):
        load_accelerator(str(tmp_path / "a"))


def test_all_that_is_wrong_with_a_part_made_from_others_is_said_at_once(tmp_path: Path) -> None:
    text = (
        "name: Mine\nextends: h100\nmemory: {dram: {from: b200x}, l2: {capacity: 2y}}\n"
        "cores: {count: -2x, warp: 3}\nsources: [me]"
    )
    with pytest.raises(SpecError) as caught:
        load_file(write(tmp_path, "mine", text))
    lines = caught.value.complaints
    assert len(lines) == len(set(lines)) == 4
    for word in (
        "cores.count: '-2x'",
        "cores.warp: unknown",
        "from: no accelerator 'b200x'",
        "memory.l2.capacity: '2y'",
    ):
        (line,) = (line for line in lines if word in line)
        assert line.count(str(tmp_path)) == 1
    assert "(and 3 more)" in str(caught.value)


def test_a_file_that_is_not_there_is_called_a_file() -> None:
    with pytest.raises(SpecError, match=r"^absent.yaml: no such file; give the path"):
        load_accelerator("absent.yaml")
