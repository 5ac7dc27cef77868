"""Command line of the catalogue: ``hwspec list``, ``hwspec show NAME``, ``hwspec check`` and ``hwspec convert``."""

from __future__ import annotations

import csv
import enum
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hw_specs.terminal.places import writable

from .architecture import Architecture
from .catalogue import load_accelerator, load_file, retired_fields
from .errors import SpecError
from .hypothetical.assumptions import assumed_lines
from .inheritance.lineage import list_architectures, load_architecture
from .listing.facts import LIST_COLUMNS, as_record, facts, list_row, readable_row
from .listing.names import accelerator_files
from .listing.plausibility import Finding, implausibilities
from .listing.traits import assumptions, trait_rows
from .output import OutputError, write_text
from .overrides import apply_overrides
from .reading.conversion import as_yaml, converted
from .reading.yaml_loader import read_yaml
from .schema import Accelerator
from .terminal.commands import Application
from .terminal.running import run_command_line
from .terminal.tables import terminal_console

app = Application("Datasheet facts about accelerators.", {"Options and examples of a command": "hwspec show --help"})


class Format(enum.StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="Readable units, or SI numbers for programs.")]


@app.command("list", examples={"All accelerators": "hwspec list", "Those of one generation": "hwspec list hopper"})
def list_command(
    pattern: Annotated[str, typer.Argument(help="Part of a name, vendor or architecture.")] = "",
    output: FormatOption = Format.TABLE,
) -> None:
    """List the accelerators of the catalogue."""
    everything = (list_row(load_file(path)) for path in accelerator_files())
    rows = [row for row in everything if _mentions(row.values(), pattern)]
    if not rows:
        raise SpecError(f"no accelerator matches {pattern!r}; 'hwspec list' shows all")
    rows.sort(key=lambda row: (str(row["vendor"]), row["year"] or 0, str(row["name"])))
    if output is Format.JSON:
        _print_json(rows)
    elif output is Format.CSV:
        header = [f"{name} [{unit}]" if unit else name for name, unit in LIST_COLUMNS.items()]
        _print_csv(header, [list(row.values()) for row in rows])
    else:
        _print_table(list(LIST_COLUMNS), [readable_row(row) for row in rows], title="")


