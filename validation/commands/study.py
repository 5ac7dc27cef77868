"""``validate study``: a published study made again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from simulator.command_options import Format, check_format
from simulator.views.terminal import remark
from validation.published.case import CaseError

from .terminal import progress

__all__ = ["study_command"]


def study_command(
    name: Annotated[str, typer.Argument(help="A study that ships, such as golden2023, or its YAML file.")],
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for tables (CSV), figures and the page (HTML).")
    ] = None,
    output_format: Format = "table",
) -> None:
    """Regenerate every table and figure of a study, and hold its claims against our numbers.

    Exit status 1 if a claim that is marked as reproduced no longer holds.
    """
    from validation.study import StudyError, load_study, run_study
    from validation.study.presentation.claims import claims_text

    check_format(output_format)
    try:
        study = load_study(name)
        with progress(None) as advance:
            result = run_study(study, folder, progress=advance)
    except StudyError as error:
        raise CaseError(str(error)) from error
    if output_format == "json":
        sys.stdout.write(json.dumps(result.claims, indent=2) + "\n")
    else:
        sys.stdout.write(claims_text(result.claims))
    remark([f"no longer reproduced: {claim.id}: {claim.claim}" for claim in result.broken])
    raise typer.Exit(result.exit_status)
