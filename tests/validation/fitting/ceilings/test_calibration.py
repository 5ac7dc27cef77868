"""Parameters from published best rates, held against the model that they were solved for."""

import pytest

from hw_specs import Calibration, CalibrationPool, load_accelerator
from simulator.cost import hardware_columns, kernel_times
from simulator.execution import Execution
from simulator.kernels import KernelTables, Product
from simulator.lowering import assign_units, kernels_of
from tracer.graph import Op, TensorSpec
from validation.fitting.ceilings.best_rates import Ceiling, EagerShare
from validation.fitting.ceilings.calibration import ceiling_calibrations, solve
from validation.fitting.ceilings.vector_rates import vector_rates

_GENERIC = Calibration(
    name="generic",
    scope="generic",
    groups={"matmul": ("A100-SXM4-80GB",), "stream": ("A100-SXM4-80GB",)},
    parameters={"matmul.rate": 0.95},
    sources=("test",),
)
_AMPERE = Calibration(
    name="ampere",
    architecture="ampere",
    accelerators=("A100-SXM4-80GB",),
    groups={"matmul": ("A100-SXM4-80GB",)},
    parameters={"matmul.rate": 0.9},
    sources=("test",),
)


def _product(name, teraflops, dtype="bfloat16", size=8192):
    return Ceiling(
        accelerator=load_accelerator(name),
        kind="product",
        dtype=dtype,
        shape=(size, size, size),
        value=teraflops * 1e12,
        what="max matmul",
        source="somebody",
    )


def _sustained_rate(name, calibrations, size=8192):
    kernel = Product(
        name="gemm",
        number_format="bf16",
        matrix_flops=2.0 * size**3,
        bytes_read=4.0 * size**2,
        bytes_written=2.0 * size**2,
        itemsize=2,
        m=size,
        n=size,
        k=size,
    )
    hardware = hardware_columns([load_accelerator(name)], calibrations).sustained()
    return kernel.matrix_flops / kernel_times(KernelTables.from_kernels([kernel]), hardware).time[0, 0]


def test_solve_finds_where_a_function_takes_a_value():
    assert solve(2.0, lambda x: x * x, 0.0, 3.0) == pytest.approx(2.0**0.5)
    assert solve(0.5, lambda x: 1 / x, 1.0, 9.0) == pytest.approx(2.0)
    assert solve(20.0, lambda x: x * x, 0.0, 3.0) == pytest.approx(3.0)


def test_a_part_meets_its_rate():
    (found,) = ceiling_calibrations([_product("mi355x", 1300)], (), CalibrationPool.of(_GENERIC, _AMPERE))
    assert (found.name, found.calibration.architecture) == ("cdna4_ceilings", "cdna4")
    assert found.calibration.scope == "ceilings"
    assert _sustained_rate("mi355x", CalibrationPool.of(_GENERIC, _AMPERE, found)) == pytest.approx(1300e12, rel=0.01)
    assert found.calibration.groups["matmul"] == ("MI355X",)
    assert found.evidence.fitted_on[0].mape < 0.01
    assert found.calibration.sources == ("somebody",)


def test_relatives_of_measured_parts_keep_what_those_say():
    assert ceiling_calibrations([_product("h100_sxm5_80gb", 794)], (), CalibrationPool.of(_GENERIC, _AMPERE)) == ()


def test_groups_that_no_relative_was_measured_for_have_their_rates_beside_those_that_one_was():
    measured = _AMPERE.model_copy(update={"name": "cdna2", "architecture": "cdna2", "groups": {"softmax": ("MI210",)}})
    shares = [EagerShare(accelerator="MI210", group=group, share=0.5) for group in ("stream", "softmax")]
    (found,) = ceiling_calibrations((), shares, CalibrationPool.of(_GENERIC, measured))
    assert set(found.calibration.parameters) == {"stream.dram"}
    assert set(found.calibration.groups) == {"stream"}


def test_intervals_are_floors_and_eager_kernels_shares():
    interval = Ceiling(
        accelerator=load_accelerator("mi210"),
        kind="interval",
        dtype="",
        shape=(),
        value=2.048e-6,
        what="back-to-back tiny-kernel interval, hipGraph",
        source="somebody",
    )
    share = EagerShare(accelerator="MI210", group="stream", share=0.76)
    (found,) = ceiling_calibrations([interval], [share], CalibrationPool.of(_GENERIC))
    assert found.calibration.parameters["stream.floor"] == 2.048e-6
    # 600 MB take 0.49 ms, of which the floor is little: the share is hardly above what was measured.
    assert 0.76 < found.calibration.parameters["stream.dram"] < 0.78
    assert [f.mape for f in found.evidence.fitted_on] == [0.0, pytest.approx(0.0, abs=0.005)]


def test_a_rate_out_of_reach_tells_nothing():
    assert ceiling_calibrations([_product("gaudi3", 1e6)], (), CalibrationPool.of(_GENERIC)) == ()


def test_a_part_without_matrix_units_meets_the_rates_of_its_vendors_library():
    rates = vector_rates()
    (found,) = ceiling_calibrations((), (), CalibrationPool.of(_GENERIC), rates)
    assert (found.name, found.calibration.scope) == ("apple7_ceilings", "ceilings")
    pool = CalibrationPool.of(_GENERIC, found)
    for rate in rates:
        part = load_accelerator(rate.accelerator)
        (kernel,) = kernels_of(rate.operator(), Execution(convolution_tf32=False))
        table = assign_units(KernelTables.from_kernels([kernel]), part)
        time = kernel_times(table, hardware_columns([part], pool).sustained()).time[0, 0]
        assert kernel.matrix_flops / time == pytest.approx(rate.rate, rel=0.01)
    # Both algorithms of Winograd have one share: which of them a library has, a rate does not say.
    shares = found.calibration.of_group("vector_convolution")
    assert [len(shares), len(set(shares.values()))] == [2, 1]


@pytest.mark.parametrize(
    ("name", "shape", "best"), [("gaudi2", (14336, 15360, 2048), 418.7e12), ("gaudi3", (16384, 4096, 768), 1243e12)]
)
def test_systolic_engines_that_ship_reach_their_published_maximum(name, shape, best):
    m, n, k = shape
    operands = (TensorSpec((m, k), "bfloat16"), TensorSpec((k, n), "bfloat16"))
    (kernel,) = kernels_of(Op("aten::mm", operands, (TensorSpec((m, n), "bfloat16"),)), Execution())
    part = load_accelerator(name)
    hardware = hardware_columns([part], CalibrationPool.shipped()).sustained()
    time = kernel_times(assign_units(KernelTables.from_kernels([kernel]), part), hardware).time[0, 0]
    assert 0.85 * best <= 2.0 * m * n * k / time <= best * 1.001
