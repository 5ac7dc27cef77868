from __future__ import annotations

import pytest

from validation.published.names import Unmappable, load_names
from validation.published.rows.device import accelerator_of


@pytest.mark.parametrize(
    ("name", "accelerator", "assumed"),
    [
        ("NVIDIA GeForce RTX 4090 24GB", "RTX-4090", []),
        ("RTX 3090 (24 GiB)", "RTX-3090", []),
        ("Tesla T4 16 GB", "T4", []),
        ("NVIDIA L20-48GB", "L20", []),
        ("NVIDIA H100 80GB (variant not stated)", "H100-SXM5-80GB", ["variant H100-SXM5-80GB"]),
        ("GPU with 15.78 GiB (not named)", "V100-SXM2-16GB", ["variant V100-SXM2-16GB"]),
        ("NVIDIA A100-80GB (330W)", "A100-SXM4-80GB", ["a power limit of 330 W changes nothing"]),
    ],
)
def test_an_accelerator_by_a_name_with_remarks(name: str, accelerator: str, assumed: list[str]) -> None:
    said: list[str] = []
    assert accelerator_of(name, load_names(), said).name == accelerator
    assert said == assumed


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("NVIDIA RTX 4090 48GB", "with another memory"),
        ("Pocket calculator 16GB", "not in hw_specs"),
        ("abacus", "not in hw_specs"),
    ],
)
def test_what_the_catalogue_does_not_have_is_refused(name: str, reason: str) -> None:
    with pytest.raises(Unmappable, match=reason):
        accelerator_of(name, load_names(), [])
