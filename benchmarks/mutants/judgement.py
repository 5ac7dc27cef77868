"""What is wrong with how a command ended; nothing, for a result that agrees with itself and for one line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["judge"]

_OPENINGS = ("simulate: ", "hwspec: ", "validate: ", "trace: ", "whatif: ")
#: Times that nobody takes for a result. [s]
_LONGEST = 1e12


def judge(argv: list[str], status: int, out: str, err: str) -> str:
    """One line that says what is wrong, or an empty one.

    Parameters
    ----------
    argv : list of str
        The command.
    status : int
        As it ended.
    out, err : str
        What it wrote.
    """
    if "Traceback" in err or "Traceback" in out:
        return f"traceback printed: {(err or out).splitlines()[-1][:100]}"
    if status not in (0, 1, 2):
        return f"status {status}"
    if status == 2:
        return _refusal(err)
    if status == 0 and argv[1:2] != ["convert"]:
        return _result(argv, out)
    return ""


def _refusal(err: str) -> str:
    lines = err.splitlines()
    if not err.strip():
        return "status 2 without a line"
    if any(not line.startswith(_OPENINGS) and "mutant" not in line for line in lines):
        return f"status 2 with {lines[:2]}"
    return ""


def _result(argv: list[str], out: str) -> str:
    if "json" in argv:
        try:
            tree = json.loads(out)
        except ValueError as error:
            return f"no JSON: {error}"
        said = next(_disagreements(tree), "")
        # A part that is like none is predicted as asked, and said to be one.
        return "" if said.startswith(".latency is ") and "known parts have" in str(tree.get("remarks")) else said
    # A name may be "nan", where a mutant says so.
    if re.search(r"(?<![\w.\"])[-+]?(nan|inf) ?(s|ms|us|%|GB|W|J)\b", out):
        return "a figure that is none"
    if re.search(r"\d{13,}(\.\d+)? ?(s|%|ms)\b", out):
        return "a figure that nobody believes"
    return ""


def _disagreements(tree: Any, path: str = "") -> Iterator[str]:
    """Numbers of a result that cannot all be right."""
    if isinstance(tree, dict):
        low, high = tree.get("low"), tree.get("high")
        if isinstance(low, int | float) and isinstance(high, int | float) and not low <= high:
            yield f"{path}: an interval from {low} to {high}"
        for key, value in tree.items():
            yield from _disagreements(value, f"{path}.{key}")
    elif isinstance(tree, list):
        for value in tree:
            yield from _disagreements(value, path)
    elif isinstance(tree, float) and not math.isfinite(tree):
        yield f"{path} is {tree}"
    elif isinstance(tree, int | float) and not isinstance(tree, bool):
        key = path.rpartition(".")[2]
        if key in ("share", "coverage", "direct_share", "named_share") and not -1e-9 <= tree <= 1 + 1e-9:
            yield f"{path} is {tree}"
        if (key == "latency" or key.endswith("_time")) and not 0 <= tree < _LONGEST:
            yield f"{path} is {tree}"
