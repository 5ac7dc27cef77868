"""Kernels that no operator is known for: the operator that does a kernel's work, from its name and grid."""

from .attention import attention_operator
from .experts import experts_of
from .kernel import Grid, NamedKernel
from .reading import named_kernel
from .rows import row_operator

__all__ = ["Grid", "NamedKernel", "attention_operator", "experts_of", "named_kernel", "row_operator"]
