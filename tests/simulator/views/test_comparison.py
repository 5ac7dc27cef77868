from __future__ import annotations

import csv
import io
import json

from rich.console import Console

from simulator.comparison import Comparison, Speedup
from simulator.uncertainty.ratios import RatioInterval
from simulator.views.comparison import ComparedParts, comparison_to_csv, comparison_to_json, print_comparison


def speedup(ratio: float, interval: bool = True) -> Speedup:
    ends = RatioInterval(ratio=ratio, low=0.9 * ratio, high=1.1 * ratio, level=0.8, coverage=0.81, count=672)
    return Speedup(latency=0.5, reference=0.5 * ratio, ratio=ratio, interval=ends if interval else None)


def comparison(interval: bool = True) -> Comparison:
    return Comparison(
        model="stable-diffusion",
        accelerator="H100-SXM5-80GB",
        reference="A100-SXM4-80GB",
        changes=("accelerator",),
        whole=speedup(2.0, interval),
        by_stage={"unet": speedup(1.9, interval)},
        by_category={"convolution": speedup(2.1, interval)},
    )


def text(of: Comparison, chosen: ComparedParts | None = None) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        print_comparison(of, console, chosen)
    return capture.get()


def test_the_table_has_every_part_with_its_interval_in_80_columns() -> None:
    lines = text(comparison()).splitlines()
    assert max(map(len, lines)) <= 80
    (whole,) = (line for line in lines if line.startswith("whole"))
    assert whole.split() == ["whole", "500", "ms", "1", "s", "2", "1.8", "to", "2.2"]
    assert any(line.startswith("stage unet") for line in lines)
    assert "held 81 % of 672 pairs" in " ".join(lines)


def test_a_bound_says_that_it_has_no_interval() -> None:
    assert "no interval" in text(comparison(interval=False))


def test_json_and_csv_have_the_same_numbers() -> None:
    plain = json.loads(comparison_to_json(comparison()))
    assert plain["whole"]["interval"]["high"] == 2.2
    rows = list(csv.DictReader(io.StringIO(comparison_to_csv(comparison()))))
    assert [row["view"] for row in rows] == ["whole", "stage", "category"]
    assert float(rows[0]["ratio"]) == plain["whole"]["ratio"]
    assert rows[1]["name"] == "unet"


def test_the_answer_comes_first() -> None:
    lines = text(comparison()).splitlines()
    assert lines[2].split(maxsplit=2)[2] == "2x as fast as the reference: 500 ms against 1 s"
    assert "80 % interval 1.8x to 2.2x" in lines[3]


def test_parts_by_a_key_take_the_place_of_stages() -> None:
    chosen = ComparedParts(by="operator", parts={"mm": speedup(3.0), "add": speedup(1.5)}, top=1)
    shown = text(comparison(), chosen)
    assert "operator mm" in shown
    assert "\n1 more\n" in shown
    assert "stage unet" not in shown
    plain = json.loads(comparison_to_json(comparison(), chosen))
    assert (plain["by"], [part["name"] for part in plain["parts"]], plain["left_out"]) == (
        "operator",
        ["mm"],
        {"count": 1},
    )
    assert "by_stage" not in plain
    rows = list(csv.DictReader(io.StringIO(comparison_to_csv(comparison(), chosen))))
    assert [(row["view"], row["name"]) for row in rows] == [("whole", ""), ("operator", "mm")]
