"""Names of modules as annotations of a profile, by hooks on the modules of one root."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from tracer.trace import MODULE_PREFIX

__all__ = ["module_annotations"]


@contextmanager
def module_annotations(root: object, component: str) -> Iterator[None]:
    """Mark in a running profile when the forward pass of each module of `root` begins and ends.

    Parameters
    ----------
    root : object
        Modules below it are called `component` followed by their qualified name; anything but a module has none.
    component : str
    """
    open_ranges: list[Any] = []

    def enter(name: str) -> Any:
        label = MODULE_PREFIX + name

        def hook(module: nn.Module, inputs: Any) -> None:
            del module, inputs
            annotation = torch.profiler.record_function(label)
            annotation.__enter__()
            open_ranges.append(annotation)

        return hook

    def leave(module: nn.Module, inputs: Any, outputs: Any) -> None:
        del module, inputs, outputs
        open_ranges.pop().__exit__(None, None, None)

    handles: list[Any] = []
    named = root.named_modules() if isinstance(root, nn.Module) else ()
    for name, module in named:
        path = f"{component}.{name}" if name else component
        handles.append(module.register_forward_pre_hook(enter(path)))
        handles.append(module.register_forward_hook(leave, always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
