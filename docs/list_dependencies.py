"""List what the packages depend on, with licences.

``python docs/list_dependencies.py`` writes reference/dependencies.md. Direct dependencies come
from setup.cfg, what they need in turn and all licences from the metadata of what is installed.
"""

from __future__ import annotations

import configparser
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

from hw_specs.output import write_text

_ROOT = Path(__file__).parents[1]
PAGE = _ROOT / "docs" / "reference" / "dependencies.md"
#: Extras that a user installs; the others are for those who change the project.
EXTRAS = ("trace", "validate", "whatif", "report", "explore", "fast")
_LEAD = """\
# Dependencies

`pip install roofcast` alone needs the first table: 126 MB beside pip. `import simulator` takes 0.02 s of processor time
at most, `from simulator import simulate` 0.9 s on a core that others use as well, where `import numpy` takes 0.17 s and
`simulate --help` 1.2 s (`python benchmarks/install.py` measures all of it in an environment of its own).

The bounds of it, of `validate` and of `whatif` are the oldest versions that `.ci/run` tries; it tries the newest that
there are too, and all tests run with those of `constraints.txt`. Known weaknesses of what is installed are listed by
`pip install pip-audit && pip-audit`, which needs the advisories of PyPI or OSV.

This page is written by `python docs/list_dependencies.py` from the metadata of what is installed.
"""


def name_of(requirement: str) -> str:
    """Name of a package as indices write it."""
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")


def direct() -> dict[str, list[str]]:
    """Requirements of setup.cfg, those without an extra under an empty name."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(_ROOT / "setup.cfg")
    extras = parser["options.extras_require"]
    return {"": parser["options"]["install_requires"].split(), **{extra: extras[extra].split() for extra in EXTRAS}}


def licence(name: str) -> str:
    """Licence that a package states, in a few words; empty where it is not installed."""
    try:
        stated = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    words = [c.rpartition(" :: ")[2] for c in stated.get_all("Classifier") or [] if c.startswith("License :: ")]
    text = stated.get("License-Expression") or "; ".join(words) or (stated.get("License") or "").splitlines()[:1]
    return str(text[0] if isinstance(text, list) and text else text or "not stated")[:80].replace("|", "/")


def needed_by(names: set[str]) -> set[str]:
    """Packages that some packages need in turn, as far as they are installed."""
    found, waiting = set[str](), list(names)
    while waiting:
        try:
            wanted = importlib.metadata.requires(waiting.pop()) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        new = {name_of(w) for w in wanted if "extra ==" not in w and licence(name_of(w))} - found
        found |= new
        waiting.extend(new)
    return found


def _tables() -> Iterator[str]:
    for extra, requirements in direct().items():
        title = f"roofcast[{extra}]" if extra else "roofcast"
        yield f"\n## {title}\n\n| package | bound | licence |\n|---|---|---|"
        for requirement in requirements:
            name = name_of(requirement)
            yield f"| {name} | {requirement[len(name) :] or 'any'} | {licence(name) or 'not installed here'} |"
        others = sorted(needed_by({name_of(r) for r in requirements}) - {name_of(r) for r in requirements})
        if others:
            listed = ", ".join(f"{name} ({licence(name)})" for name in others)
            yield f"\nThese need in turn: {listed}."


def page() -> str:
    """Text of the page."""
    return _LEAD + "\n".join(_tables()) + "\n"


if __name__ == "__main__":
    write_text(PAGE, page())
