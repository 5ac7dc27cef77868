"""Reading of folders in the format of diffusers: ``model_index.json`` and the ``config.json`` of each component.

Weights are not read and no code of the folder runs: classes come from diffusers and transformers alone.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw_specs.reading.bounds import InputError, read_text
from tracer.graph import GraphError

from .construction import diffusers_module, transformers_module

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LEFT_OUT", "FolderError", "FolderPart", "PipelineFolder", "explained", "read_folder", "read_json"]

# Parts of real pipelines that have a forward pass, but none between the prompt and the picture.
LEFT_OUT = {
    "safety_checker": "it judges the finished picture",
    "watermarker": "it marks the finished picture",
    "motion_adapter": "its weights are part of the U-Net",
}
# Published configurations have some kilobytes; those that list a label for each of thousands of classes a few hundred.
_LARGEST = 4 * 2**20  # [byte]
# Deepest published models have some hundred layers; no size of one has more than 31 bits.
_MOST_LAYERS, _LARGEST_SIZE = 2_000, 2**31
_NAME = re.compile(r"\w{1,100}")
_LAYERS = re.compile(r"layers|depth|blocks$")
_LIBRARIES = ("diffusers", "transformers")
_DENOISERS = ("unet", "transformer")
_TEXT_ENCODER = re.compile(r"text_encoder(_\d)?$")
_WITHOUT_MODULE = re.compile(r"(tokenizer|scheduler|feature_extractor|image_processor|processor)(_\d)?$")


class FolderError(GraphError):
    """A folder that does not hold a pipeline which can be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPart:
    """A component of the folder.

    Attributes
    ----------
    name : str
        Name of its folder: ``unet``, ``text_encoder_2``.
    library : str
        ``diffusers`` or ``transformers``.
    model_class : type
    config : mapping
        Its ``config.json``.
    """

    name: str
    library: str
    model_class: Any
    config: Mapping[str, Any]

    @property
    def class_name(self) -> str:
        """Name of the class."""
        return str(self.model_class.__name__)

    def module(self, dtype: str) -> nn.Module:
        """Module of that class and configuration, on the meta device."""
        if self.library == "diffusers":
            # Parameters that a class makes with torch.Tensor ignore the device until they are moved.
            return diffusers_module(self.model_class, self.config, dtype).to("meta")
        config = self.model_class.config_class.from_dict(dict(self.config))
        # Scores that are capped by a hyperbolic tangent have no fused attention.
        capped = getattr(config, "attn_logit_softcapping", None) is not None
        return transformers_module(self.model_class, config, dtype, attention="eager" if capped else "sdpa")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFolder:
    """What a folder says, before any settings.

    Attributes
    ----------
    path : Path
    index : mapping
        Its ``model_index.json``.
    parts : mapping of str to FolderPart
        Components with a stage, in the order of the index.
    call : mapping of str to inspect.Parameter
        Arguments of the pipeline's call.
    """

    path: Path
    index: Mapping[str, Any]
    parts: Mapping[str, FolderPart]
    call: Mapping[str, inspect.Parameter]

    @property
    def class_name(self) -> str:
        """Name of the pipeline's class."""
        return str(self.index["_class_name"])

    @property
    def denoiser(self) -> FolderPart:
        """The only U-Net or transformer."""
        return next(self.parts[name] for name in _DENOISERS if name in self.parts)

    @property
    def text_encoders(self) -> list[FolderPart]:
        """In the order of their numbers."""
        return [self.parts[name] for name in sorted(self.parts) if _TEXT_ENCODER.match(name)]

    def default(self, *names: str) -> Any:
        """Default of the first of these arguments of the pipeline's call that has one other than ``None``."""
        values = [self.call[name].default for name in names if name in self.call]
        return next((v for v in values if v is not None and v is not inspect.Parameter.empty), None)


