"""Dtypes in names of kernels."""

from __future__ import annotations

import pytest

from tracer.named.formats import element_dtype, multiplied_dtype


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("at::native::CUDAFunctor_add<c10::Half>, std::array<char*, 3ul>", "float16"),
        ("{lambda(c10::BFloat16)#1}, std::array<char*, 2ul> >(int, ...)", "bfloat16"),
        ("AUnaryFunctor<long, long, bool, CompareEqFunctor<long> >", "int64"),
        ("CatArrayBatchedCopy<OpaqueType<4u>, unsigned int, 4, 64, 64>", "float32"),
        ("my_kernel", "bfloat16"),
    ],
)
def test_the_first_type_counts(text: str, dtype: str) -> None:
    assert element_dtype(text) == dtype


def test_formats_of_products() -> None:
    assert multiplied_dtype("volta_sgemm_64x64_nt") == "float32"
    assert multiplied_dtype("nvjet_hsh_256x128_64x4_1x2_h_bz_coopA_NTT") == "float16"
    assert multiplied_dtype("nvjet_qqtst_128x256_128x6_2x1_2cta_v_bz_TNT") == "float8_e4m3fn"
