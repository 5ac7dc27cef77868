"""Free parameters of the solvers of a library of convolutions.

Defaults are rounded from what two-dimensional convolutions of MIOpen's find-DB show on an MI100 and an MI210 together;
those of other parts are unchecked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.cost.parameters import Parameters, parameter

__all__ = ["SearchedConvolutionParameters"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class SearchedConvolutionParameters(Parameters):
    """Parameters of the solvers: rates in clocks of a core and shares of the datasheet's, so that they carry over."""

    rate: FloatArray = parameter(0.95, "1", 0.3, 1.0, "share of the peak in the main loops of implicit products")
    gathered: FloatArray = parameter(30.0, "B/clk", 4.0, 256.0, "operands that a core gathers, channels innermost")
    native: FloatArray = parameter(40.0, "B/clk", 4.0, 256.0, "operands that a core gathers, channels outermost")
    vector: FloatArray = parameter(10.0, "B/clk", 1.0, 256.0, "operands that a core gathers beside vector units")
    narrow: FloatArray = parameter(0.3, "1", 0.0, 2.0, "cost of an access of half the width, channels innermost")
    scattered: FloatArray = parameter(0.6, "1", 0.0, 2.0, "cost of an access of half the width, channels outermost")
    start: FloatArray = parameter(3000.0, "clk", 100.0, 30000.0, "start and end of a block")
    alone: FloatArray = parameter(0.65, "1", 0.1, 1.0, "share of a core's time that a lone block takes")
    winograd: FloatArray = parameter(0.95, "1", 0.4, 1.3, "rate of Winograd's loops over the library's own figures")
    winograd_start: FloatArray = parameter(0.5, "1", 0.02, 2.0, "start of Winograd's kernel over its own figure")
    direct: FloatArray = parameter(0.4, "1", 0.01, 1.0, "share of the vector peak of direct kernels")
    direct_dram: FloatArray = parameter(0.55, "1", 0.05, 1.0, "share of the DRAM bandwidth of direct kernels")
    dram: FloatArray = parameter(0.9, "1", 0.3, 1.0, "share of the DRAM bandwidth reached")
    transposed: FloatArray = parameter(0.9, "1", 0.1, 1.0, "share of the DRAM bandwidth in transpositions")
    unfolded: FloatArray = parameter(0.25, "1", 0.02, 1.0, "share of the DRAM bandwidth in unfolding an image")
    overlap: FloatArray = parameter(2.0, "1", 1.0, 8.0, "exponent of how arithmetic and DRAM overlap")
    floor: FloatArray = parameter(7.5e-6, "s", 1e-6, 2e-5, "shortest duration of a kernel")
    host: FloatArray = parameter(4.5e-5, "s", 0.0, 1.5e-4, "what timing from the host adds to a product")