def read_folder(path: Path) -> PipelineFolder:
    """Read and check the files of a folder.

    Raises
    ------
    FolderError
        A file is missing or malformed, or a component is not of a kind that can be built.
    """
    index = read_json(path / "model_index.json")
    for configuration in (path / name / "config.json" for name in index if _NAME.fullmatch(name)):
        if configuration.exists():
            read_json(configuration)  # what is wrong with it is said before libraries are imported, which takes seconds
    import diffusers

    name = index.get("_class_name")
    pipeline_class = getattr(diffusers, name, None) if isinstance(name, str) else None
    if not (isinstance(pipeline_class, type) and issubclass(pipeline_class, diffusers.DiffusionPipeline)):
        raise FolderError(f"{path}: model_index.json names {name!r}, which is no pipeline of diffusers")
    parts = dict(_parts(path, index))
    if sum(denoiser in parts for denoiser in _DENOISERS) != 1:
        raise FolderError(f"{path}: model_index.json must name one denoiser, {' or '.join(_DENOISERS)}")
    call = inspect.signature(pipeline_class.__call__).parameters
    return PipelineFolder(path=path, index=index, parts=parts, call=call)


@contextmanager
def explained(path: Path, what: str) -> Iterator[None]:
    """Turn what a class of another library raises over a configuration into one line that names the folder.

    Raises
    ------
    FolderError
        The classes raised one of the errors that a configuration of wrong types, keys or sizes leads to.
    """
    try:
        yield
    except GraphError:
        raise
    except (
        ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, RuntimeError, TypeError, ValueError,
    ) as error:  # fmt: skip
        line = next(iter(str(error).splitlines()), type(error).__name__)
        raise FolderError(f"{path}: {what} cannot be built or run as configured ({line})") from error


def read_json(path: Path) -> dict[str, Any]:
    """Object that a configuration file holds.

    Raises
    ------
    FolderError
        It cannot be read, is larger than any configuration, or holds something else.
    """
    try:
        content = json.loads(read_text(path, most=_LARGEST))
    except InputError as error:
        raise FolderError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{path}: is no JSON text ({error})") from error
    if not isinstance(content, dict):
        raise FolderError(f"{path}: holds a {type(content).__name__}; a JSON object is needed")
    _refuse_sizes(path, content)
    return content


def _refuse_sizes(path: Path, content: Mapping[str, Any]) -> None:
    """Refuse numbers that no model has: layers are built one by one, and sizes become tensors."""
    for key, value in content.items():
        for number in value if isinstance(value, list) else (value,):
            most = _MOST_LAYERS if _LAYERS.search(key) else _LARGEST_SIZE
            if isinstance(number, int) and abs(number) > most:
                raise FolderError(f"{path}: {key} is {str(number)[:40]}; valid: up to {most}")


def _parts(path: Path, index: Mapping[str, Any]) -> Iterator[tuple[str, FolderPart]]:
    """Components that have a stage."""
    for name, value in index.items():
        # Settings of the pipeline stand between the components; a component without a class is not used.
        if not isinstance(value, list) or not any(value) or name in LEFT_OUT or _WITHOUT_MODULE.match(name):
            continue
        if name not in (*_DENOISERS, "vae") and not _TEXT_ENCODER.match(name):
            valid = ", ".join((*_DENOISERS, "vae", "text_encoder"))
            raise FolderError(f"{path}: component {name!r} is not supported; valid: {valid}")
        if len(value) != 2 or value[0] not in _LIBRARIES:
            raise FolderError(f"{path}: {name} is {value!r}; only classes of {' and '.join(_LIBRARIES)} are built")
        library, class_name = value
        yield (
            name,
            FolderPart(
                name=name,
                library=library,
                model_class=_model_class(path, name, library, class_name),
                config=read_json(path / name / "config.json"),
            ),
        )


def _model_class(path: Path, name: str, library: str, class_name: object) -> Any:
    from torch import nn

    found: Any = None
    if isinstance(class_name, str):
        # The libraries import a class when it is asked for; one whose own needs are missing fails here.
        with explained(path, name):
            found = getattr(importlib.import_module(library), class_name, None)
    if isinstance(found, type) and issubclass(found, nn.Module):
        return found
    raise FolderError(f"{path}: {name} is {class_name!r}, which is no model of {library}")
