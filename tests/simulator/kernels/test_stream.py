import numpy as np

from simulator.kernels import AccessPattern, Stream, StreamKind, StreamTable


def test_a_reduction_walks_all_that_it_reduces():
    assert (
        Stream(name="sum", number_format="fp32", kind=StreamKind.REDUCTION, elements=4, reduced_length=8).walked == 32
    )


def test_kinds_are_named():
    kernels = [Stream(name="k", number_format="fp32", kind=kind, elements=1) for kind in StreamKind]
    table = StreamTable.from_kernels(kernels, np.ones(len(kernels)))
    assert table.kind_names() == (
        "elementwise",
        "reduction",
        "copy",
        "concatenation",
        "gather",
        "tiled_transposition",
    )
    assert table.pattern.tolist() == [AccessPattern.CONTIGUOUS] * 6
    assert not table.contracts
