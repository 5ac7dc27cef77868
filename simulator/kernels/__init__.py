"""What a device launches: one dataclass of a kernel and one table of columns for each family.

A family is what shares columns: products, fused attention, convolutions, streams over memory, row-wise kernels,
scattered rows and collectives. :class:`KernelTables` holds those of a whole graph.
"""

from .attention import SPLIT_PRODUCTS, Attention, AttentionAlgorithm, AttentionTable
from .collective import Collective, CollectiveAlgorithm, CollectiveTable
from .convolution import Convolution, ConvolutionTable, SearchedConvolution, SearchedConvolutionTable
from .kernel import NARROW_SUMS, Kernel
from .product import Product, ProductTable
from .rows import RowKind, RowWise, RowWiseTable
from .scatter import Scatter, ScatterTable
from .stream import AccessPattern, Stream, StreamKind, StreamTable
from .table import FamilyTable
from .tables import KernelTables

__all__ = [
    "NARROW_SUMS",
    "SPLIT_PRODUCTS",
    "AccessPattern",
    "Attention",
    "AttentionAlgorithm",
    "AttentionTable",
    "Collective",
    "CollectiveAlgorithm",
    "CollectiveTable",
    "Convolution",
    "ConvolutionTable",
    "FamilyTable",
    "Kernel",
    "KernelTables",
    "Product",
    "ProductTable",
    "RowKind",
    "RowWise",
    "RowWiseTable",
    "Scatter",
    "ScatterTable",
    "SearchedConvolution",
    "SearchedConvolutionTable",
    "Stream",
    "StreamKind",
    "StreamTable",
]
