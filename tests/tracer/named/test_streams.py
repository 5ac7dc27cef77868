"""Elementwise kernels: elements by grid and items, operands by the functor."""

from __future__ import annotations

import pytest

from tracer.named.streams import elementwise, generated, stream

_GRID = (4728, 1, 1, 128, 1, 1)


@pytest.mark.parametrize(
    ("name", "elements", "inputs", "operator"),
    [
        (
            "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, "
            "std::array<char*, 3ul> >(int, ...)",
            512 * 4728,
            2,
            "aten::mul",
        ),
        (
            "void at::native::vectorized_elementwise_kernel<8, at::native::FillFunctor<c10::BFloat16>, "
            "std::array<char*, 1ul> >(int, ...)",
            1024 * 4728,
            1,
            "aten::fill_",
        ),
        (
            "void at::native::vectorized_elementwise_kernel<4, at::native::GeluCUDAKernelImpl(at::TensorIteratorBase&)"
            "::{lambda(c10::Half)#1}, at::detail::Array<char*, 2> >(int, ...)",
            512 * 4728,
            1,
            "aten::gelu",
        ),
        (
            "void at::native::unrolled_elementwise_kernel<at::native::CUDAFunctorOnSelf_add<int>, "
            "std::array<char*, 2ul>, 4, TrivialOffsetCalculator<1>>(int, ...)",
            512 * 4728,
            1,
            "aten::neg",
        ),
        (
            "void at::native::elementwise_kernel<128, 2, at::native::gpu_kernel_impl_nocast<"
            "at::native::BinaryFunctor<float, float, float, MulFunctor<float> > > >(int, ...)",
            256 * 4728,
            2,
            "aten::mul",
        ),
    ],
)
def test_elements_and_operands(name: str, elements: int, inputs: int, operator: str) -> None:
    found = elementwise(name, _GRID)
    assert found is not None
    assert found.size == elements
    op = found.build(elements)
    assert op.name == operator
    assert op.outputs[0].numel == elements
    assert len(op.inputs) == inputs


def test_a_copy_to_half_precision_reads_twice_what_it_writes() -> None:
    name = (
        "void at::native::vectorized_elementwise_kernel<4, bfloat16_copy_kernel_cuda(at::TensorIteratorBase&)"
        "::{lambda(float)#1}, std::array<char*, 2ul> >(int, ...)"
    )
    found = elementwise(name, _GRID)
    assert found is not None
    out, source = found.build(1024).inputs
    assert (out.nbytes, source.nbytes) == (2048, 4096)


def test_other_streams_leave_their_elements_open() -> None:
    found = stream("void at::native::(anonymous namespace)::CatArrayBatchedCopy<OpaqueType<2u>, unsigned int>", _GRID)
    assert found is not None
    assert found.size is None
    assert found.build(4096).inputs[0].nbytes == 8192
    assert stream("my_kernel", _GRID) is None


def test_generated_reductions_have_a_row_for_each_block() -> None:
    found = generated("triton_per_fused_native_layer_norm_2", (4096, 1, 1, 256, 1, 1))
    assert found is not None
    op = found.build(1280)
    assert op.name == "triton::persistent_reduction"
    assert (op.attribute("xnumel"), op.attribute("rnumel")) == (4096, 1280)
    assert generated("triton_tem_fused_addmm_3", _GRID) is None
