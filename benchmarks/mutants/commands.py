"""Command lines that read a mutant."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

__all__ = ["commands"]

_Lines = list[list[str]]
_MODELS = ("stable-diffusion", "sdxl", "llama2-7b")


def commands(path: Path, source: Path, rng: random.Random) -> _Lines:
    """Command lines for a mutant of a source; none where it holds nothing that may be run."""
    kind = source.name.partition(".")[0].partition("-")[0]
    make = _BY_KIND.get(kind, _graph if source.suffix == ".npz" else _trace)
    return make(path, rng)


def _simulate(rng: random.Random, *words: str) -> list[str]:
    return ["simulate", *words, *rng.choice([["--format", "json"], ["--format", "json"], [], ["--format", "csv"]])]


def _accelerator(path: Path, rng: random.Random) -> _Lines:
    file, model = str(path), rng.choice(_MODELS)
    about = rng.choice([["check", file], ["show", file], ["show", file, "--format", "json"], ["convert", file]])
    beside = ["whatif", "compare", "--model", "stable-diffusion", "--hw", "a100", "--hw", file, "--format", "json"]
    uses = [
        *[_simulate(rng, "--hw", file, "--model", model)] * 3,
        _simulate(rng, "--hw", file, "--model", model, "--fidelity", "roofline", "--execution", "compiled"),
        _simulate(rng, "--hw", file, "--model", model, "--strict"),
        beside,
    ]
    return [["hwspec", *about], rng.choice(uses)]


def _architecture(path: Path, rng: random.Random) -> _Lines:
    """The architecture beside an accelerator of it, where it is looked for first."""
    folder = path.parent / f"{path.stem}-part"
    (folder / "architectures").mkdir(parents=True, exist_ok=True)
    shutil.copy(path, folder / "architectures" / "mutant.yaml")
    part = folder / "mutant-part.yaml"
    part.write_text("name: own\nextends: h100\narchitecture: mutant\nsources: [me]\n", encoding="utf-8")
    return [["hwspec", "check", str(part)], _simulate(rng, "--hw", str(part), "--model", "stable-diffusion")]


def _study(path: Path, rng: random.Random) -> _Lines:
    results = str(path.with_suffix(".results"))
    return [
        ["whatif", rng.choice(["sweep", "sweep", "search"]), str(path), "-o", results],
    ]


def _options(path: Path, rng: random.Random) -> _Lines:
    try:
        options = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return []
    words = [str(given).replace("\0", "") for given in options] if isinstance(options, list) else []
    # What would write a file, or measure this machine, is none of it.
    return [words] if words[:1] and words[0] in ("simulate", "whatif", "hwspec", "trace") else []


def _folder(path: Path, rng: random.Random) -> _Lines:
    """A tree of files as a folder; what is no tree is its first file."""
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    try:
        tree = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
        files = {name: json.dumps(held).encode() for name, held in tree.items()}
    except (ValueError, AttributeError, RecursionError):
        files = {"model_index.json": path.read_bytes()}
    for name, content in files.items():
        readable = name.encode("utf-8", errors="replace").decode()  # no file's name has half of a surrogate pair
        inside = folder / readable.replace("\0", "").replace("..", "")[:100]
        if folder in inside.parents and not inside.is_dir():
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.write_bytes(content)
    return [_simulate(rng, "--hw", "h100", "--model", str(folder))]


def _config(path: Path, rng: random.Random) -> _Lines:
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / "config.json")
    return [_simulate(rng, "--hw", "h100", "--model", str(folder))]


def _graph(path: Path, rng: random.Random) -> _Lines:
    hw = rng.choice(["a100", "mi300x", "tpu_v5e"])
    more = rng.choice([[], [], ["--execution", "compiled"], ["--attention", "naive"], ["--explain", "mm"]])
    return [_simulate(rng, "--hw", hw, "--graph", str(path), *more)]


def _trace(path: Path, rng: random.Random) -> _Lines:
    file = str(path)
    project = ["--trace", file, "--hw", rng.choice(["h200", "mi300x", "tpu_v5e"]), "--from", "a100"]
    lines = [
        *[["validate", "trace", file, "--hw", "a100"], ["validate", "trace", file, "--hw", "a100", "--format", "json"]],
        *[["simulate", *project], ["simulate", *project, "--format", "json"]],
        *[["validate", "trace", file, "--parts"], ["validate", "trace", file, "--against", file, "--hw", "a100"]],
    ]
    return [rng.choice(lines)]


def _measured(path: Path, rng: random.Random) -> _Lines:
    command = rng.choice(["kernels", "kernels", "ratios", "projection"])
    return [["validate", command, str(path), *rng.choice([[], ["--format", "json"]])]]


def _published(path: Path, rng: random.Random) -> _Lines:
    command = rng.choice(["published", "published", "ratios", "kernels"])
    return [["validate", command, str(path), *rng.choice([[], ["--format", "json"]])]]


_BY_KIND: dict[str, Callable[[Path, random.Random], _Lines]] = {
    "accelerator": _accelerator,
    "architecture": _architecture,
    "host": lambda path, rng: [
        _simulate(rng, "--hw", "a100", "--model", rng.choice(_MODELS), "--host", str(path)),
    ],
    "scheme": lambda path, rng: [
        _simulate(rng, "--hw", "h100", "--model", rng.choice(_MODELS), "--quantize", str(path)),
    ],
    "calibration": lambda path, rng: [
        _simulate(rng, "--hw", "a100", "--model", rng.choice(_MODELS), "--calibration", str(path)),
    ],
    "study": _study,
    "options": _options,
    "config": _config,
    "folder": _folder,
    "published": _published,
    "kernels": _measured,
}
