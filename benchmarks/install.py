"""Size and start of a minimal installation, in an environment of its own: ``python benchmarks/install.py [FOLDER]``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).parents[1]
#: What an environment has before anything is installed.
_BEFORE = ("pip", "setuptools", "pkg_resources", "_distutils_hack")


def main(folder: Path) -> None:
    environment = folder / "minimal"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)  # noqa: S603
    python = str(environment / "bin" / "python")
    constraints = str(_ROOT / "constraints.txt")
    subprocess.run([python, "-m", "pip", "install", "-q", "-c", constraints, str(_ROOT)], check=True)  # noqa: S603
    (packages,) = environment.glob("lib/python*/site-packages")
    print(f"installed beside pip: {sum(_size(p) for p in packages.iterdir() if not p.name.startswith(_BEFORE)):.0f} MB")
    for what in ("import hw_specs, tracer, simulator, validation", "from simulator import simulate", "import numpy"):
        print(f"{what}: {min(_seconds(python, what) for _ in range(5)) - _seconds(python, ''):.2f} s of processor time")
    for name in ("simulate", "trace", "validate", "whatif", "hwspec"):
        help_of = f"import sys; sys.argv = ['{name}', '--help']; import roofcast; roofcast.{name}()"
        print(f"{name} --help: {min(_seconds(python, help_of) for _ in range(5)):.2f} s of processor time")


def _size(path: Path) -> float:
    """Of a file or of all below a folder. [MB]"""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_blocks * 512 for file in files) / 1e6


def _seconds(python: str, code: str) -> float:
    process = subprocess.Popen([python, "-I", "-c", code], cwd="/", stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
