"""A study that can be run: its file, the accelerators that designs start from, and the designs by index."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

from hw_specs import Accelerator, CalibrationPool, SpecError, apply_overrides, load_accelerator
from hw_specs.terminal.meanings import unknown
from simulator.calibrations import calibration_pool
from simulator.variants import FIGURES
from tracer.library.graphs import pipeline_of
from tracer.workloads import UnknownWorkloadError

from .designs import Designs, ListedDesigns, SampledDesigns
from .fields import SETTINGS, NumberField, SettingField, checked_setting, number_field, setting_field, setting_name
from .file import Range, Refused, StudyError, StudyFile, Value, read_study
from .sampling import MOST_SOBOL, Grid, LatinHypercube, Sampler, Sobol

__all__ = ["Base", "Study", "load_study"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Accelerator that designs start from, and the calibrations that it is predicted with."""

    accelerator: Accelerator
    calibrations: CalibrationPool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Study:
    """A checked study.

    Attributes
    ----------
    file : StudyFile
    bases : mapping of str to Base
        Accelerators that designs start from, by the names that the file gives.
    numbers, settings : tuple
        Fields, in the order of the file.
    designs : Designs
    """

    file: StudyFile
    bases: Mapping[str, Base]
    numbers: tuple[NumberField, ...]
    settings: tuple[SettingField, ...]
    designs: Designs

    @property
    def fields(self) -> tuple[NumberField | SettingField, ...]:
        """All fields in the order of the file."""
        order = {setting_name(name) or name: at for at, name in enumerate(self._names())}
        return tuple(sorted((*self.numbers, *self.settings), key=lambda field: order[field.name]))

    def _names(self) -> list[str]:
        return list(self.file.fields) or list(dict.fromkeys(itertools.chain.from_iterable(self.file.designs)))

    @property
    def num_chunks(self) -> int:
        """Chunks of as many designs as the file says."""
        return -(-len(self.designs) // self.file.chunk)

    def chunk(self, number: int) -> tuple[int, int]:
        """First design of a chunk, and the first that comes after it."""
        return number * self.file.chunk, min((number + 1) * self.file.chunk, len(self.designs))

    def identity(self) -> dict[str, str]:
        """What the figures of the designs depend on, by what it is."""
        asked = self.file.model_dump(mode="json", exclude={"title", "plots", "search"})
        parts = {name: base.accelerator.model_dump(mode="json") for name, base in self.bases.items()}
        calibrations = [
            [entry.name, entry.calibration.model_dump(mode="json")]
            for base in self.bases.values()
            for entry in base.calibrations.members
        ]
        return {
            "study": _digest(asked),
            "accelerators": _digest(parts),
            "calibrations": _digest(calibrations),
            "program": version("roofcast"),
        }

    def calibrated_on(self) -> str | None:
        """Date of the newest calibration, None where none has one."""
        entries = (entry.calibration for base in self.bases.values() for entry in base.calibrations.members)
        return max((entry.date.isoformat() for entry in entries if entry.date is not None), default=None)


def _digest(value: object) -> str:
    """Digest of plain data; the order of fields counts, since a sample gives them coordinates in that order."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _are_numbers(values: tuple[Value, ...]) -> bool:
    return all(isinstance(value, int | float) for value in values)


def load_study(source: Path | str | Mapping[str, Any], *, where: str | None = None, searched: bool = False) -> Study:
    """Study of a file, of the text of one, or of a mapping with its content, checked as a whole.

    Parameters
    ----------
    source : Path, str or mapping
    where : str, optional
        What complaints begin with.
    searched : bool
        Whether its designs are found by a search, which the file's sampling has no part in but for the seed.

    Raises
    ------
    StudyError
        With every complaint: one line each that says where, what, and what would be valid.
    SpecError
        The file cannot be read, or is no YAML.
    """
    name = where or (source.name if isinstance(source, Path) else "study")
    file, refused = read_study(source, where=name)
    return _Checked(file, name, refused, searched=searched).study()


class _Checked:
    """A study in the making, and the complaints so far."""

    def __init__(self, file: StudyFile, where: str, refused: Refused, *, searched: bool) -> None:
        """Of a file without what was refused for its form."""
        self._file, self._where, self._refused, self._searched = file, where, refused, searched
        self._complaints = list(refused.complaints)

    def study(self) -> Study:
        """The study, or every complaint about it."""
        file = self._file
        self._models()
        self._settings()
        self._shape()
        bases = dict(self._bases())
        numbers, settings = self._fields({name: base.accelerator for name, base in bases.items()})
        self._levels((*numbers, *settings))
        base = next(iter(bases), "")
        self._plots((*numbers, *settings))
        designs: Designs | None = None
        if not self._complaints:
            designs = self._listed(bases, base) if file.designs else self._sampled(numbers, settings, base)
        if self._complaints or designs is None:
            raise StudyError(tuple(dict.fromkeys(self._complaints)))
        return Study(file=file, bases=bases, numbers=numbers, settings=settings, designs=designs)

    def _try(self, place: str, make: Callable[..., object], *given: object) -> Any:
        """Result of a step, None where it is a complaint."""
        try:
            return make(*given)
        except (SpecError, UnknownWorkloadError) as error:
            self._complain(place, str(error))
        return None

    def _complain(self, place: str, what: str) -> None:
        self._complaints.append(f"{self._where}: {place}: {what}")

    def _models(self) -> None:
        for name in () if self._refused.touches("models") else self._file.models:
            self._try("models", pipeline_of, name)

    def _settings(self) -> None:
        for name, value in self._file.settings.items():
            self._setting(f"settings.{name}", name, value)

    def _setting(self, place: str, name: str, value: Value) -> None:
        plain = setting_name(name)
        if plain is None or plain == "hw":
            valid = [setting for setting in SETTINGS if setting != "hw"]
            self._complain(place, unknown("setting", name, valid))
            return
        self._try(place, checked_setting, plain, value)

    def _shape(self) -> None:
        """What the keys of the file must have of one another; of what was refused nobody knows what it should be."""
        file, sampling, refused = self._file, self._file.sampling, self._refused
        if bool(file.designs) != (sampling.method == "list") and not refused.touches("designs", "sampling"):
            self._complain("designs", "go with sampling.method: list, and it with them")
        if file.designs and file.fields:
            self._complain("fields", "do not go with designs, which list their own; leave one of them out")
        if not file.designs and not file.fields and not refused.touches("designs", "fields"):
            self._complain("fields", "none; give what varies, such as memory.dram.bandwidth: {low: 0.5x, high: 2x}")
        named = "hw" in file.fields or all("hw" in design for design in file.designs or [{}])
        if file.hw is None and not named and not refused.touches("hw", "fields", "designs"):
            self._complain("hw", "is missing; name the accelerator, or give hw among the fields")
        if not self._searched:
            self._samples()
        elif file.designs:
            self._complain("designs", "a search takes fields; leave them out")

    def _samples(self) -> None:
        sampling = self._file.sampling
        if self._refused.touches("sampling"):
            return
        counted = sampling.method in ("latin-hypercube", "sobol")
        if counted != (sampling.samples is not None):
            what = "is missing; give a number of designs" if counted else f"does not go with method {sampling.method}"
            self._complain("sampling.samples", what)
        if sampling.method == "sobol" and (sampling.samples or 0) > MOST_SOBOL:
            self._complain("sampling.samples", f"{sampling.samples} is too many; valid: up to {MOST_SOBOL}")

    def _levels(self, fields: tuple[NumberField | SettingField, ...]) -> None:
        """Whether a grid can be made of the fields."""
        if self._searched or self._file.sampling.method != "grid" or self._refused.touches("sampling"):
            return
        for field in fields:
            if field.levels is None and not self._file.designs:
                self._complain(f"fields.{field.name}", "a grid needs points: how many levels; or list the values")

    def _plots(self, fields: tuple[NumberField | SettingField, ...]) -> None:
        """Whether what pictures show is there to be shown."""
        numbers = [field.name for field in fields if isinstance(field, NumberField) or _are_numbers(field.values)]
        for at, plot in enumerate(self._file.plots, start=1):
            wanted = {"x": (plot.x, numbers), "by": (plot.by, [*(field.name for field in fields), "model"])}
            if plot.kind == "heat":
                wanted |= {"y": (plot.y, numbers), "color": (plot.color, list(FIGURES))}
            else:
                wanted |= {"y": (plot.y, list(FIGURES))}
            for key, (name, valid) in wanted.items():
                known = name is None or name in valid or name == "cost" or f"fields.{name}" in self._refused.keys
                if not known and fields:
                    self._complain(f"plots.{at}.{key}", f"{name!r} is none here; valid: {', '.join(valid)}")

    def _bases(self) -> Iterator[tuple[str, Base]]:
        """Accelerators by the names that the file gives, with the changes that all designs share."""
        given = self._file.fields.get("hw")
        if isinstance(given, Range):
            self._complain("fields.hw", "is a range; list names of accelerators or files")
        named = () if given is None or isinstance(given, Range) else given
        of_designs = [design["hw"] for design in self._file.designs if "hw" in design]
        own = () if self._file.hw is None else (self._file.hw,)
        for name in dict.fromkeys(map(str, (*own, *named, *of_designs))):
            part = self._try("hw", load_accelerator, name)
            pool = None if part is None else self._try("hw", calibration_pool, name, part)
            if part is not None and pool is not None:
                yield name, Base(accelerator=self._started(part), calibrations=pool)

    def _started(self, part: Accelerator) -> Accelerator:
        changes = [f"{path}={value}" for path, value in self._file.set.items()]
        before = len(self._complaints)
        for change in changes:  # each by itself, so that all complaints come together
            self._try("set", apply_overrides, part, [change])
        sound = len(self._complaints) == before
        changed: Accelerator | None = self._try("set", apply_overrides, part, changes) if sound else None
        return part if changed is None else changed

    def _fields(
        self, accelerators: Mapping[str, Accelerator]
    ) -> tuple[tuple[NumberField, ...], tuple[SettingField, ...]]:
        numbers, settings = list[NumberField](), list[SettingField]()
        for name, given in self._given_fields().items():
            plain, place = setting_name(name), f"fields.{name}"
            if plain is not None:
                found = self._try(place, setting_field, plain, given)
                settings += [] if found is None else [found]
            elif accelerators:
                number = self._try(place, number_field, name, given, accelerators)
                numbers += [] if number is None else [number]
        return tuple(numbers), tuple(settings)

    def _given_fields(self) -> Mapping[str, Range | tuple[Value, ...]]:
        """Fields of the file, or all values that its designs have of each."""
        if not self._file.designs:
            return self._file.fields
        names = dict.fromkeys(itertools.chain.from_iterable(self._file.designs))
        return {name: tuple(d[name] for d in self._file.designs if name in d) for name in names}

    def _sampled(
        self, numbers: tuple[NumberField, ...], settings: tuple[SettingField, ...], base: str
    ) -> SampledDesigns:
        sampler, count = self._sampler(numbers, settings)
        return SampledDesigns(sampler=sampler, count=count, numbers=numbers, settings=settings, base=base)

    def _sampler(self, numbers: tuple[NumberField, ...], settings: tuple[SettingField, ...]) -> tuple[Sampler, int]:
        sampling, across = self._file.sampling, len(numbers) + len(settings)
        samples = self._file.search.population if self._searched else sampling.samples or 0
        if self._searched or sampling.method == "latin-hypercube":
            return LatinHypercube(samples=samples, fields=across, seed=sampling.seed), samples
        if sampling.method == "sobol":
            return Sobol(fields=across, seed=sampling.seed), samples
        fields: tuple[NumberField | SettingField, ...] = (*settings, *numbers)
        levels = tuple(field.levels or 1 for field in fields)
        return Grid(levels=levels), prod(levels)

    def _listed(self, bases: Mapping[str, Base], base: str) -> ListedDesigns:
        designs = self._file.designs
        settings = [{setting_name(n) or n: v for n, v in design.items() if setting_name(n)} for design in designs]
        changes = [{name: value for name, value in design.items() if not setting_name(name)} for design in designs]
        accelerators = {name: entry.accelerator for name, entry in bases.items()}
        return ListedDesigns(settings=settings, changes=changes, bases=accelerators, base=base)
