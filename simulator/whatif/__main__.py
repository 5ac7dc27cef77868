"""Command line: ``whatif compare`` and its siblings, one for each kind of question."""

from __future__ import annotations

from hw_specs.terminal.commands import Application
from hw_specs.terminal.running import run_command_line
from simulator.commands.strays import option_of
from simulator.user_errors import USER_ERRORS
from simulator.whatif.commands.compare import compare_command
from simulator.whatif.commands.explore import explore_command
from simulator.whatif.commands.scale import scale_command
from simulator.whatif.commands.search import search_command
from simulator.whatif.commands.sensitivity import sensitivity_command
from simulator.whatif.commands.sweep import sweep_command

__all__ = ["app", "main"]

app = Application(
    "What other hardware, software or sizes would make of a workload.",
    {"Options and examples of a command": "whatif compare --help"},
)
app.command(
    "compare",
    examples={
        "Which of these parts": "whatif compare --model sdxl --hw h100 --hw l40s --hw rtx_4090",
        "Every combination of two options": "whatif compare --model sdxl --hw h100 --batch 1 --batch 8 --dtype fp16",
        "A part beside one with a change": "whatif compare --model sdxl --hw h100 --set memory.dram.bandwidth=2x",
    },
)(compare_command)
app.command(
    "scale",
    examples={
        "How it grows, and the largest that fits": "whatif scale --model sdxl --hw rtx_4090 --axis batch",
        "How many devices until it stops paying": "whatif scale --model flux-dev --hw h100 --axis devices",
    },
)(scale_command)
app.command(
    "sweep",
    examples={
        "Every design of a study": "whatif sweep study.yaml -o results",
        "On four threads": "whatif sweep study.yaml -o results --workers 4",
    },
)(sweep_command)
app.command("search", examples={"Designs that no other is better than": "whatif search study.yaml -o front"})(
    search_command
)
app.command(
    "sensitivity",
    examples={
        "What each field of a part is worth": "whatif sensitivity --model sdxl --hw h100",
        "As a picture too": "whatif sensitivity --model sdxl --hw h100 --plot worth.png",
    },
)(sensitivity_command)
app.command(
    "explore",
    examples={"Figures that move while a design is changed": "whatif explore --model sdxl --hw h100"},
)(explore_command)


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "whatif", USER_ERRORS, option_of)


if __name__ == "__main__":
    main()
