"""A study as one self-contained HTML page: text, tables and images, and nothing to load from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from simulator.uncertainty.intervals import coverage_line
from validation.study.findings import Claim, broken
from validation.study.section import Section
from validation.study.study import Study
from validation.study.table import Cell, Table

__all__ = ["page", "shown"]

# Longer tables are cut on the page; the CSV beside it has all rows.
_MAX_ROWS = 40

_STYLE = """
:root { color-scheme: light; }
body { font-family: "Helvetica Neue", Arial, sans-serif; line-height: 1.5; color: #1a1a1a; background: #fff;
  max-width: 72rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.3rem; margin-top: 3rem; border-bottom: 1px solid #ccc; }
h3 { font-size: 1.05rem; margin-bottom: .3rem; }
p { max-width: 58rem; }
nav ul { columns: 2; padding-left: 1.2rem; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; }
figcaption { font-size: .85rem; color: #555; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .82rem; margin: .6rem 0 1rem; }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .6rem; text-align: left; vertical-align: top; }
th { background: #f3f3f3; } td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.verdict { white-space: nowrap; font-weight: 600; }
.agree { color: #006b4e; } .explained { color: #0b5394; } .disagree { color: #a63c00; } .untestable { color: #555; }
details { margin: .6rem 0; } summary { cursor: pointer; }
.note { color: #555; font-size: .85rem; }
"""

_INTERVALS = (
    "Absolute times carry 80 % intervals, in the table of speed-ups: such intervals {coverage}. Shares, ratios and "
    "exponents, which most statements are about, compare predictions for one part with one another."
)


def page(
    study: Study,
    sections: Sequence[Section],
    *,
    claims: Sequence[Claim],
    accelerator: str,
    images: Mapping[str, bytes],
) -> str:
    """HTML text of a study.

    Parameters
    ----------
    study : Study
    sections : sequence of Section
    claims : sequence of Claim
    accelerator : str
    images : mapping of str to bytes
        PNG of each section's figure, by the section's name.
    """
    parts = "\n".join(_section(s, claims, images.get(s.name)) for s in sections)
    contents = "".join(f'<li><a href="#{s.name}">{escape(s.title)}</a></li>' for s in sections)
    body = f"""
<h1>{escape(study.title)}</h1>
<p>{escape(study.introduction.format(accelerator=accelerator))}</p>
<p>{escape(study.caveats)}</p>
<p>{_INTERVALS.format(coverage=escape(coverage_line()))}</p>
<nav><h2>Contents</h2><ul><li><a href="#claims">Claims</a></li>{contents}</ul></nav>
{_claims_section(claims)}
{parts}
"""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(study.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>{body}</body>\n</html>\n"
    )


def _claims_section(claims: Sequence[Claim]) -> str:
    counts = {v: sum(c.verdict == v for c in claims) for v in _SAID}
    names = ", ".join(claim.id for claim in broken(claims))
    warning = f"<p><strong>No longer reproduced: {names}.</strong></p>" if names else ""
    return f"""<section id="claims"><h2>Claims</h2>
<p>Statements of the study, each read in a public page, and what our simulation says. Of {len(claims)}, we agree
with {counts["agree"]}, disagree with {counts["explained"]} as we read them while another definition, shown with its
figure, agrees, disagree with {counts["disagree"]} under all, and cannot test {counts["untestable"]}. The rule by which
we count as agreeing is given with each statement.</p>{warning}
{_claims_table(claims)}</section>"""


def _claims_table(claims: Sequence[Claim]) -> str:
    heads = ("", "statement", "study", "ours", "verdict", "why, and when we count as agreeing")
    rows = "".join(_claim_row(claim) for claim in claims)
    return f'<div class="scroll"><table><tr>{"".join(f"<th>{h}</th>" for h in heads)}</tr>{rows}</table></div>'


def _claim_row(claim: Claim) -> str:
    return (
        f"<tr><td>{escape(claim.id)}</td><td>{escape(claim.claim)}<br>"
        f'<span class="note">{escape(claim.source)}</span></td>'
        f"<td>{escape(claim.paper)}</td><td>{escape(claim.ours)}{_elsewhere(claim)}</td>"
        f'<td class="verdict {claim.verdict}">{claim.verdict}</td>'
        f'<td>{escape(claim.why)}<br><span class="note">Rule: {escape(claim.rule)}.</span></td></tr>'
    )


def _section(section: Section, claims: Iterable[Claim], image: bytes | None) -> str:
    own = [claim for claim in claims if claim.section == section.name]
    parts = [f'<section id="{section.name}"><h2>{escape(section.title)}</h2>']
    parts.append(f"<h3>What is shown</h3><p>{escape(section.shows)}</p>")
    parts += [f"<p>{escape(remark)}</p>" for remark in section.remarks]
    if image is not None:
        parts.append(_figure(section, image))
    parts.append("<h3>What the study states, and whether we agree</h3>")
    parts.append(_verdicts(own) or "<p>Nothing with a public source.</p>")
    parts += [_table(table) for table in section.tables]
    return "\n".join((*parts, "</section>"))


def _verdicts(claims: Iterable[Claim]) -> str:
    items = "".join(
        f"<li>{escape(c.claim)} <em>Study: {escape(c.paper)}.</em> "
        f'{_ours(c)}<span class="{c.verdict}"><strong>{_SAID[c.verdict]}</strong></span> {escape(c.why)}</li>'
        for c in claims
    )
    return f"<ul>{items}</ul>" if items else ""


def _ours(claim: Claim) -> str:
    ours = f"Ours: {escape(claim.ours)}. " if claim.ours else ""
    return f"{ours}{escape(claim.elsewhere)} " if claim.elsewhere else ours


def _elsewhere(claim: Claim) -> str:
    return f'<br><span class="note">{escape(claim.elsewhere)}</span>' if claim.elsewhere else ""


_SAID = {
    "agree": "We agree.",
    "explained": "We agree under another definition.",
    "disagree": "We disagree.",
    "untestable": "Not testable.",
}


def _figure(section: Section, image: bytes) -> str:
    data = base64.b64encode(image).decode("ascii")
    return (
        f'<figure><img alt="{escape(section.alt)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(section.alt)}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    heads = "".join(f"<th>{escape(table.heading(name).replace('_', ' '))}</th>" for name in table.columns)
    rows = "".join(f"<tr>{''.join(_cell(row[name]) for name in table.columns)}</tr>" for row in table.rows[:_MAX_ROWS])
    cut = f", the first {_MAX_ROWS} shown" if len(table.rows) > _MAX_ROWS else ""
    return (
        f"<details><summary>{escape(table.title)} ({table.name}.csv, {len(table.rows)} rows{cut})</summary>"
        f'<div class="scroll"><table><tr>{heads}</tr>{rows}</table></div></details>'
    )


def _cell(cell: Cell) -> str:
    number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return f'<td class="number">{shown(cell)}</td>' if number else f"<td>{escape(shown(cell))}</td>"


def shown(cell: Cell) -> str:
    """A cell for people: four digits, thousands apart, empty where there is no value."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.4g}" if isinstance(cell, float) else cell
