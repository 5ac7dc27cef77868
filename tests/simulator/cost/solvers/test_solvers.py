from dataclasses import replace

import numpy as np
import pytest

from simulator.cost.solvers import SOLVERS, SearchedConvolutionParameters, solver_costs

_USUAL = SearchedConvolutionParameters.usual(1)


def _times(table, hardware):
    return {name: cost.time[0, 0] for name, cost in zip(SOLVERS, solver_costs(table, hardware, _USUAL), strict=True)}


def _taking(table, hardware):
    return {name for name, time in _times(table, hardware).items() if np.isfinite(time)}


@pytest.fixture
def part(hardware):
    return hardware(architecture="cdna2")


def test_images_that_lie_channels_last_have_no_other_solver(part, searched):
    assert _taking(searched(1.0, 64.0, 16.0, 64.0, channels_last=True), part) == {
        "implicit product, channels innermost"
    }


def test_transpositions_come_on_top_of_channels_outermost(part, searched):
    kernels = [searched(1.0, 64.0, 16.0, 64.0, channels_last=last) for last in (True, False)]
    last, first = (_times(kernel, part)["implicit product, channels innermost"] for kernel in kernels)
    moved = 2.0 * kernels[0].bytes[0] / (0.91 * 0.95 * 1e12)
    assert first - last == pytest.approx(moved + 3 * 5e-6)


def test_products_take_images_as_they_lie(part, searched):
    taking = _taking(searched(1.0, 64.0, 16.0, 64.0, taps=1.0, as_it_lies=True), part)
    assert "product as it lies" in taking
    assert "unfolded" not in taking


def test_an_old_library_unfolds_one_image_after_another(part, searched):
    one, four = (searched(images, 64.0, 16.0, 64.0, axes=3.0, unfolds=True, winograd=False) for images in (1.0, 4.0))
    assert _taking(one, part) == {"unfolded"}
    assert _times(four, part)["unfolded"] == pytest.approx(4 * _times(one, part)["unfolded"])


@pytest.mark.parametrize("itemsize", [2.0, 4.0])
def test_three_axes_are_unfolded_element_by_element_whatever_their_width(part, searched, itemsize):
    # 16 x 16 positions of 64 channels and nine taps, 130 instructions of 64 lanes of 100 cores at 1 GHz for each.
    table = searched(1.0, 64.0, 16.0, 63.0, itemsize=itemsize, axes=3.0, unfolds=True, winograd=False)
    free = replace(_USUAL, places=np.array([0.0]))
    with_places, without = (
        solver_costs(table, part, parameters)[SOLVERS.index("unfolded")].time[0, 0] for parameters in (_USUAL, free)
    )
    assert with_places - without == pytest.approx(256 * 64 * 9 * 130 / (64 * 100 * 1e9))


@pytest.mark.parametrize(("out", "takes"), [(64.0, True), (63.0, False)])
def test_an_old_library_multiplies_whole_tiles_of_vector_code_alone(part, searched, out, takes):
    table = searched(1.0, 64.0, 16.0, out, number_format="fp32", axes=3.0, unfolds=True, winograd=False)
    assert ("implicit product on vector units" in _taking(table, part)) == takes


def test_cores_draw_so_much_of_a_wide_memory(hardware, searched):
    # 40 cores of 1 GHz draw 5.3 B a clock each, a fifth of what the DRAM has.
    kernel = searched(64.0, 64.0, 64.0, 64.0, taps=1.0, as_it_lies=True)
    costs = [
        solver_costs(kernel, hardware(architecture="cdna2", cores=40, dram=dram), _USUAL)[1].dram[0, 0]
        for dram in (1e12, 2e12)
    ]
    assert costs[0] == costs[1] == pytest.approx(kernel.bytes[0] / (5.3 * 40e9), rel=0.2)


def test_offsets_of_32_bits_bound_what_native_kernels_take(part, searched):
    taking = _taking(searched(4096.0, 64.0, 128.0, 64.0), part)
    assert "implicit product, channels outermost" not in taking
    assert "implicit product, channels innermost" in taking


def test_something_takes_every_call(part, hardware, searched):
    vector = searched(1.0, 64.0, 16.0, 64.0, number_format="fp32", channels_last=True, winograd=False)
    assert _taking(vector, part) == {"element by element"}


def test_more_of_anything_takes_no_longer(hardware, searched):
    kernel = searched(3.0, 100.0, 17.0, 70.0)
    for name, values in {"dram": (1e12, 1.5e12), "matrix": (1e14, 2e14), "cores": (100, 150)}.items():
        slow, fast = (_times(kernel, hardware(architecture="cdna2", **{name: value})) for value in values)
        assert all(fast[solver] <= slow[solver] * (1 + 1e-12) for solver in SOLVERS)