@app.command(
    "show",
    examples={
        "Facts, traits and sources": "hwspec show a100",
        "With a change": "hwspec show h100 --set memory.dram.bandwidth=2x",
    },
)
def show_command(
    name: Annotated[str, typer.Argument(help="Name, alias or path of a YAML file.")],
    changes: Annotated[list[str] | None, typer.Option("--set", help="Change a value: PATH=VALUE.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show all facts about one accelerator, its ridge points and its sources."""
    accelerator = apply_overrides(load_accelerator(name), changes or [])
    _say_what_is_left_out(name)
    if output is Format.JSON:
        _print_json(as_record(accelerator))
        return
    known = list(facts(accelerator))
    if output is Format.CSV:
        rows = [[fact.path, fact.value, fact.unit, fact.remark] for fact in known]
        _print_csv(["fact", "value", "unit", "remark"], rows)
        return
    cells = [[fact.path, fact.readable(), fact.remark] for fact in known]
    _print_table(["fact", "value", "remark"], cells, title=accelerator.name)
    _print_traits(accelerator)
    _print_provenance(accelerator)


@app.command("check", examples={"A file of your own": "hwspec check mine.yaml"})
def check_command(
    files: Annotated[list[Path] | None, typer.Argument(help="YAML files; the catalogue if none.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Check that specification files are valid and that their numbers fit together.

    All that is wrong with a file is listed, and of a part that nobody sells what it assumes. Status 1 if a number does
    not fit and the file does not list it as disputed, 2 if a file is refused. A hypothetical part need not keep to the
    rates that datasheets round.
    """
    paths = files or list(accelerator_files())
    for path in paths:
        _say_what_is_left_out(str(path))
    parts = [(path.name, _loaded(path)) for path in paths]
    findings = [(name, finding) for name, part in parts for finding in _implausible(part)]
    rows = [_finding_row(name, finding) for name, finding in findings]
    if output is Format.JSON:
        _print_json([dict(zip(_FINDING_COLUMNS, row, strict=True)) for row in rows])
    elif output is Format.CSV:
        _print_csv(_FINDING_COLUMNS, rows)
    else:
        _print_table(_FINDING_COLUMNS, rows, title="")
    open_findings = sum(not finding.disputed for _, finding in findings)
    typer.echo(f"{len(paths)} files valid; {open_findings} open findings, {len(rows)} in all", err=True)
    if open_findings:
        raise typer.Exit(1)


def _implausible(part: Accelerator) -> list[Finding]:
    return implausibilities(part, rounded=not part.hypothetical)


def _loaded(path: Path) -> Accelerator:
    """Accelerator of a file; of one that is refused, everything that is wrong with it."""
    try:
        part = load_file(path)
    except SpecError as error:
        for line in error.complaints:
            typer.echo(f"hwspec: error: {line}", err=True)
        raise typer.Exit(2) from error
    if part.hypothetical or part.product is not None:
        for line in assumed_lines(part):
            typer.echo(f"{path}: {line}", err=True)
    return part


def _say_what_is_left_out(name_or_path: str) -> None:
    """Fields of a file that are none any more."""
    for line in retired_fields(name_or_path):
        typer.echo(line, err=True)


@app.command("convert", examples={"A file of an earlier release": "hwspec convert old.yaml -o new.yaml"})
def convert_command(
    file: Annotated[Path, typer.Argument(help="Specification file of an earlier release.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", callback=writable(), help="New file; the terminal by default.")
    ] = None,
) -> None:
    """Write a specification file of an earlier release in the keys of this one. Comments are not kept."""
    tree, changes = converted(read_yaml(file))
    for change in changes or ("nothing to convert",):
        typer.echo(f"{file}: {change}", err=True)
    text = as_yaml(tree)
    if output is None:
        typer.echo(text, nl=False)
    elif output.exists():
        raise SpecError(f"{output}: exists; give a new file")
    else:
        write_text(output, text)


@app.command(
    "architectures",
    examples={"All in short": "hwspec architectures", "Traits, and who states each": "hwspec architectures hopper"},
)
def architectures_command(
    name: Annotated[str | None, typer.Argument(help="Architecture whose traits to show; all in short if none.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """List the architectures of the catalogue, or the traits of one with who states each."""
    if name is None:
        known = map(load_architecture, list_architectures())
        columns, title = ["name", "vendor", "parent", "like", "engine"], ""
        rows = [[a.name, a.vendor or "", a.parent or "", a.like or "", a.engine] for a in known]
    else:
        architecture = load_architecture(name)
        columns, title = ["trait", "value", "source"], _line_of(architecture)
        rows = [[row.path, row.value, row.source] for row in trait_rows(architecture)]
    if output is Format.JSON:
        _print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif output is Format.CSV:
        _print_csv(columns, rows)
    else:
        _print_table(columns, rows, title=title)


def _line_of(architecture: Architecture) -> str:
    return f"architecture {' < '.join(architecture.lineage)}"


_FINDING_COLUMNS = ["file", "path", "finding", "state"]


def _finding_row(name: str, finding: Finding) -> list[str]:
    return [name, finding.path, finding.message, "disputed" if finding.disputed else "open"]


def _mentions(values: Iterable[object], pattern: str) -> bool:
    return any(pattern.lower() in str(value).lower() for value in values if isinstance(value, str))


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))


def _print_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, title: str) -> None:
    table = Table(*header, title=title or None, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _print_traits(accelerator: Accelerator) -> None:
    """Traits of the architecture with who states each."""
    architecture = accelerator.traits
    rows = [[row.path, row.value, row.source] for row in trait_rows(architecture)]
    _console().print()
    _print_table(["trait", "value", "source"], rows, title=_line_of(architecture))
    if line := assumptions(architecture):
        _console().print()
        _console().print(line, highlight=False)


def _print_provenance(accelerator: Accelerator) -> None:
    console = _console()
    console.print()
    if accelerator.notes:
        console.print(accelerator.notes, highlight=False)
        console.print()
    console.print("Sources")
    for source in accelerator.sources:
        console.print(f"- {source}", highlight=False)


def _console() -> Console:
    """Console of the terminal's width; wide when the output goes to a file, so that nothing is cut."""
    return terminal_console(160)


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "hwspec", (OutputError, SpecError))


if __name__ == "__main__":
    main()
