"""Published rates on vector units: the calls that they were timed at."""

import pytest

from hw_specs import load_accelerator
from validation.fitting.ceilings.vector_rates import VectorRate, vector_rates


def test_the_calls_have_the_shapes_of_their_results():
    image = VectorRate(
        accelerator="M1-Max-32c",
        group="vector_convolution",
        dtype="float32",
        operands=((2, 8, 32, 16), (4, 8, 3, 3)),
        rate=1e12,
        source="somebody",
    ).operator()
    assert (image.name, image.outputs[0].shape) == ("aten::convolution", (2, 4, 32, 16))
    assert image.attribute("padding") == (1, 1)
    batch = next(rate for rate in vector_rates() if rate.group == "vector_batched").operator()
    assert batch.outputs[0].shape == (16, 2048, 2048)


@pytest.mark.parametrize("rate", vector_rates(), ids=lambda rate: rate.group)
def test_no_rate_of_products_is_beyond_its_part(rate):
    part = load_accelerator(rate.accelerator)
    assert not part.peak.matrix
    # An algorithm of fewer FLOPs may pass the peak; none by more than the 9 / 4 of Winograd's smallest.
    most = 2.25 if rate.group == "vector_convolution" else 1.0
    assert rate.rate < most * part.peak.vector["fp32"]
