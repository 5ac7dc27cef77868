from __future__ import annotations

import pytest

from validation.study.table import Table


def _row(tables: dict[str, Table], model: str) -> dict[str, object]:
    return dict(next(tables["taxonomy"].where(model=model)))


def test_stable_diffusion_as_published(tables: dict[str, Table]) -> None:
    row = _row(tables, "Stable Diffusion")
    assert row["main_parameters"] == 859_520_964
    assert row["parameters"] == 859_520_964 + 123_060_480 + 83_653_863
    assert (row["attention_layers"], row["runs"], row["text_keys"]) == (
        16,
        51,
        77,
    )  # PNDM evaluates the U-Net once more
    assert row["attention_resolutions"] == "64, 32, 16, 8"
    assert row["head_dims"] == "160, 80, 40"


def test_imagen_and_the_token_transformers_as_published(tables: dict[str, Table]) -> None:
    assert _row(tables, "Imagen")["attention_resolutions"] == "32, 16, 8"
    assert _row(tables, "Imagen")["attention_layers"] == 22
    assert (_row(tables, "Muse")["attention_layers"], _row(tables, "Muse")["widths"]) == (48, "2048")
    assert (_row(tables, "Parti")["attention_layers"], _row(tables, "Parti")["widths"]) == (64, "4096")
    assert _row(tables, "LLaMA2")["parameters"] == 6_738_415_616


def test_stages_share_components_and_list_what_they_run(tables: dict[str, Table]) -> None:
    stages = tables["stages"]
    assert stages.distinct("component", model="LLaMA2") == ["model"]
    assert stages.number("runs", model="LLaMA2", stage="decode") == 127
    assert stages.number("attention_calls", model="Parti", stage="text_encoder") == 16
    # 0.803 TFLOP a forward at 512 pixels; guidance doubles the batch; 50 steps.
    assert stages.number("flops", model="Stable Diffusion", stage="unet") == pytest.approx(51 / 50 * 80.3e12, rel=0.005)
