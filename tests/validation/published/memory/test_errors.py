from __future__ import annotations

import pytest

from hw_specs import CalibrationPool
from validation.published.case import Case
from validation.published.memory.cases import MemoryCase
from validation.published.memory.errors import MemoryResult, predict_memory, summarise_memory
from validation.published.names import MemoryLine
from validation.published.simulations import Simulations

SIMULATIONS = Simulations(CalibrationPool.empty())
GIB = 2**30


def predicted(component: str = "", options: tuple[str, ...] = (), quantize: str = "none", **line: object) -> float:
    """Predicted memory of Stable Diffusion 1.5 on an A100. [B]"""
    case = Case.model_validate(
        {
            "id": "x",
            "model": "stable-diffusion",
            "device": "A100-SXM4-80GB",
            "settings": {"dtype": "float16"},
            "execution": {"quantize": quantize},
            "options": options,
            "value": 1.0,
            "source": "here",
            "grade": "A",
        }
    )
    counted = MemoryLine.model_validate({"contains": "x", **line})
    figure = MemoryCase(case=case, measured=3.0 * GIB, counted=counted, denoiser="unet", component=component)
    (result,), _ = predict_memory([figure], SIMULATIONS)
    assert result.error == pytest.approx(result.predicted / (3.0 * GIB) - 1)
    return result.predicted


def test_what_is_counted_grows_from_tensors_to_the_driver() -> None:
    allocated, reserved, device = (predicted(figure=name) for name in ("allocated", "reserved", "device"))
    assert 2.0 * GIB < allocated < reserved < device
    # Stacks of 108 x 2048 threads of 1 KiB, 8 + 1 MiB, and kernels.
    assert device - reserved > 108 * 2048 * 1024


def test_one_component_alone_holds_its_own_weights() -> None:
    whole, alone = predicted(), predicted("unet")
    # 860 million parameters of two bytes, and what one pass takes.
    assert 1.60 * GIB < alone < 1.85 * GIB
    assert whole - alone > 0.3 * GIB


def test_weights_beside_the_workload_count_in_its_format() -> None:
    assert predicted(parameters_beside=1000) - predicted() == 2000


def test_fused_projections_stand_beside_those_that_they_are_made_of() -> None:
    copies = predicted(options=("fused QKV",)) - predicted()
    # Per block: three projections of its own input, and keys and values of 77 tokens of 768, over 16 blocks: of width
    # 320, 640 and 1280 five each, and one of 1280 in the middle.
    own = sum(n * 3 * width**2 for width, n in ((320, 5), (640, 5), (1280, 6)))
    cross = sum(n * 2 * width * 768 for width, n in ((320, 5), (640, 5), (1280, 6)))
    assert copies == 2 * (own + cross)


def test_loading_holds_weights_before_they_are_quantised() -> None:
    small = predicted(quantize="int8-weight:unet")
    loaded = predicted(quantize="int8-weight:unet", loaded_whole=True)
    # 1,067 million parameters of two bytes.
    assert loaded == pytest.approx(max(small, 2 * 1.0664e9), rel=1e-3)


def result(error: float, model: str = "m") -> MemoryResult:
    return MemoryResult(
        id="x",
        model=model,
        device="d",
        execution="eager/flash",
        quantization="none",
        counted="allocated",
        measured=1.0,
        predicted=1.0 + error,
        error=error,
        weights=0.9,
        source="here",
    )


def test_errors_by_hand() -> None:
    (summary,) = summarise_memory([result(0.05), result(-0.2), result(0.03)], lambda r: r.model)
    assert (summary.name, summary.count) == ("m", 3)
    assert summary.median_ape == pytest.approx(0.05)
    assert summary.mape == pytest.approx(0.28 / 3)
    assert summary.bias == pytest.approx(-0.04)
    assert summary.within_10_percent == pytest.approx(2 / 3)
