"""Designs as files: a specification that ``--hw`` accepts, and a study that ``whatif sweep`` runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from hw_specs import SpecError, changeable_paths
from hw_specs.overrides import change_text, with_followers

from .design import Design, Offer
from .workshop import Base

__all__ = ["specification", "study"]


_CLOCK = "cores.clock"


def specification(design: Design, base: Base, chosen: Mapping[str, float]) -> str:
    """Accelerator of a design as a file that extends the one that it starts from.

    Every number that differs stands there as it is, those that follow the changed ones too, so that the file predicts
    what the page does; with another clock every number, since the file that is extended may count some in clocks.

    Parameters
    ----------
    design : Design
    base : Base
    chosen : mapping of str to float
        Numbers that the design changes, by path. [SI]
    """
    units, every = changeable_paths(base.accelerator), with_followers(base.numbers, chosen)
    tree: dict[str, Any] = {"name": f"{_plain(base.accelerator.name)}-explored", "extends": base.name}
    for path, value in every.items():
        if base.numbers.get(path) != value or _CLOCK in chosen:
            *groups, leaf = path.split(".")
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            node[leaf] = _written(path, value, units[path])
    tree["sources"] = [f"changed by hand: {', '.join(design.changes) or 'nothing'}"]
    return _yaml(tree)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")


def _written(path: str, value: float, unit: str) -> str | int | float:
    """A number as specifications have it: exact, in the SI unit."""
    text = change_text(path, value, unit).partition("=")[2]
    return text if unit not in ("", "1") else float(value) if unit else round(value)


def study(first: Design, second: Design | None, offer: Offer) -> str:
    """One design or two as a study that lists them.

    Raises
    ------
    SpecError
        Designs of different models, which no study lists.
    """
    designs = [first] if second is None else [first, second]
    if len({design.model for design in designs}) > 1:
        raise SpecError("a study has its designs on the same models; save each design's study alone")
    title = " and ".join(dict.fromkeys(f"{design.model} on {design.hw}" for design in designs))
    return _yaml(
        {
            "title": title,
            "models": [offer.models[first.model]],
            "sampling": {"method": "list"},
            "designs": [_listed(design, offer) for design in designs],
        }
    )


def _listed(design: Design, offer: Offer) -> dict[str, str | int | float]:
    changes = dict(change.split("=", 1) for change in design.changes)
    plain = {name: _number(value) for name, value in design.settings}
    return {"hw": offer.accelerators[design.hw], **plain, **{k.strip(): v.strip() for k, v in changes.items()}}


def _number(text: str) -> str | int | float:
    """A value as a study has it."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _yaml(tree: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(tree), sort_keys=False, allow_unicode=True, width=120)
