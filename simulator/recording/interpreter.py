"""Steps of a program carried out for a block of accelerators, as compiled code.

Each step goes over all accelerators of the block, whose numbers lie side by side, in a loop that the processor takes
several at a time. No sum is reordered and a quotient stays a quotient, so that results are those of numpy, and do not
depend on what else is in the block. It needs numba, which ``roofcast[fast]`` brings; without it the import fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

__all__ = ["OPERATIONS", "carry_out"]

#: Names of the steps, in the order of their codes.
OPERATIONS = (
    *("add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "where"),
    *("less", "less_equal", "equal", "fmax", "fmin", "absolute", "ceil", "floor", "sqrt", "exp", "expm1", "log"),
    "finite",
)

_compiled: Callable[[Any], Any] = numba.njit(nogil=True, cache=True, error_model="numpy")

_LARGEST = float(np.finfo(np.float64).max)


@_compiled
def carry_out(code: Any, numbers: Any, registers: Any) -> None:
    """Carry out steps.

    Parameters
    ----------
    code : array of int, shape (num_steps, 6)
        Position in :data:`OPERATIONS`; which operands are numbers, 1 for the second and 2 for the first; registers of
        the result, of both operands, of the condition.
    numbers : array of shape (num_steps, 2)
        Operands that are numbers.
    registers : array of shape (num_registers, num_accelerators)
    """
    known = np.empty((2, registers.shape[1]))
    for i in range(len(code)):
        operation, r, p, q = code[i, 0], registers[code[i, 2]], registers[code[i, 3]], registers[code[i, 4]]
        if code[i, 1] & 1:
            q = known[0]
            q[:] = numbers[i, 1]
        if code[i, 1] & 2:
            p = known[1]
            p[:] = numbers[i, 0]
        if operation == 7:
            c = registers[code[i, 5]]
            for j in range(len(r)):
                r[j] = p[j] if c[j] != 0.0 else q[j]
        elif operation < 8:
            _arithmetic(operation, r, p, q)
        elif operation < 13:
            _comparison(operation, r, p, q)
        else:
            _function(operation, r, p)


@_compiled
def _arithmetic(operation: int, r: Any, p: Any, q: Any) -> None:
    if operation == 0:
        for j in range(len(r)):
            r[j] = p[j] + q[j]
    elif operation == 1:
        for j in range(len(r)):
            r[j] = p[j] - q[j]
    elif operation == 2:
        for j in range(len(r)):
            r[j] = p[j] * q[j]
    elif operation == 3:
        for j in range(len(r)):
            r[j] = p[j] / q[j]
    elif operation == 4:
        for j in range(len(r)):
            r[j] = p[j] if (p[j] >= q[j]) | (p[j] != p[j]) else q[j]
    elif operation == 5:
        for j in range(len(r)):
            r[j] = p[j] if (p[j] <= q[j]) | (p[j] != p[j]) else q[j]
    else:
        for j in range(len(r)):
            r[j] = p[j] ** q[j]


@_compiled
def _comparison(operation: int, r: Any, p: Any, q: Any) -> None:
    """Comparisons, and extremes that numbers win against NaN."""
    if operation == 8:
        for j in range(len(r)):
            r[j] = 1.0 if p[j] < q[j] else 0.0
    elif operation == 9:
        for j in range(len(r)):
            r[j] = 1.0 if p[j] <= q[j] else 0.0
    elif operation == 10:
        for j in range(len(r)):
            r[j] = 1.0 if p[j] == q[j] else 0.0
    elif operation == 11:
        for j in range(len(r)):
            r[j] = p[j] if (p[j] >= q[j]) | (q[j] != q[j]) else q[j]
    else:
        for j in range(len(r)):
            r[j] = p[j] if (p[j] <= q[j]) | (q[j] != q[j]) else q[j]


@_compiled
def _function(operation: int, r: Any, p: Any) -> None:
    if operation == 13:
        for j in range(len(r)):
            r[j] = abs(p[j])
    elif operation == 14:
        for j in range(len(r)):
            r[j] = np.ceil(p[j])
    elif operation == 15:
        for j in range(len(r)):
            r[j] = np.floor(p[j])
    elif operation == 16:
        for j in range(len(r)):
            r[j] = np.sqrt(p[j])
    elif operation == 17:
        for j in range(len(r)):
            r[j] = np.exp(p[j])
    elif operation == 18:
        for j in range(len(r)):
            r[j] = np.expm1(p[j])
    elif operation == 19:
        for j in range(len(r)):
            r[j] = np.log(p[j])
    else:
        for j in range(len(r)):
            r[j] = min(max(p[j], -_LARGEST), _LARGEST)
