"""Messages between ranks, as the profiler describes them apart from the arguments of the call.

Since PyTorch 2.3 ``record_param_comms`` and the kernels of NCCL and RCCL say which collective runs, how many elements a
rank gives and gets, their type and how many ranks take part (``ParamCommsUtils.hpp``: ``kCommsName``, ``kInMsgNelems``,
``kOutMsgNelems``, ``kDtype``, ``kGroupSize``), also where shapes are not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .operator_arguments import RecordedArguments, dtype_of_type

__all__ = ["message_of"]

#: Collectives by the beginning of their names, the longer ones first.
_OPERATORS: tuple[tuple[str, str], ...] = (
    ("allreduce", "all_reduce"),
    ("all_reduce", "all_reduce"),
    ("allgather", "all_gather"),
    ("_allgather", "all_gather"),
    ("all_gather", "all_gather"),
    ("reduce_scatter", "reduce_scatter"),
    ("_reduce_scatter", "reduce_scatter"),
    ("reducescatter", "reduce_scatter"),
    ("all_to_all", "all_to_all"),
    ("alltoall", "all_to_all"),
    ("broadcast", "broadcast"),
    ("_broadcast", "broadcast"),
    ("reduce", "all_reduce"),
    ("gather", "all_gather"),
    ("scatter", "reduce_scatter"),
    ("send", "point_to_point"),
    ("recv", "point_to_point"),
)


def message_of(fields: Mapping[str, Any]) -> tuple[str, RecordedArguments] | None:
    """Operator and arguments of a message; None where an event describes none.

    Parameters
    ----------
    fields : mapping
        What the profiler says beside the call, by names in lower case.
    """
    name = _operator(str(fields.get("collective name", "")).lower())
    sizes = [n for key in ("in msg nelems", "out msg nelems") if type(n := fields.get(key)) is int and n > 0]
    dtype = str(fields.get("dtype", ""))
    if not name or not sizes or dtype_of_type(dtype) is None:
        return None
    ranks = fields.get("group size")
    value = str(ranks) if type(ranks) is int and ranks > 0 else ""
    # The whole message is what a rank gives to a reduction, and what it gets of a gathering.
    return f"message::{name}", RecordedArguments(shapes=[[max(sizes)], []], types=[dtype, "Scalar"], values=["", value])


def _operator(name: str) -> str:
    return next((operator for beginning, operator in _OPERATORS if name.startswith(beginning)), "")
