"""Capture of operator graphs by running modules on meta tensors: no weights, no GPU.

Only what is called imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tracer.graph import OpGraph

__all__ = ["trace_module"]


def trace_module(
    function: Callable[..., object],
    *example_inputs: object,
    name: str = "model",
    attention_kinds: Mapping[str, str] | None = None,
    gradients: bool = False,
    **keyword_inputs: object,
) -> OpGraph:
    """Graph of one call of any module or callable.

    Parameters
    ----------
    function : callable
        A ``torch.nn.Module`` or any callable on tensors. Modules on a real device are traced as they are; put
        module and inputs on ``meta`` to need neither memory nor weights.
    *example_inputs, **keyword_inputs
        What it is called with.
    name : str
        Name of the graph, of its only stage and of its only component.
    attention_kinds : mapping of str to str, optional
        Regular expression on the module path -> kind of attention.
    gradients : bool
        Whether autograd keeps track, so that what is called may run a backward pass: a training step is a module whose
        forward pass ends with ``loss.backward()``.

    Returns
    -------
    OpGraph
        One stage that runs once.
    """
    from .meta import trace

    return trace(
        function, *example_inputs, name=name, attention_kinds=attention_kinds, gradients=gradients, **keyword_inputs
    )
