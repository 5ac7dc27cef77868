from __future__ import annotations

from hw_specs import load_accelerator
from tracer.workloads import find_pipeline
from validation.study.suite import ACCELERATOR, FULL, LATENT_DIFFUSION, SUITE, VIDEO


def test_eight_models_of_which_one_stand_in() -> None:
    assert len(SUITE) == 8
    assert [model.name for model in SUITE if model.stand_in] == ["Prod Image"]
    assert LATENT_DIFFUSION in SUITE
    assert VIDEO in SUITE


def test_each_model_names_a_pipeline_of_its_kind() -> None:
    families = {"TTI": "image", "TTV": "video", "LLM": "language"}
    for model in SUITE:
        pipeline = find_pipeline(model.workload)
        assert pipeline.architecture == model.architecture
        assert pipeline.family == families[model.task]
        assert pipeline.defaults.batch == 1


def test_the_accelerator_is_the_80_gb_part() -> None:
    assert load_accelerator(ACCELERATOR).name == "A100-SXM4-80GB"


def test_the_full_study_has_the_sizes_of_the_reference() -> None:
    assert FULL.length_sizes == (256, 512, 768, 1024)
    assert set(FULL.length_sizes) <= set(FULL.image_sizes)
