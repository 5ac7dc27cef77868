from __future__ import annotations

import pytest

from validation.study import Study, StudyError
from validation.study.laboratory import Laboratory


def test_graphs_and_simulations_are_made_once(reduced: Study) -> None:
    said: list[str] = []
    laboratory = Laboratory(reduced, progress=said.append)
    graph = laboratory.graph(laboratory.image_model)
    assert laboratory.graph(laboratory.image_model) is graph
    assert said == ["graph of Stable Diffusion"]
    assert laboratory.simulation(graph, "flash") is laboratory.simulation(graph, "flash")
    assert laboratory.simulation(graph, "flash") is not laboratory.simulation(graph, "naive")


def test_the_attention_is_the_one_asked_for(laboratory: Laboratory) -> None:
    graph = laboratory.graph(laboratory.image_model)
    assert laboratory.simulation(graph, "naive").report.execution["attention"] == "naive"
    assert laboratory.simulation(graph, "flash").report.accelerator == "A100-SXM4-80GB"


def test_cases_and_ridge_are_those_of_the_study(laboratory: Laboratory) -> None:
    assert (laboratory.image_model.name, laboratory.video_model.name) == ("Stable Diffusion", "Make-A-Video")
    assert laboratory.latent_images.depth == 3
    assert laboratory.ridge == pytest.approx(312e12 / 2.039e12)


def test_a_case_that_a_study_lacks_is_an_error(reduced: Study) -> None:
    bare = Laboratory(reduced.model_copy(update={"latent_images": None, "video": None}))
    with pytest.raises(StudyError, match="latent_images"):
        _ = bare.image_model
    with pytest.raises(StudyError, match="video"):
        _ = bare.video_model
    slow = Laboratory(reduced.model_copy(update={"accelerator": "gtx_1080_ti"}))
    with pytest.raises(StudyError, match="no matrix peak in fp16"):
        _ = slow.ridge
