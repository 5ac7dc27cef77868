import pytest

from hw_specs import SpecError, format_bits, number_format, torch_dtype
from hw_specs.units.number_formats import FORMAT_BITS


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("float16", "fp16"),
        ("bfloat16", "bf16"),
        ("float32", "fp32"),
        ("float64", "fp64"),
        ("torch.float16", "fp16"),
        ("half", "fp16"),
        ("float8_e4m3fn", "fp8"),
        ("float8_e5m2", "fp8"),
        ("float4_e2m1fn_x2", "fp4"),
        ("int8", "int8"),
        ("uint8", "int8"),
        ("int64", "int64"),
        ("BF16", "bf16"),
        ("tf32", "tf32"),
        ("complex64", "fp32"),
    ],
)
def test_number_format(dtype: str, name: str) -> None:
    assert number_format(dtype) == name


@pytest.mark.parametrize("name", FORMAT_BITS)
def test_short_names_stay(name: str) -> None:
    assert number_format(name) == name


@pytest.mark.parametrize("name", sorted(FORMAT_BITS.keys() - {"fp6", "tf32"}))
def test_torch_dtype_is_the_inverse(name: str) -> None:
    assert number_format(torch_dtype(name)) == name


def test_torch_names_stay() -> None:
    assert torch_dtype("bfloat16") == "bfloat16"
    assert torch_dtype("float8_e5m2") == "float8_e5m2"
    assert torch_dtype("half") == "float16"


def test_tf32_is_stored_as_float32() -> None:
    assert torch_dtype("tf32") == "float32"
    assert format_bits("tf32") == 32


@pytest.mark.parametrize(("dtype", "bits"), [("float16", 16), ("int4", 4), ("fp6", 6), ("float8_e4m3fn", 8)])
def test_format_bits(dtype: str, bits: int) -> None:
    assert format_bits(dtype) == bits


def test_a_format_without_dtype_is_refused() -> None:
    with pytest.raises(SpecError, match="'fp6': no dtype of torch; valid are fp64"):
        torch_dtype("fp6")


@pytest.mark.parametrize("function", [number_format, torch_dtype])
def test_an_unknown_name_is_refused_with_near_misses(function: object) -> None:
    assert callable(function)
    with pytest.raises(SpecError, match=r"'bfloat61': unknown; valid are fp64.*did you mean 'bfloat16'"):
        function("bfloat61")


@pytest.mark.torch
def test_every_dtype_exists_in_torch() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for name in FORMAT_BITS.keys() - {"fp6", "int4"}:  # torch keeps int4 packed in uint8
        assert isinstance(getattr(torch, torch_dtype(name)), torch.dtype)
