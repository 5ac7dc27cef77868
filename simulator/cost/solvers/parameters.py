"""Free parameters of the solvers of a library of convolutions.

Defaults are rounded from what convolutions of MIOpen's find-DB show on an MI100 and an MI210 together, but for kernels
of channels outermost, of which the two have different libraries: those of the MI210. Other parts' are unchecked.
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
    gathered: FloatArray = parameter(26.0, "B/clk", 4.0, 256.0, "operands that a core gathers, channels innermost")
    native: FloatArray = parameter(25.0, "B/clk", 4.0, 256.0, "operands that a core gathers, channels outermost")
    vector: FloatArray = parameter(10.0, "B/clk", 1.0, 256.0, "operands that a core gathers beside vector units")
    narrow: FloatArray = parameter(0.3, "1", 0.0, 2.0, "cost of an access of half the width, channels innermost")
    scattered: FloatArray = parameter(0.45, "1", 0.0, 2.0, "cost of an access of half the width, channels outermost")
    start: FloatArray = parameter(450.0, "clk", 100.0, 30000.0, "start and end of a block")
    alone: FloatArray = parameter(0.62, "1", 0.1, 1.0, "share of a core's time that a lone block takes")
    winograd: FloatArray = parameter(0.95, "1", 0.4, 1.3, "rate of Winograd's loops over the library's own figures")
    winograd_start: FloatArray = parameter(0.35, "1", 0.02, 2.0, "start of Winograd's kernel over its own figure")
    direct: FloatArray = parameter(0.39, "1", 0.01, 1.0, "share of the vector peak of direct kernels")
    direct_dram: FloatArray = parameter(0.51, "1", 0.05, 1.0, "share of the DRAM bandwidth of direct kernels")
    dram: FloatArray = parameter(0.91, "1", 0.3, 1.0, "share of the DRAM bandwidth reached")
    drawn: FloatArray = parameter(5.3, "B/clk", 1.0, 64.0, "what a core draws from the DRAM")
    transposed: FloatArray = parameter(0.91, "1", 0.1, 1.0, "share of the DRAM bandwidth in transpositions")
    unfolded: FloatArray = parameter(0.25, "1", 0.02, 1.0, "share of the DRAM bandwidth in unfolding an image")
    places: FloatArray = parameter(130.0, "1", 50.0, 500.0, "instructions of a lane for an element's place, 3 axes")
    overlap: FloatArray = parameter(3.0, "1", 1.0, 8.0, "exponent of how arithmetic and DRAM overlap")
    floor: FloatArray = parameter(5e-6, "s", 1e-6, 2e-5, "shortest duration of a kernel")
    event: FloatArray = parameter(7e-6, "s", 0.0, 3e-5, "what timing by events adds to a kernel")
    host: FloatArray = parameter(4.5e-5, "s", 0.0, 1.5e-4, "what timing from the host adds to a product")
    each: FloatArray = parameter(0.0, "s", 0.0, 1.5e-4, "what it adds to each image of one after another")
