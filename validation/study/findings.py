"""What the tables of a study say of its statements."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from .statements import Definition, Measure, Statement, Verdict
from .study import StudyError
from .table import Cell, Table, TableError

__all__ = [
    "Claim",
    "Finding",
    "Judge",
    "Tables",
    "UntestableError",
    "broken",
    "judged",
    "listed",
    "models_of",
    "named_table",
]

Tables = Mapping[str, Table]

_Outcome = TypeVar("_Outcome")


class UntestableError(LookupError):
    """The tables lack what a statement needs, as in a study of few models."""

    def __str__(self) -> str:
        """Message without the quotes that a KeyError would add."""
        return str(self.args[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What our tables say of a statement.

    Attributes
    ----------
    ours : str
        In words.
    values : mapping of str to float
        Numbers that criteria are held against; shares are fractions.
    evidence : str
        What else was computed, so that the verdict can be followed.
    """

    ours: str
    values: Mapping[str, float] = field(default_factory=dict)
    evidence: str = ""


#: A judge takes the tables by name, and by keyword what a statement says under ``with``.
Judge = Callable[..., Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the study beside our finding.

    Attributes
    ----------
    id, claim, paper, source, section, rule : str
        As in :class:`validation.study.statements.Statement`.
    ours : str
    elsewhere : str
        Our figures under other definitions, where ours disagrees.
    verdict, expected : {"agree", "explained", "disagree", "untestable"}
    why : str
        What the verdict rests on, and where it comes from if we disagree.
    flag : str
        ``SOURCE``: the statement was read in a public page. There is no other kind.
    """

    id: str
    claim: str
    flag: str = "SOURCE"
    paper: str
    ours: str
    elsewhere: str
    verdict: Verdict
    why: str
    rule: str
    source: str
    section: str
    expected: Verdict

    def to_dict(self) -> dict[str, str]:
        """Plain form for JSON."""
        return asdict(self)


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


def models_of(table: Table, **wanted: Cell) -> list[str]:
    """Models of a table that fit, stand-ins left out: no claim rests on one.

    Raises
    ------
    UntestableError
        There are none.
    """
    found = [str(model) for model in table.distinct("model", stand_in=False, **wanted)]
    if not found:
        raise UntestableError(f"no model with {', '.join(f'{k} {v}' for k, v in wanted.items())}")
    return found


def listed(values: Mapping[str, float], form: str = "{:.0%}") -> str:
    """``name value, name value``."""
    return ", ".join(f"{name} {form.format(value)}" for name, value in values.items())


def judged(statements: Iterable[Statement], tables: Tables, judges: Mapping[str, Judge]) -> tuple[Claim, ...]:
    """Claims in the order of the statements.

    Raises
    ------
    StudyError
        A statement names a judge, an argument of it or a number of it that there is not.
    """
    return tuple(_claim(statement, tables, judges) for statement in statements)


def _claim(statement: Statement, tables: Tables, judges: Mapping[str, Judge]) -> Claim:
    verdict: Verdict = "untestable"
    elsewhere = ""
    try:
        finding = _finding(statement.id, statement.measure, tables, judges)
        verdict = _held(statement.id, statement.verdict, finding)
        if verdict == "disagree":
            verdict, elsewhere = _explained(statement, tables, judges)
    except (UntestableError, TableError) as error:
        finding = Finding(ours="not computed", evidence=f"Not part of this run: {error}.")
    return Claim(
        id=statement.id,
        claim=_line(statement.claim),
        paper=statement.paper,
        ours=finding.ours,
        elsewhere=elsewhere,
        verdict=verdict,
        why=_line(f"{finding.evidence} {statement.remark}"),
        rule=_line(statement.rule),
        source=statement.source,
        section=statement.section,
        expected=statement.expected,
    )


def _explained(statement: Statement, tables: Tables, judges: Mapping[str, Judge]) -> tuple[Verdict, str]:
    """Whether another definition agrees, and our figures under each."""
    found = [_redefined(statement.id, definition, tables, judges) for definition in statement.definitions]
    verdict: Verdict = "explained" if any(holds for holds, _ in found) else "disagree"
    return verdict, " ".join(text for _, text in found)


def _redefined(statement: str, definition: Definition, tables: Tables, judges: Mapping[str, Judge]) -> tuple[bool, str]:
    try:
        finding = _finding(statement, definition.measure, tables, judges)
    except (UntestableError, TableError) as error:
        return False, f"Read as {_line(definition.text)}: not part of this run: {error}."
    holds = _held(statement, definition.holds, finding)
    return holds, f"Read as {_line(definition.text)}: {finding.ours}, which {'agrees' if holds else 'disagrees'}."


def _finding(statement: str, measure: Measure | None, tables: Tables, judges: Mapping[str, Judge]) -> Finding:
    if measure is None:
        return Finding(ours="")
    if measure.judge not in judges:
        raise StudyError(f"statement {statement}: no judge {measure.judge!r}; valid: {', '.join(sorted(judges))}")
    judge = judges[measure.judge]
    try:
        inspect.signature(judge).bind(tables, **measure.arguments)
    except TypeError as error:
        raise StudyError(f"statement {statement}: judge {measure.judge}: {error}") from error
    return judge(tables, **measure.arguments)


def _held(statement: str, criterion: Callable[[Mapping[str, float]], _Outcome], finding: Finding) -> _Outcome:
    """What a criterion makes of the numbers of a finding."""
    try:
        return criterion(finding.values)
    except KeyError as error:
        valid = ", ".join(finding.values)
        raise StudyError(f"statement {statement}: criterion on {error.args[0]!r}; valid: {valid}") from error


def _line(text: str) -> str:
    return " ".join(text.split())


def broken(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Claims that are on record as reproduced and no longer are."""
    kept = {"agree": ("agree",), "explained": ("agree", "explained")}
    return tuple(claim for claim in claims if claim.verdict not in kept.get(claim.expected, (claim.verdict,)))
