import pytest

from hw_specs import Accelerator, apply_overrides, load_accelerator
from hw_specs.listing.plausibility import implausibilities

A100 = load_accelerator("a100")


def found(accelerator: Accelerator) -> set[str]:
    return {finding.path for finding in implausibilities(accelerator)}


def test_a_datasheet_fits() -> None:
    assert implausibilities(A100) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ("peak.matrix.bf16=1.1x", "peak.matrix.bf16"),
        ("peak.vector.fp32=22 TFLOP/s", "peak.vector.fp32"),
        ("peak.matrix.bf16=78 TFLOP/s", "peak.matrix.bf16"),  # below tf32
        ("peak.matrix.int4=312 TFLOP/s", "peak.matrix.int4"),  # below int8
        ("peak.vector.fp16=624 TFLOP/s", "peak.matrix.fp16"),  # matrix below vector
        ("memory.dram.bandwidth=20 TB/s", "memory.l2.bandwidth"),
        ("memory.l2.bandwidth=50 TB/s", "memory.shared.bandwidth"),
        ("memory.l2.measured_bandwidth=9 TB/s", "memory.l2.measured_bandwidth"),
        ("memory.l2.latency=1 us", "memory.l2.latency"),
        ("memory.l2.capacity=100 GiB", "memory.l2.capacity"),
        ("cores.max_threads=2049", "cores.max_threads"),
        ("power.idle=500 W", "power.idle"),
        ("links.nvlink.bandwidth=5 TB/s", "links.nvlink.bandwidth"),
    ],
)
def test_slips_are_found(change: str, path: str) -> None:
    assert path in found(apply_overrides(A100, [change]))


def test_sparse_rates_are_powers_of_two_and_cannot_be_found() -> None:
    # Twice the dense rate fits a clock as well; only comparison with other parts shows it.
    assert found(apply_overrides(A100, ["peak.matrix=2x"])) == set()


def test_disputed_values_are_marked() -> None:
    wrong = apply_overrides(A100, ["peak.matrix.int4=1.1x"]).model_copy(update={"disputed": ("peak.matrix.int4",)})
    assert [finding.disputed for finding in implausibilities(wrong)] == [True]


def test_a_disputed_path_must_exist() -> None:
    wrong = A100.model_copy(update={"disputed": ("peak.matrix.fp17",)})
    assert [finding.message for finding in implausibilities(wrong)] == [
        "names 'peak.matrix.fp17', which is no number of an accelerator"
    ]


def test_a_peak_at_the_other_clock_fits() -> None:
    h100 = load_accelerator("h100")  # fp64 at 1980 MHz, the other matrix rates at 1830
    assert h100.cores.matrix_clock == 1830e6
    assert "peak.matrix.fp64" not in found(h100)


def test_what_a_part_is_called_goes_with_its_engines() -> None:
    assert found(A100.model_copy(update={"kind": "cpu"})) == {"kind"}
