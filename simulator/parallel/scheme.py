"""Schemes: over how many devices a run is split, and along what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

from hw_specs.terminal.meanings import nearest
from tracer.graph import GraphError

__all__ = ["ONE_DEVICE", "Scheme", "SchemeError"]


_SUMS: tuple[Literal["direct", "library"], ...] = ("direct", "library")
_COUNT = re.compile(r"[0-9]{1,19}")
#: More than any system has.
_MOST_DEVICES = 1_000_000


class SchemeError(GraphError):
    """A scheme that cannot be read, or that a workload cannot be split by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Devices by what they split; their product is the number of devices.

    Ranks next to one another share the innermost split: tensor, then ulysses, ring, pipefusion, guidance and replicas,
    as the groups of Megatron (``initialize_model_parallel``: tensor innermost) and of xDiT (``RankGenerator``, order
    ``tp-sp-pp-cfg-dp``) lie. What is innermost talks over the fastest links.

    Attributes
    ----------
    tensor : int
        Columns and rows of the weights of attention and of the layers after it (Shoeybi et al., arXiv 1909.08053).
    ulysses : int
        The sequence; around attention the heads (Jacobs et al., arXiv 2309.14509).
    ring : int
        The sequence; keys and values go round (Liu et al., arXiv 2310.01889).
    pipefusion : int
        Layers, through which as many patches of the image go one behind the other; attention reads keys and values of
        the other patches as they were a step before (Fang et al., arXiv 2405.14430).
    cfg : int
        The two passes of classifier-free guidance.
    data : int
        Replicas, each with a batch of its own.
    patch : int
        Rows of the image in the decoder, over as many of the devices that there are; it adds none.
    sums : {"", "direct", "library"}
        Whether sums over devices are kernels that read the memory of the others (``ENABLE_INTRA_NODE_COMM`` of
        PyTorch; serving engines) or collectives of a library; as what runs the workload does where nothing is said.
    """

    tensor: int = 1
    ulysses: int = 1
    ring: int = 1
    pipefusion: int = 1
    cfg: int = 1
    data: int = 1
    patch: int = 1
    sums: Literal["", "direct", "library"] = ""

    def __post_init__(self) -> None:
        """Refuse counts that are none."""
        for name, value in self._counts().items():
            if not 1 <= value <= _MOST_DEVICES:
                raise SchemeError(f"{name}={str(value)[:40]}: valid: 1 to {_MOST_DEVICES} devices")
        if self.cfg > 2:
            raise SchemeError(f"cfg={self.cfg}: guidance has two passes; valid: 1, 2")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Scheme from ``ulysses=4,cfg=2`` or ``tensor=8,direct``; nothing, or ``1``, is one device.

        Raises
        ------
        SchemeError
            An unknown split, or a number that is none.
        """
        names = _splits()
        counts: dict[str, Any] = {}
        parts = [piece.strip() for piece in text.split(",")]
        for part in parts:
            name, _, number = part.partition("=")
            if part in ("", "1", *_SUMS):
                continue
            if name not in names or not _COUNT.fullmatch(number) or name in counts:
                valid = f"{', '.join(f'{n}=DEVICES' for n in names)}, each once, and one of {', '.join(_SUMS)}"
                raise SchemeError(f"{part!r} is no split{_meant(name, number, names)} valid: {valid}")
            counts[name] = int(number)
        said = [name for name in _SUMS if name in parts]
        if len(said) > 1:
            raise SchemeError(f"sums are {' or '.join(said)}; give one of them")
        return replace(cls(**counts), sums=said[0] if said else "")

    @property
    def sequence(self) -> int:
        """Parts of the sequence."""
        return self.ulysses * self.ring

    @property
    def patches(self) -> int:
        """Parts of the sequence of which a device works on one at a time."""
        return self.sequence * self.pipefusion

    def span(self, name: str) -> int:
        """Neighbouring devices among which the ranks of one split lie: all that are split further in, that too."""
        within, inner = 1, ("tensor", "ulysses", "ring", "pipefusion", "cfg")
        for split in inner[: inner.index(name) + 1]:
            within *= self._counts()[split]
        return within

    @property
    def devices(self) -> int:
        """Devices in all."""
        return max(self.tensor * self.patches * self.cfg, self.patch) * self.data

    def __str__(self) -> str:
        """As :meth:`parse` reads it."""
        splits = [f"{name}={count}" for name, count in self._counts().items() if count > 1]
        return ",".join([*splits, *filter(None, (self.sums,))])

    def _counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in _splits()}

    def scaled(self, name: str, devices: int) -> Self:
        """The same scheme with another number of devices along one split."""
        counts: dict[str, Any] = {**self._counts(), "sums": self.sums}
        if name not in _splits():
            raise SchemeError(f"{name!r} is no split; valid: {', '.join(_splits())}")
        return type(self)(**{**counts, name: devices})


def _meant(name: str, number: str, names: Sequence[str]) -> str:
    """What is meant by a split as other tools call it, or by a number of devices alone."""
    found = [*names[:2], "data"] if name.isdecimal() else nearest(name, names)
    devices = name if name.isdecimal() else number if number.isdecimal() else "DEVICES"
    return f"; did you mean {' or '.join(f'{split}={devices}' for split in found)}?" if found else ";"


def _splits() -> list[str]:
    """Names of what devices split."""
    return [item.name for item in fields(Scheme) if item.name != "sums"]


ONE_DEVICE = Scheme()
