from __future__ import annotations

import pytest

from simulator.execution import Execution
from simulator.reference import CHANGEABLE, ComparedRunError, reference_changes


def test_changes_are_of_the_run_or_of_its_workload() -> None:
    changes = reference_changes(["h100", "attention=naive", "num-frames=8", "guidance-scale=1", "dtype=fp16"])
    assert changes.run == {"hw": "h100", "attention": "naive"}
    assert changes.settings == {"num_frames": 8, "guidance_scale": 1.0, "dtype": "float16"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour=red", "unknown 'colour'; valid: hw, attention"),
        ("batch=x", "batch needs an integer"),
        ("guidance-scale=", "guidance_scale needs a number"),
        ("dtype=fp31", "fp31"),
        ("vae-dtype=fp31", "fp31"),
        ("vae-tiling=perhaps", "vae_tiling needs yes or no"),
    ],
)
def test_nonsense_is_one_line_that_says_what_would_be_valid(text: str, said: str) -> None:
    with pytest.raises(ComparedRunError, match=said) as error:
        reference_changes([text])
    assert "\n" not in str(error.value)


def test_what_can_change_is_written_as_the_options_are() -> None:
    assert {"hw", "attention", "batch", "num-frames"} <= set(CHANGEABLE)


def test_what_differs_is_laid_over_how_the_run_is_executed() -> None:
    usual = Execution(attention="naive", channels_last=True)
    changed = reference_changes(["execution=compiled", "offload=group", "parallel=cfg=2", "software=torch-2.6"])
    execution = changed.execution(usual)
    assert (execution.mode, execution.offload, execution.parallel.cfg) == ("compiled", "group", 2)
    assert (execution.attention, execution.channels_last, execution.software.name) == ("naive", True, "torch-2.6")
    assert reference_changes(["batch=4"]).execution(usual) == usual


def test_what_is_switched_takes_yes_and_no() -> None:
    changes = reference_changes(["vae-tiling=yes", "vae-slicing=No", "autocast=on", "vae-dtype=bf16", "lora=8,unfused"])
    asked = {"vae_tiling": True, "vae_slicing": False, "vae_dtype": "bfloat16", "lora": "8,unfused"}
    assert changes.settings == asked
    assert changes.execution(Execution()).autocast
    with pytest.raises(ComparedRunError, match="autocast=perhaps: autocast needs yes or no"):
        reference_changes(["autocast=perhaps"]).execution(Execution())
