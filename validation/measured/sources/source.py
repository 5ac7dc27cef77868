"""What is true of one source of measurements and of no other: who published it, what it really timed, and how."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hw_specs import Accelerator
from simulator.execution import Execution
from simulator.kernels import Kernel
from tracer.graph import Op
from validation.measured.records import Record
from validation.measured.row import Row

__all__ = ["Source", "named_attention", "named_kernels", "plain_operators", "touched_inputs"]


def plain_operators(row: Row) -> Sequence[Op]:
    """The call that the row names, as eager PyTorch makes it."""
    return (row.operator(),)


#: Pieces of the names of attention kernels, and what they are.
_MARKS = (
    ("fa2", "flash2"),
    ("fa3", "flash3"),
    ("fa4", "flash4"),
    ("cudnn", "cudnn"),
    ("trtllm", "trtllm"),
    ("pytorch_flash", "flash2"),
)


#: Piece of the name of a product that rounds float32 operands.
_TF32 = "tf32"


def named_attention(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    """Execution with the attention that a kernel's name tells; what PyTorch picks, where it does not."""
    chosen = next((choice for mark, choice in _MARKS if mark in row.kernel), None)
    return execution if chosen is None else replace(execution, attention=chosen)


def named_kernels(row: Row, accelerator: Accelerator, execution: Execution) -> Execution:
    """Execution that a kernel's name tells: attention, TF32, whether a compiler or a generator wrote it."""
    generated = any(mark in row.kernel for mark in ("triton", "torch_compile", "norm cudnn"))
    named = named_attention(row, accelerator, execution)
    named = replace(named, matmul_tf32=True) if _TF32 in row.kernel else named
    return replace(named, mode="compiled") if generated else named


def touched_inputs(row: Row, op: Op, kernel: Kernel, accelerator: Accelerator) -> float:
    """All inputs, which the call before has read, unless the row says that the cache was cold. [B]"""
    return 0.0 if row.cold else kernel.bytes_read


def _all_as_written(records: Sequence[Record]) -> Sequence[Record]:
    return records


def _as_it_is(kernel: Kernel) -> Kernel:
    return kernel


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source.

    Attributes
    ----------
    name : str
        What its rows call it; a row may say more after the name (``aiconfigurator VLLM``).
    citation : str
        Where it was published, and the licence.
    timed_from_host : bool
        Whether its times hold the host's share of an eager call.
    unknown_data : frozenset of str
        Operators of whose operands nobody set the values. Zeros and noise switch little, so that their rows ran
        anywhere between the boost clock and that of the power limit.
    hot_rates : mapping
        Accelerators that were hot or capped: fp32 products on vector units that they kept up. [FLOP/s]
    amended : callable
        All records of the source in a file, as they should have been written.
    operators : callable
        Calls that the benchmark made for a row.
    execution : callable
        How the framework ran them, given the row, the accelerator and the execution of eager PyTorch there.
    not_fitted : collection of str
        Operators whose rows no fit takes: kernels of another library than the framework, or times that hold more than
        the kernel's.
    as_timed : callable
        A kernel with what the way of timing shows of it.
    resident_bytes : callable
        What an earlier call has touched of the inputs of a kernel of one of the calls. [B]
    calls_in_a_row : mapping
        Operators that were called so often in a row while they were timed; a controller averages power over that
        time. [1]
    usual_calls : float
        The same of all other operators. [1]
    """

    name: str
    citation: str
    timed_from_host: bool = False
    unknown_data: frozenset[str] = frozenset()
    hot_rates: Mapping[str, float] = field(default_factory=dict)
    amended: Callable[[Sequence[Record]], Sequence[Record]] = _all_as_written
    operators: Callable[[Row], Sequence[Op]] = plain_operators
    execution: Callable[[Row, Accelerator, Execution], Execution] = named_kernels
    not_fitted: Collection[str] = ()
    as_timed: Callable[[Kernel], Kernel] = _as_it_is
    resident_bytes: Callable[[Row, Op, Kernel, Accelerator], float] = touched_inputs
    calls_in_a_row: Mapping[str, float] = field(default_factory=dict)
    usual_calls: float = 50.0

    def calls_of(self, op: str) -> float:
        """How often an operator was called in a row. [1]"""
        return self.calls_in_a_row.get(op, self.usual_calls)
