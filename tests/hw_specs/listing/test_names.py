"""Names of accelerators, however they are spelt."""

import pytest

from hw_specs import SpecError, list_accelerators, load_accelerator
from hw_specs.listing.names import accelerator_files, resolve_name


@pytest.mark.parametrize(
    "name",
    [
        "a100",
        "A100",
        "a100.yaml",
        "A100-SXM4-80GB",
        "NVIDIA A100-SXM4-80GB",
        "a100_sxm4_80gb",
        "a100 sxm4 80gb",
        "a100_sxm4_80gb.yaml",
        "nvidia_a100-sxm4-80gb",
        "NVIDIA A100-80GB SXM4",
    ],
)
def test_spellings_of_one_part(name: str) -> None:
    assert load_accelerator(name).name == "A100-SXM4-80GB"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("h100", "H100-SXM5-80GB"),
        ("NVIDIA H100 SXM", "H100-SXM5-80GB"),
        ("NVIDIA H100 80GB HBM3", "H100-SXM5-80GB"),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", "H100-SXM5-80GB-MIG-1g.10gb"),
        ("AMD Instinct MI300X VF", "MI300X"),
        ("AMD Radeon RX 7900 XTX", "RX-7900-XTX"),
        ("AMD Instinct MI250X / MI250", "MI250X-GCD"),
        ("Intel(R) Arc(TM) Pro B60 Graphics", "Arc-Pro-B60"),
        ("Tesla V100-DGXS-32GB", "V100-SXM2-32GB"),
        ("NVIDIA A100-PG509-200", "A100-SXM4-40GB"),
        ("NVIDIA GeForce RTX 4090 D", "RTX-4090-D"),
        ("v100", "V100-PCIe-32GB"),
        ("NVIDIA V100-PCIE-32GB", "V100-PCIe-32GB"),
        ("t4", "T4"),
        ("AMD MI300X", "MI300X"),
        ("a100-pcie-40gb", "A100-PCIe-40GB"),
        ("NVIDIA A100 80GB PCIe", "A100-PCIe-80GB"),
        ("Xeon-8480+", "Xeon-8480plus"),
        # as CUDA and ROCm report them
        ("Tesla V100", "V100-PCIe-32GB"),
        ("Tesla P100-SXM2-16GB", "P100-SXM2-16GB"),
        ("Tesla P4", "P4"),
        ("NVIDIA GeForce RTX 4090", "RTX-4090"),
        ("NVIDIA H200 141GB HBM3e", "H200-SXM5-141GB"),
        ("NVIDIA H200 NVL", "H200-NVL-141GB"),
        ("NVIDIA B300 SXM6 AC", "B300"),
        ("NVIDIA GB300", "GB300"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX-PRO-6000-Blackwell"),
        ("AMD Instinct MI300X OAM", "MI300X"),
        ("AMD Instinct MI250", "MI250-GCD"),  # a framework sees half of the module
    ],
)
def test_aliases(name: str, expected: str) -> None:
    assert load_accelerator(name).name == expected


@pytest.mark.parametrize(
    "name", ["NVIDIA A100 (variant not stated)", "A100 (NVLink)", "nvidia", "Tesla", "", "GPU", "HBM3", "x" * 5000]
)
def test_names_of_no_particular_part_do_not_resolve(name: str) -> None:
    with pytest.raises(SpecError, match="no accelerator") as caught:
        load_accelerator(name)
    assert "\n" not in str(caught.value)


def test_unknown_names_get_near_misses() -> None:
    with pytest.raises(SpecError, match="no accelerator 'h200_smx'; did you mean 'H200-SXM'"):
        load_accelerator("h200_smx")


def test_list_is_sorted_and_complete() -> None:
    names = list_accelerators()
    assert list(names) == sorted(names, key=str.lower)
    assert len(names) == len(accelerator_files()) == len(set(names))


def test_resolve_name_gives_the_file() -> None:
    assert resolve_name("h100").name == "h100_sxm5_80gb.yaml"


def test_names_with_commas_between_are_refused_as_such() -> None:
    with pytest.raises(SpecError, match=r"no accelerator 'a100,h100'; one name at a time"):
        resolve_name("a100,h100")
