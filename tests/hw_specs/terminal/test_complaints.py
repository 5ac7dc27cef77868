"""Lines about command lines that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.main import get_command

from hw_specs.terminal.complaints import complaint
from hw_specs.terminal.places import writable

app = typer.Typer(rich_markup_mode=None)


@app.command("go")
def go(
    where: Annotated[str, typer.Argument(help="To which place.")],
    batch: Annotated[list[int] | None, typer.Option(help="Outputs.")] = None,
    scale: Annotated[float, typer.Option(help="How large.")] = 1.0,
    top: Annotated[int, typer.Option(min=1, max=9, help="Rows.")] = 1,
    hw: Annotated[str, typer.Option(help="Part.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", callback=writable(".json"), help="File.")] = None,
) -> None:
    pass


@app.command("stay")
def stay(name: Annotated[str, typer.Option(help="Whose name.")]) -> None:
    pass


_ERROR = typer.BadParameter.__mro__[1]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("go x --batch two", "--batch: 'two' is not a whole number"),
        ("go x --batch 1 --batch=1.5", "--batch: '1.5' is not a whole number"),
        ("go x --batch 1,2", "--batch: '1,2' is not a whole number; give --batch once for each"),
        ("go x --scale y", "--scale: 'y' is not a number"),
        ("go x --top 0", "--top is 0; it must be at least 1"),
        ("go x --top 10", "--top is 10; it must be at most 9"),
        ("go x --batch-size 2", "No such option: --batch-size; did you mean --batch?"),
        ("go x --xyzzy", "No such option: --xyzzy; --help lists them"),
        ("go x -o y.txt", "--output: y.txt: valid: a file that ends in .json"),
        ("stay", "Missing option '--name': whose name"),
        ("wait", "No such command 'wait'; valid: go, stay"),
        ("sta", "No such command 'sta'; did you mean 'stay'? valid: go, stay"),
        ("mine.json", "No such command 'mine.json'; files follow a command; valid: go, stay"),
    ],
)
def test_lines(words: str, line: str) -> None:
    assert _complaint(words) == line


def test_a_stray_word_gets_its_option_where_the_command_has_it() -> None:
    known = {"a100": "--hw a100", "sdxl": "--model sdxl"}
    assert _complaint("go x a100", known).endswith("(a100); did you mean --hw a100?")
    assert _complaint("go x sdxl", known).endswith("values follow the names of their options, which --help lists")
    assert _complaint("go x fast", known).endswith("values follow the names of their options, which --help lists")


def _complaint(text: str, known: dict[str, str] | None = None) -> str:
    words = text.split()
    with pytest.raises(_ERROR) as caught:
        get_command(app).main(words, standalone_mode=False)
    return complaint(caught.value, ("go", "stay"), words, (known or {}).get)
