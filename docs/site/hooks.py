"""What is done to every page: commands that are marked `run` are run, and formulas become MathML."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parents[2]
#: A fence of commands whose output belongs to the page.
RUN = re.compile(r"```sh run\n(.*?)```", re.DOTALL)
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
#: Roles of reStructuredText in docstrings, which stand before their text.
_ROLE_OF_MATH = re.compile(r":math:\s*<code>([^<]*)</code>")
_ROLE = re.compile(r":(?:func|class|mod|meth|attr|data):\s*(?=<code>)")


@functools.cache
def output_of(commands: str) -> str:
    """What a fence of commands prints, in a folder of its own as wide as a page shows."""
    environment = os.environ | {"COLUMNS": "84", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["bash", "-eu", "-c", commands],
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
        )
    if done.returncode:
        raise PluginError(f"{commands.strip()}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with what its commands print."""

    def with_output(found: re.Match[str]) -> str:
        return f"```sh\n{found[1]}```\n\n```text\n{output_of(found[1])}```"

    return RUN.sub(with_output, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """The page with formulas as MathML, which browsers draw without a script."""

    def formula(found: re.Match[str]) -> str:
        display = "block" if found[1] == "div" else "inline"
        return convert(found[2].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"), display=display)

    html = _ROLE_OF_MATH.sub(lambda found: convert(found[1]), _FORMULA.sub(formula, html))
    return _ROLE.sub("", html)
