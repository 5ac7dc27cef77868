from __future__ import annotations

from collections.abc import Callable

import pytest

from validation.published.case import Case


@pytest.fixture
def case() -> Callable[..., Case]:
    """Makes a case of one table, with what a test changes."""

    def make(name: str = "x", **changes: object) -> Case:
        fields: dict[str, object] = {
            "id": name,
            "model": "stable-diffusion",
            "device": "A100-SXM4-80GB",
            "settings": {"dtype": "float16", "batch": 1},
            "execution": {"mode": "eager", "attention": "flash"},
            "value": 1.0,
            "source": "somebody",
            "grade": "A",
        }
        return Case.model_validate(fields | changes)

    return make
