"""Every file of the catalogue keeps the contract, and well-known parts have the numbers of their datasheets."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from pathlib import Path

import pytest

from hw_specs import Accelerator, SpecError, list_accelerators, load_accelerator
from hw_specs.catalogue import load_file
from hw_specs.listing.names import accelerator_files
from hw_specs.listing.plausibility import implausibilities
from hw_specs.reading.yaml_loader import read_yaml

FILES = accelerator_files()
MEASURED = Path(__file__).parents[3] / "shared" / "measured"

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def key(name: str) -> str:
    return re.sub(r"[^a-z0-9+]", "", name.lower())


def test_the_catalogue_is_broad() -> None:
    parts = [load_file(path) for path in FILES]
    assert len(parts) >= 45
    assert {part.kind for part in parts} == {"gpu", "tpu", "npu", "cpu"}
    generations = {"pascal", "volta", "turing", "ampere", "ampere_ga10x", "ada", "hopper", "blackwell"}
    generations |= {"blackwell_ultra", "blackwell_gb20x", "cdna1", "cdna2", "cdna3", "cdna4", "tpu_v4", "tpu_v7x"}
    assert generations <= {part.architecture for part in parts}


@every_file
def test_loads_with_sources_and_plausible_numbers(path: Path) -> None:
    part = load_file(path)
    assert part.sources
    assert not part.hypothetical
    assert [finding for finding in implausibilities(part) if not finding.disputed] == []


@every_file
def test_file_name_is_the_name(path: Path) -> None:
    assert path.stem == re.sub(r"[^a-z0-9]+", "_", load_file(path).name.lower())


@every_file
def test_disputed_values_are_explained(path: Path) -> None:
    part = load_file(path)
    assert part.notes or not part.disputed


@every_file
def test_names_come_first(path: Path) -> None:
    # Name resolution reads a file only up to its first other key.
    keys = list(read_yaml(path))
    assert keys[0] == "name"
    assert "aliases" not in keys or keys[1] == "aliases"


@every_file
def test_name_and_aliases_resolve_to_the_part(path: Path) -> None:
    part = load_file(path)
    for name in (part.name, *part.aliases, f"{part.vendor} {part.name}"):
        assert load_accelerator(name).name == part.name


@every_file
def test_files_are_short_lines_of_plain_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert "\t" not in text


def test_no_name_means_two_parts() -> None:
    names = Counter(
        spelling
        for path in FILES
        for part in [load_file(path)]
        for spelling in {key(n) for n in (part.name, *part.aliases)}
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_list_gives_all() -> None:
    assert sorted(list_accelerators()) == sorted(load_file(path).name for path in FILES)


# Entered by hand from the documents named, independently of the files.
DATASHEETS: list[tuple[str, dict[str, float]]] = [
    # NVIDIA A100 80GB datasheet (June 2021), SXM column; dense rates without the starred sparse ones.
    (
        "A100-SXM4-80GB",
        {
            "fp64": 19.5,
            "tf32": 156,
            "bf16": 312,
            "fp16": 312,
            "int8": 624,
            "bandwidth": 2039,
            "power": 400,
            "link": 300,
        },
    ),
    # The same, PCIe column.
    ("A100-PCIe-80GB", {"tf32": 156, "bf16": 312, "int8": 624, "bandwidth": 1935, "power": 300}),
    # NVIDIA A100 40GB PCIe product brief.
    ("A100-PCIe-40GB", {"bf16": 312, "bandwidth": 1555, "power": 250}),
    # NVIDIA H100 datasheet, SXM: 1979 TFLOP/s bf16 and 3958 fp8 with sparsity, so half; NVLink 900 GB/s both ways.
    (
        "H100-SXM5-80GB",
        {
            "fp64": 67,
            "tf32": 494.5,
            "bf16": 989.5,
            "fp8": 1979,
            "int8": 1979,
            "bandwidth": 3350,
            "power": 700,
            "link": 450,
        },
    ),
    # NVIDIA V100 datasheet, PCIe column: 112 TFLOP/s tensor, 900 GB/s, 250 W.
    ("V100-PCIe-32GB", {"fp16": 112, "bandwidth": 900, "power": 250}),
    # NVIDIA T4 datasheet: 65 TFLOP/s mixed precision, 130 TOP/s int8, 320 GB/s, 70 W.
    ("T4", {"fp16": 65, "int8": 130, "bandwidth": 320, "power": 70}),
    # NVIDIA L40S datasheet: 362 TFLOP/s bf16, 733 fp8, 864 GB/s, 350 W.
    ("L40S", {"bf16": 362, "fp8": 733, "bandwidth": 864, "power": 350}),
    # NVIDIA H200 datasheet: rates of the H100, 4.8 TB/s.
    ("H200-SXM5-141GB", {"bf16": 989.5, "fp8": 1979, "bandwidth": 4800, "power": 700}),
    # NVIDIA Ada whitepaper: GeForce halves fp16 and fp8 with fp32 accumulation.
    ("RTX-4090", {"fp16": 165.2, "fp8": 330.3, "bandwidth": 1008, "power": 450}),
    # AMD Instinct MI300X data sheet: 1307.4 TFLOP/s bf16, 2614.9 fp8, 5.3 TB/s, 750 W.
    ("MI300X", {"tf32": 653.7, "bf16": 1307.4, "fp8": 2614.9, "bandwidth": 5300, "power": 750}),
    # Google Cloud TPU v5e: 197 TFLOP/s bf16, 394 TOP/s int8, 819 GB/s.
    ("TPU-v5e", {"bf16": 197, "int8": 394, "bandwidth": 819}),
    # NVIDIA GB200 NVL72: 360 PFLOP/s bf16 with sparsity for 72 GPUs, so 2.5 dense each; NVLink 1.8 TB/s both ways.
    ("GB200", {"bf16": 2500, "fp8": 5000, "fp4": 10000, "bandwidth": 8000, "link": 900}),
]


def stated(part: Accelerator) -> dict[str, float | None]:
    tera = {name: rate / 1e12 for name, rate in part.peak.matrix.items()}
    nvlink = part.links.get("nvlink")
    rest = {
        "bandwidth": (part.memory.dram.bandwidth or 0) / 1e9,
        "power": part.power.board,
        "link": nvlink.bandwidth / 1e9 if nvlink else None,
    }
    return {**tera, **rest}


@pytest.mark.parametrize(("name", "facts"), DATASHEETS, ids=[name for name, _ in DATASHEETS])
def test_datasheets(name: str, facts: dict[str, float]) -> None:
    known = stated(load_accelerator(name))
    assert {fact: known[fact] for fact in facts} == pytest.approx(facts, rel=0.003)


@pytest.mark.parametrize(
    ("name", "cores", "l2_mib", "dram_gib"),
    [  # device properties that CUDA and ROCm report
        ("A100-SXM4-80GB", 108, 40, 80),
        ("H100-SXM5-80GB", 132, 50, 80),
        ("H100-PCIe-80GB", 114, 50, 80),
        ("H200-SXM5-141GB", 132, 60, 141),
        ("L4", 58, 48, 24),
        ("L40S", 142, 96, 48),
        ("T4", 40, 4, 16),
        ("V100-PCIe-32GB", 80, 6, 32),
        ("B200", 148, 126, 180),
        ("MI300X", 304, 32, 192),
        ("RTX-3090", 82, 6, 24),
    ],
)
def test_cores_and_capacities(name: str, cores: int, l2_mib: int, dram_gib: int) -> None:
    part = load_accelerator(name)
    assert part.cores.count == cores
    assert part.memory.l2 is not None
    assert part.memory.l2.capacity == l2_mib * 2**20
    assert part.memory.dram.capacity == dram_gib * 2**30


def test_no_part_has_formats_that_its_generation_lacks() -> None:
    for path in FILES:
        part = load_file(path)
        if part.architecture in {"volta", "turing"}:
            assert "bf16" not in part.peak.matrix
        if part.architecture in {"volta", "turing", "ampere", "ampere_ga10x"}:
            assert "fp8" not in part.peak.matrix
        if part.architecture in {"ada", "hopper", "cdna3"}:
            assert "fp4" not in part.peak.matrix


@pytest.mark.parametrize("name", ["RTX-3090", "RTX-3080-10GB", "RTX-4090", "RTX-4080", "RTX-5090", "RTX-5080"])
def test_geforce_halves_fp16_with_fp32_accumulation(name: str) -> None:
    # 512 FLOP per clock and SM; the professional parts of the same dies have 1024.
    part = load_accelerator(name)
    assert part.peak.matrix["fp16"] / (part.cores.count * part.cores.clock) == pytest.approx(512, rel=0.03)


@pytest.mark.parametrize("isa", ["sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"])
def test_nvidia_has_16_special_functions_per_clock_and_sm(isa: str) -> None:
    parts = [part for part in map(load_file, FILES) if part.isa == isa]
    assert parts
    for part in parts:
        assert part.peak.special["fp32"] == pytest.approx(16 * part.cores.count * part.cores.clock)


# Device names of the measurements that name no part of the catalogue, and why.
NO_PARTICULAR_PART = {
    "Apple iPad Pro M1": "the chip, in a tablet with limits of its own",
    "GPU with 15.78 GiB (V100-16GB or T4 inferred)": "two candidates",
    "Google TPU v4-8": "a slice of four chips",
    "Google TPU v5e-4": "a slice of four chips",
    "Intel Xeon Sapphire Rapids (AWS r7iz.metal-16xl, 32 cores)": "model not named",
    "Intel i9-10980XE (1 core of 36)": "one thread of a processor",
    "NVIDIA A100 (NVLink)": "memory size not stated",
    "NVIDIA A100 (variant not stated)": "variant not stated",
    "NVIDIA A100 80GB (variant not stated)": "variant not stated; published runs are taken for the A100-SXM4-80GB",
    "NVIDIA A100 PCIe": "memory size not stated; published runs are taken for the A100-PCIe-40GB",
    "NVIDIA A100-80GB (330W)": "a power limit below the product's",
    "NVIDIA A100-80GB (79.325 GiB reported)": "variant not stated",
    "NVIDIA A10G/A10 24GB (21.99 GiB)": "two candidates",
    "NVIDIA H100 (variant not stated)": "variant not stated",
    "NVIDIA H100 80GB (variant not stated)": "variant not stated",
    "NVIDIA H800-NVL-80GB": "no public datasheet was found",
    "NVIDIA L40S (g6e.4xlarge runner; README says L40)": "two candidates",
    "NVIDIA V100 (variant not stated)": "variant not stated",
    "Samsung S23 Ultra": "a telephone",
}


def device_names() -> set[str]:
    names = set[str]()
    for path in MEASURED.rglob("*.csv*"):
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                names |= {row[column] for column in ("device", "gpu") if row.get(column)}
    return names


@pytest.mark.measured
@pytest.mark.skipif(not MEASURED.is_dir(), reason="no measurements beside the checkout")
def test_every_device_that_was_measured_resolves() -> None:
    missing = set()
    for name in device_names() - NO_PARTICULAR_PART.keys():
        try:
            load_accelerator(name)
        except SpecError:
            missing.add(name)
    assert missing == set()


@pytest.mark.parametrize("name", NO_PARTICULAR_PART)
def test_vague_names_do_not_resolve_in_silence(name: str) -> None:
    with pytest.raises(SpecError):
        load_accelerator(name)
