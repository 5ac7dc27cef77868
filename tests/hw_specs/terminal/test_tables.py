"""Tables fit into any width: what says least goes first, names lose their middle, numbers stay whole."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.table import Table

from hw_specs.terminal.tables import FittedConsole, shortened, terminal_console, width_of


def _printed(width, *, name="text_encoder_2", columns=("runs", "latency", "80 % interval", "share", "FLOPs", "bytes")):
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="bold")
    table.add_column("stage", no_wrap=True, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    values = {"runs": "50", "latency": "9.335 ms", "80 % interval": "8.17 ms to 10.7 ms", "share": "0.2 %"}
    table.add_row(name, *(values.get(column, "97.38 GFLOP") for column in columns))
    stream = io.StringIO()
    FittedConsole(file=stream, width=width).print(table)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (120, ["stage", "runs", "latency", "80", "%", "interval", "share", "FLOPs", "bytes"]),
        (85, ["stage", "runs", "latency", "80", "%", "interval", "share", "FLOPs"]),
        (75, ["stage", "runs", "latency", "80", "%", "interval", "share"]),
        (36, ["stage", "runs", "latency"]),
        (28, ["stage", "latency"]),
    ],
)
def test_columns_go_by_what_they_say(width, columns):
    head, row = _printed(width)
    assert head.split() == columns
    assert row.split()[0] == "text_encoder_2"
    assert "9.335 ms" in row
    assert max(len(head), len(row)) <= width


def test_names_lose_their_middle():
    head, row = _printed(32, name="unet.down_blocks.2.attentions.1.transformer_blocks.0.attn1.to_q")
    assert head.split() == ["stage", "latency"]
    assert row.startswith("unet.do")
    assert ".to_q " in row
    assert "9.335 ms" in row


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab_.0", max_size=80), st.integers(8, 60))
def test_a_shortened_name_keeps_its_ends(name, width):
    found = shortened(name, width)
    assert len(found) <= width
    assert found == name or (found[:2] == name[:2] and found[-2:] == name[-2:])


@pytest.mark.parametrize(("given", "width"), [("80", 80), ("5", 20), ("", 160), ("wide", 160), ("9" * 9, 160)])
def test_a_pipe_is_as_wide_as_columns_says(given, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", given)
    assert width_of(160) == width
    assert terminal_console(160, file=io.StringIO()).width == width


@pytest.mark.parametrize("width", [200, 40])
def test_names_are_shown_as_they_are_and_nothing_in_them_is_obeyed(width):
    table = Table("name", "latency", box=None)
    name = "void f<T>(T) [with T = float]::[lambda() (instance 1)][/red]\x1b[2J"
    table.add_row(name, "1 s")
    stream = io.StringIO()
    console = FittedConsole(file=stream, width=width)
    console.print(table)
    console.print(name, soft_wrap=True)
    printed = stream.getvalue()
    assert printed.replace("\n", "").isprintable()
    assert "void f<T>(T) [with T = float]::[lambda() (instance 1)][/red]\\x1b[2J\n" in printed
