"""Oldest versions that setup.cfg admits, one requirement a line: what .ci/run installs to try them."""

from __future__ import annotations

import configparser
from pathlib import Path

# Those of `trace` are left out: PyTorch's oldest release here is a CUDA build of several GB.
_EXTRAS = ("validate", "whatif")


def lower_bounds(setup: Path) -> list[str]:
    """``name==version`` for every ``name>=version`` that the packages need."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(setup)
    wanted = parser["options"]["install_requires"].split()
    for extra in _EXTRAS:
        wanted += parser["options.extras_require"][extra].split()
    return [requirement.replace(">=", "==") for requirement in dict.fromkeys(wanted)]


if __name__ == "__main__":
    print("\n".join(lower_bounds(Path(__file__).parents[1] / "setup.cfg")))
