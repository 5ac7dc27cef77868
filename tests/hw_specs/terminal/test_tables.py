"""Tables fit into any width: what says least goes first, names lose their middle, numbers stay whole."""

from __future__ import annotations

import io
import os
import sys
import types
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.table import Table

from hw_specs.terminal.tables import FittedConsole, counted, hanging, shortened, terminal_console, text_table, width_of


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


def test_a_terminal_that_cannot_move_its_cursor_has_a_width_too(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    assert terminal_console(160, file=io.StringIO(), force_terminal=True).width == 60


@pytest.mark.parametrize("own", [(70, 24), (0, 0)])
def test_a_terminal_says_its_width(own, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(isatty=lambda: True, fileno=lambda: 1))
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size(own))
    assert width_of(160) == (own[0] or 80)


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


class TestText:
    """Tables and lines as text, which a command prints beside other text."""

    ROWS = (("unet.down_blocks.0.attentions.0.attn1", "self", "4096", "12.5 %"), ("vae", "cross", "77", "1.0 %"))
    COLUMNS = ("module", "kind", "source", "MAPE")

    def test_where_nobody_says_a_width_all_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("COLUMNS", raising=False)
        assert text_table(self.COLUMNS, self.ROWS, left=2) == (
            "module                                kind  source   MAPE\n"
            "unet.down_blocks.0.attentions.0.attn1 self    4096 12.5 %\n"
            "vae                                   cross     77  1.0 %\n"
        )

    @pytest.mark.parametrize(("width", "names", "first"), [(40, 0, 20), (40, 30, 33)])
    def test_columns_go_by_what_they_say(
        self, width: int, names: int, first: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        header, row, _ = text_table(self.COLUMNS, self.ROWS, left=2, names=names).splitlines()
        assert "MAPE" in header
        assert ".." in row
        assert row.split()[0].endswith("attn1")
        assert max(len(header), len(row)) <= width
        assert ("source" in header) == (names == 0)
        assert len(row.split()[0]) <= first

    def test_lines_hang_below_what_stands_before_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("COLUMNS", raising=False)
        assert hanging("time  ", "one " * 100) == "time  " + "one " * 100
        monkeypatch.setenv("COLUMNS", "40")
        assert hanging("time      ", "three words and then some more of them") == (
            "time      three words and then some more\n          of them"
        )

    def test_room_for_names_counts_where_names_are_short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        header, row = text_table(self.COLUMNS, [("vae", "cross", "77", "1.0 %")], names=30).splitlines()
        assert header.split() == ["module", "MAPE"]
        assert row == f"{'vae':<30} 1.0 %"

    def test_a_word_with_no_room_at_all_is_broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        assert hanging("", "x" * 50) == f"{'x' * 40}\n{'x' * 10}"
        assert hanging("  ", "x" * 50) == f"  {'x' * 38}\n  {'x' * 12}"
        assert counted(Counter({"few": 2, "many " * 9: 30})) == [
            *("    30  many many many many many many", "        many many many", "     2  few"),
        ]

    def test_what_has_no_room_beside_begins_below(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        assert hanging(f"{'x' * 30}  ", "four words of text") == f"{'x' * 30}\n    four words of text"
