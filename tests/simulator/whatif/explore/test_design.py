"""Designs in an address: what comes back, and what is refused in a line."""

from __future__ import annotations

import pytest

from hw_specs import SpecError
from simulator.reference import ComparedRunError
from simulator.whatif.explore.design import SETTINGS, Design, Offer, designs_of
from tracer.workloads import UnknownWorkloadError

FULL = [
    ("model", "sdxl"),
    ("hw", "h100-sxm5-80gb"),
    ("attention", "flash2"),
    ("dtype", "bf16"),
    ("batch", "4"),
    ("set", "memory.dram.bandwidth=1.2x"),
    ("set", "cores.count=140"),
    ("rent", "2.5"),
]


def test_an_address_comes_back(offer):
    found = Design.of(FULL, offer)
    assert list(found.pairs()) == FULL
    assert Design.of(found.pairs(), offer) == found


def test_aliases_and_case_are_those_of_the_command_line(offer):
    found = Design.of([("model", "sdxl"), ("hw", "H100")], offer)
    assert found.hw == "h100-sxm5-80gb"


def test_the_command_is_that_of_simulate(offer):
    pairs = [*FULL, ("vae_tiling", "yes")]
    assert Design.of(pairs, offer).command(offer) == (
        "simulate --model sdxl --hw H100-SXM5-80GB --set memory.dram.bandwidth=1.2x --set cores.count=140 "
        "--attention flash2 --dtype bf16 --batch 4 --vae-tiling"
    )


def test_weights_wait_nowhere_else():
    assert "offload" not in SETTINGS
    assert "batch" in SETTINGS


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        (("model", "sdxl2"), "unknown model 'sdxl2'; did you mean 'sdxl'"),
        (("model", "/etc"), "unknown model"),
        (("model", ""), "give model=NAME"),
        (("hw", "h101"), "no accelerator 'h101'"),
        (("hw", "/etc/passwd"), "no accelerator"),
        (("hw", ""), "give hw=NAME"),
        (("batchh", "2"), "'batchh' is nothing that a design has; did you mean 'batch'"),
        (("offload", "model"), "nothing that a design has"),
        (("quantize", "./scheme.yaml"), "there is none of that name; valid: none"),
        (("host", "my.yaml"), "there is none of that name; valid: "),
        (("software", "../torch"), "there is none of that name; valid: "),
        (("rent", "free"), "valid: what an hour costs"),
        (("rent", "-1"), "valid: what an hour costs"),
        (("rent", "nan"), "valid: what an hour costs"),
        (("batch", "9" * 300), "valid: up to 200 characters"),
        (("set", "a=\x00"), "valid: up to 200 characters in one line"),
    ],
)
def test_nonsense_is_refused_in_a_line(offer, pair, says):
    pairs = [each for each in FULL if each[0] != pair[0]] + [pair]
    with pytest.raises((SpecError, UnknownWorkloadError)) as caught:
        Design.of(pairs, offer)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_values_of_the_wrong_kind_and_names_given_twice(offer):
    with pytest.raises(ComparedRunError, match="batch needs an integer"):
        Design.of([*FULL[:2], ("batch", "four")], offer)
    with pytest.raises(SpecError, match="batch is there twice"):
        Design.of([*FULL[:2], ("batch", "4"), ("batch", "5")], offer)
    with pytest.raises(SpecError, match="101 changes"):
        Design.of([*FULL[:2], *[("set", "cores.count=140")] * 101], offer)


def test_the_second_design_has_its_own_names(offer):
    one, two = designs_of([*FULL[:2], ("b.model", "sdxl"), ("b.hw", "a100"), ("b.batch", "2")], offer)
    assert (one.settings, two.settings) == ((), (("batch", "2"),))
    assert designs_of(FULL, offer) == (Design.of(FULL, offer), None)


def test_a_file_of_the_command_line_is_offered_by_its_name(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nextends: h100\nmemory: {dram: {bandwidth: 2x}}\nsources: [thought up]\n")
    offer = Offer.of(hw=str(path))
    assert offer.accelerators["mine"] == str(path)
    assert offer.started("sdxl", str(path), ["cores.count=140"]) == Design(
        model="sdxl", hw="mine", changes=("cores.count=140",)
    )
