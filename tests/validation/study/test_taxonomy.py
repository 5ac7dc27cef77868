from __future__ import annotations

import pytest

from tracer.lengths import AttentionCall
from validation.study.laboratory import Laboratory
from validation.study.suite import LATENT_DIFFUSION
from validation.study.table import Table
from validation.study.taxonomy import sequence_length, stage_flops


def _row(tables: dict[str, Table], model: str) -> dict[str, object]:
    return dict(next(tables["taxonomy"].where(model=model)))


def test_stable_diffusion_as_published(tables: dict[str, Table]) -> None:
    row = _row(tables, "Stable Diffusion")
    assert row["main_parameters"] == 859_520_964
    assert row["parameters"] == 859_520_964 + 123_060_480 + 83_653_863
    assert (row["attention_layers"], row["runs"], row["text_keys"]) == (16, 50, 77)
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
    assert stages.number("flops", model="Stable Diffusion", stage="unet") == pytest.approx(80.3e12, rel=0.005)


def test_flops_of_a_stage_are_those_of_the_report(laboratory: Laboratory) -> None:
    graph = laboratory.graph(LATENT_DIFFUSION)
    report = laboratory.simulation(graph, "flash").report
    for stage in graph.stages:
        assert stage_flops(graph, stage) * stage.repeats == pytest.approx(report.by_stage[stage.name].flops)


def test_a_growing_stage_takes_the_mean_of_its_ends(tables: dict[str, Table]) -> None:
    # Products: 2 FLOPs a weight but for the embedding; attention: 4 * 32 layers * 4096 * keys.
    weights = 6_738_415_616 - 32_000 * 4096 - 65 * 4096
    keys = sum(range(2049, 2176))
    expected = 127 * 2 * weights + 4 * 32 * 4096 * keys
    assert tables["stages"].number("flops", model="LLaMA2", stage="decode") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("queries", "keys", "length"), [(1, 300, 300), (256, 128, 256)])
def test_length_is_the_queries_or_what_one_query_looks_back_on(queries: int, keys: int, length: int) -> None:
    call = AttentionCall(
        stage="s",
        repeat=0,
        position=0,
        module="m",
        kind="self",
        query_length=queries,
        key_length=keys,
        sequences=1,
        heads=1,
        head_dim=64,
    )
    assert sequence_length(call) == length
