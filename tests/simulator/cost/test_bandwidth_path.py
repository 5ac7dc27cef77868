"""The way of the DRAM bandwidth from a file to a kernel's time is short: one fact, few hands and few forms."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from hw_specs import CalibrationPool, apply_overrides, load_accelerator
from simulator.cost import HardwareColumns, hardware_columns
from simulator.cost.families import group_cost
from simulator.kernels import FamilyTable, RowKind, RowWise

#: Functions that have the number in hand between the file and the kernel's time, and forms that it has on the way:
#: text, field of a record, column, term of a kernel.
MOST_HOPS, MOST_FORMS = 7, 4

PACKAGES = ("hw_specs", "simulator")
ROOT = Path(__file__).parents[3]
TEXT, VALUE = "1.234567 TB/s", 1.234567e12
FILE = f"""\
name: Mine
vendor: X
architecture: ampere
kind: gpu
peak: {{matrix: {{bf16: 100 TFLOP/s}}, vector: {{fp32: 10 TFLOP/s}}}}
cores: {{count: 100, kind: SM, clock: 1 GHz}}
memory: {{l2: {{capacity: 40 MB, bandwidth: 6 TB/s}}, dram: {{capacity: 40 GB, bandwidth: {TEXT}}}}}
sources: [made up for tests]
"""


def is_the_number(value: object) -> bool:
    """Whether a value is the bandwidth itself, not a record that holds it among others."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and bool((value == VALUE).any())
    return value == (TEXT if isinstance(value, str) else VALUE) if isinstance(value, str | float) else False


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(FILE, encoding="utf-8")
    return file


def test_few_functions_have_the_number_in_hand(path: Path) -> None:
    hands: dict[str, None] = {}

    def watch(frame: FrameType, event: str, result: object) -> None:
        code = frame.f_code
        of_ours = any(Path(code.co_filename).is_relative_to(ROOT / package) for package in PACKAGES)
        # What a comprehension has in hand is its function's.
        if event != "return" or not of_ours or code.co_name.startswith("<"):
            return
        if is_the_number(result) or any(map(is_the_number, frame.f_locals.values())):
            hands[code.co_qualname] = None

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        columns = hardware_columns([load_accelerator(str(path))], CalibrationPool.empty())
    finally:
        sys.setprofile(before)
    assert columns.dram_achievable_copy.tolist() == [VALUE]
    assert {"parse_quantity", "dram_achievable_copy"} <= set(hands)
    assert len([*hands, "the cost function"]) <= MOST_HOPS, list(hands)


def moved(columns: HardwareColumns, others: HardwareColumns) -> set[str]:
    arrays = [f.name for f in fields(columns) if isinstance(getattr(columns, f.name), np.ndarray)]
    return {
        name for name in arrays if not np.array_equal(getattr(columns, name), getattr(others, name), equal_nan=True)
    }


@pytest.fixture
def kernels(table, matmul) -> dict[str, FamilyTable]:
    """Kernels that wait for the DRAM, by their parameter group."""
    rows = {"rows": 1e6, "row_length": 256.0, "bytes_read": 1e9, "bytes_written": 1e9, "itemsize": 4.0, "held": True}
    return {
        "stream": table(bytes_read=8e9, bytes_written=4e9, elements=1e9),
        "softmax": table(RowWise, kind=RowKind.SOFTMAX, **rows),
        "matmul": matmul(16, 8192, 8192),
    }


@pytest.mark.parametrize("group", ["stream", "softmax", "matmul"])
def test_a_kernel_reads_one_column_that_follows_one_field(path, kernels, group) -> None:
    """The columns differ in meaning: of the datasheet, as reads and as copies reach it; a kernel asks for one."""
    part = load_accelerator(str(path))
    faster = apply_overrides(part, ["memory.dram.bandwidth=1.01x"])
    before, after = part.memory.dram.model_dump(), faster.memory.dram.model_dump()
    assert {name for name in before if before[name] != after[name]} == {"bandwidth"}
    plain, other = (hardware_columns([x], CalibrationPool.empty()) for x in (part, faster))
    columns = {name for name in moved(plain, other) if name.startswith("dram_")}
    assert columns == {"dram_bandwidth", "dram_achievable_read", "dram_achievable_copy"}
    time = group_cost(group, kernels[group], plain).time[0, 0]
    each = {name: replace(plain, **{name: getattr(other, name)}) for name in columns}
    read = [name for name, hardware in each.items() if group_cost(group, kernels[group], hardware).time[0, 0] < time]
    assert len(read) == 1
    assert len(["text", "field", *read, "term"]) <= MOST_FORMS
