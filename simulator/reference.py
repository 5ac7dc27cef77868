"""The run that another is compared with: the same one with some things changed, as ``--versus`` names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from hw_specs import torch_dtype
from hw_specs.terminal.meanings import did_you_mean

from .execution import Execution
from .format_choice import dtype_of
from .parallel.scheme import Scheme
from .software import load_software

__all__ = ["CHANGEABLE", "SETTINGS", "ComparedRunError", "ReferenceChanges", "reference_changes", "typed_changes"]


Value = TypeVar("Value")


class ComparedRunError(ValueError):
    """A change that ``--versus`` does not know, or a value that it cannot have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceChanges:
    """What is different in the reference.

    Attributes
    ----------
    run : mapping of str to str
        Accelerator, attention, execution, autocast, offload, scheme of quantisation, software, host or split over
        devices, under the options' names.
    settings : mapping of str to object
        Settings of the workload.
    """

    run: Mapping[str, str]
    settings: Mapping[str, object]

    def execution(self, usual: Execution) -> Execution:
        """How the reference is run, given how it is run where nothing differs.

        Raises
        ------
        ExecutionError, SoftwareError, SchemeError
            There is no such choice.
        """
        changed: dict[str, Any] = {field: self.run[name] for name, field in _AS_THEY_ARE.items() if name in self.run}
        if "software" in self.run:
            changed["software"] = load_software(self.run["software"])
        if "autocast" in self.run:
            changed["autocast"] = _typed("autocast", self.run["autocast"], _switch)
        if "parallel" in self.run:
            changed["parallel"] = Scheme.parse(self.run["parallel"])
        return replace(usual, **changed)


def _switch(text: str) -> bool:
    """Whether a text says yes.

    Raises
    ------
    ValueError
        It says neither yes nor no.
    """
    known = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
    if text.lower() not in known:
        raise ValueError("yes or no")
    return known[text.lower()]


# Fields of an execution that a text is the value of, by the option's name.
_AS_THEY_ARE = {"execution": "mode", "attention": "attention", "offload": "offload", "quantize": "quantize"}
_OF_RUN = ("hw", "attention", "execution", "autocast", "offload", "quantize", "software", "host", "parallel")
_OF_WORKLOAD: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "batch": int,
        "height": int,
        "width": int,
        "num_frames": int,
        "num_inference_steps": int,
        "guidance_scale": float,
        "prompt_length": int,
        "max_new_tokens": int,
        "context_length": int,
        "kv_cache": str,
        "kv_cache_dtype": str,
        "dtype": dtype_of,
        "scheduler": str,
        "strength": float,
        "step_cache": str,
        "lora": str,
        "vae_dtype": torch_dtype,
        "vae_tiling": _switch,
        "vae_slicing": _switch,
    }
)
SETTINGS = tuple(_OF_WORKLOAD)
"""Settings of a workload, in the order of its fields."""
CHANGEABLE = (*_OF_RUN, *(name.replace("_", "-") for name in _OF_WORKLOAD))
"""Names that a change may have."""


def reference_changes(texts: Sequence[str]) -> ReferenceChanges:
    """Changes from texts such as ``hw=h100`` and ``batch=4``; one without ``=`` names an accelerator.

    Raises
    ------
    ComparedRunError
        An unknown name, or a value that is no number where one is needed.
    """
    try:
        return typed_changes(dict(_pairs(texts)))
    except ComparedRunError as error:
        raise ComparedRunError(f"--versus {error}") from error


def typed_changes(values: Mapping[str, object]) -> ReferenceChanges:
    """Changes from values by name, as texts or numbers.

    Raises
    ------
    ComparedRunError
        A value that is no number where one is needed.
    """
    return ReferenceChanges(
        run={name: str(value) for name, value in values.items() if name in _OF_RUN},
        settings={name: _value(name, value) for name, value in values.items() if name in _OF_WORKLOAD},
    )


def _pairs(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        name, value = (name.strip().replace("-", "_"), value.strip()) if equals else ("hw", text.strip())
        if name not in _OF_RUN and name not in _OF_WORKLOAD:
            meant = did_you_mean(name.replace("_", "-"), CHANGEABLE)
            raise ComparedRunError(f"{text}: unknown {name!r}{meant or ';'} valid: {', '.join(CHANGEABLE)}")
        yield name, value


def _value(name: str, text: object) -> object:
    return _typed(name, text, _OF_WORKLOAD[name])


def _typed(name: str, text: object, kind: Callable[[str], Value]) -> Value:
    try:
        return kind(str(text))
    except ValueError as error:
        wanted = {int: "an integer", float: "a number"}.get(kind, str(error))  # type: ignore[call-overload]
        raise ComparedRunError(f"{name}={text}: {name} needs {wanted}") from error
