"""A study of all models with short sweeps, made once for all tests of the package."""

from __future__ import annotations

import pytest

from validation.study import Study, StudyResult, load_study, run_study
from validation.study.laboratory import Laboratory
from validation.study.section import tables_by_name
from validation.study.study import Sweeps
from validation.study.table import Table


@pytest.fixture(scope="session")
def reduced() -> Study:
    """The study that ships, with short sweeps."""
    sweeps = Sweeps(
        length_sizes=(256, 512),
        image_sizes=(256, 512),
        prompt_lengths=(256, 2048),
        frames=(16, 64, 256),
        frame_scales=(1, 2),
    )
    return load_study("golden2023").model_copy(update={"sweeps": sweeps})


@pytest.fixture(scope="session")
def study(reduced: Study) -> StudyResult:
    pytest.importorskip("diffusers", reason="other image sizes are traced, which needs torch and diffusers")
    pytest.importorskip("matplotlib", reason="figures need matplotlib")
    return run_study(reduced)


@pytest.fixture(scope="session")
def tables(study: StudyResult) -> dict[str, Table]:
    return tables_by_name(study.sections)


@pytest.fixture(scope="session")
def laboratory(reduced: Study) -> Laboratory:
    """Laboratory for tests that need a graph or a simulation of a default pipeline, all of which are bundled."""
    return Laboratory(reduced)
