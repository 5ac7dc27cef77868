"""Statements of the study, and what our tables say of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pydantic
import yaml

from .table import Table, TableError

__all__ = [
    "EXPECTED",
    "STATEMENTS",
    "Claim",
    "Finding",
    "Statement",
    "StatementError",
    "UntestableError",
    "Verdict",
    "agreement",
    "broken",
    "judge",
    "load_expected",
    "load_statements",
    "named_table",
]

STATEMENTS = Path(__file__).parent / "statements.yaml"
EXPECTED = Path(__file__).parent / "expected.yaml"

Verdict = Literal["agree", "disagree", "untestable"]
Tables = Mapping[str, Table]


class StatementError(ValueError):
    """A file of statements or of expected verdicts is not what it must be."""


class UntestableError(LookupError):
    """The tables lack what a statement needs, as in a study of few models."""

    def __str__(self) -> str:
        """Message without the quotes that a KeyError would add."""
        return str(self.args[0])


class Statement(pydantic.BaseModel):
    """What the study states, or is remembered to state.

    Attributes
    ----------
    id : str
    section : str
        Name of the section that discusses it.
    flag : {"SOURCE", "MEMORY"}
        Read in a public page, or recalled without one.
    confidence : str
        Of a recollection; empty for what has a source.
    claim, paper : str
        The statement, and its figure.
    source : str
    rule : str
        When we count as agreeing.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    id: str
    section: str
    flag: Literal["SOURCE", "MEMORY"]
    claim: str
    paper: str
    source: str
    rule: str
    confidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What our tables say of a statement."""

    ours: str
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the study beside our finding.

    Attributes
    ----------
    id : str
    claim : str
    flag : {"SOURCE", "MEMORY"}
    paper, ours : str
    verdict : {"agree", "disagree", "untestable"}
    why : str
        What the verdict rests on, and where it comes from if we disagree.
    rule, source, section, confidence : str
        As in :class:`Statement`.
    """

    id: str
    claim: str
    flag: str
    paper: str
    ours: str
    verdict: str
    why: str
    rule: str
    source: str
    section: str
    confidence: str

    def to_dict(self) -> dict[str, str]:
        """Plain form for JSON."""
        return asdict(self)


Judge = Callable[[Tables], Finding]


def named_table(tables: Tables, name: str) -> Table:
    """Table of that name.

    Raises
    ------
    UntestableError
        It was not made.
    """
    if name not in tables:
        raise UntestableError(f"there is no table {name}")
    return tables[name]


def agreement(holds: bool) -> Verdict:
    """Verdict of a rule that holds or does not."""
    return "agree" if holds else "disagree"


def judge(statements: Iterable[Statement], tables: Tables, judges: Mapping[str, Judge]) -> tuple[Claim, ...]:
    """Claims in the order of the statements.

    Raises
    ------
    StatementError
        A statement has no judge.
    """
    return tuple(_claim(statement, tables, judges) for statement in statements)


def _claim(statement: Statement, tables: Tables, judges: Mapping[str, Judge]) -> Claim:
    if statement.id not in judges:
        raise StatementError(f"statement {statement.id} has no function that judges it")
    try:
        finding = judges[statement.id](tables)
    except (UntestableError, TableError) as error:
        finding = Finding(ours="not computed", verdict="untestable", why=f"not part of this run: {error}")
    return Claim(
        id=statement.id,
        claim=" ".join(statement.claim.split()),
        flag=statement.flag,
        paper=statement.paper,
        ours=finding.ours,
        verdict=finding.verdict,
        why=finding.why,
        rule=" ".join(statement.rule.split()),
        source=statement.source,
        section=statement.section,
        confidence=statement.confidence,
    )


def load_statements(path: Path = STATEMENTS) -> tuple[Statement, ...]:
    """Statements from their file.

    Raises
    ------
    StatementError
        The file is not YAML, lacks a field, or names a statement twice.
    """
    data = _yaml(path)
    if not isinstance(data, list):
        raise StatementError(f"{path}: must be a list of statements")
    try:
        statements = tuple(Statement.model_validate(item) for item in data)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StatementError(f"{path}: {place}: {first['msg']}") from error
    names = [statement.id for statement in statements]
    if len(set(names)) != len(names):
        raise StatementError(f"{path}: {next(n for n in names if names.count(n) > 1)} is there twice")
    return statements


def load_expected(path: Path = EXPECTED) -> dict[str, Verdict]:
    """Expected verdict of each claim that has one.

    Raises
    ------
    StatementError
        The file is not YAML, or holds something else than verdicts.
    """
    data = _yaml(path)
    if not isinstance(data, dict):
        raise StatementError(f"{path}: must map claims to verdicts")
    for name, verdict in data.items():
        if verdict not in get_args(Verdict):
            raise StatementError(f"{path}: {name} is {verdict!r}; valid: {', '.join(get_args(Verdict))}")
    return data


def broken(claims: Iterable[Claim], expected: Mapping[str, Verdict]) -> tuple[Claim, ...]:
    """Claims with a source that are marked as reproduced and no longer are."""
    return tuple(
        claim
        for claim in claims
        if claim.flag == "SOURCE" and expected.get(claim.id) == "agree" and claim.verdict != "agree"
    )


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StatementError(f"{path}: cannot read: {str(error).splitlines()[0]}") from error
