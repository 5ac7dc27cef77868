"""Command ``validate training``: whole runs of language models, forward and backward."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hw_specs import CalibrationPool
from simulator.command_options import Format, Output, check_format
from simulator.views.terminal import emit

from .terminal import progress

__all__ = ["training_command"]


def training_command(
    files: Annotated[list[Path], typer.Argument(help="CSV tables with the columns case, device, measured_ms.")],
    output_format: Format = "table",
    output: Output = None,
) -> None:
    """Predict float32 forward passes and training steps of language models, and print the errors."""
    from validation.training.errors import predict_steps, step_text, to_dict

    check_format(output_format)
    with progress(None) as advance:
        errors = predict_steps(files, CalibrationPool.shipped(), progress=advance)
    emit(json.dumps(to_dict(errors), indent=2) + "\n" if output_format == "json" else step_text(errors), output)
