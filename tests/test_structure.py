"""The repository itself: tests mirror the source, sizes, names, registries, and what the wheel holds."""

from __future__ import annotations

import ast
import configparser
import functools
import importlib
import re
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("hw_specs", "tracer", "simulator", "validation")
MODULES = tuple(sorted(p.relative_to(ROOT) for package in PACKAGES for p in (ROOT / package).rglob("*.py")))
_LONGEST_FILE = 400
_LONGEST_FUNCTION = 60
_MEDIAN_FUNCTION = 6
# Modules of a folder where a reader has to find one by its name; folders whose files are found by listing hold more.
_LARGEST_ROOM = 12
_LISTED = ("tracer/workloads", "tracer/workloads/modules", "tracer/operators", "tracer/formats", "simulator/lowering")
# Loading with a loader of one's own is yaml.load(text, Loader=...), which names it.
_RUNS_DATA = re.compile(
    r"\bimport pickle\b|yaml\.load\(\w+\)|yaml\.(?:full|unsafe)_load|allow_pickle=True|(?<![.\w])(?:eval|exec)\("
)


# The one module that opens files for writing; what libraries write, they write into its streams.
_WRITER = Path("hw_specs/output.py")
_WRITING = {"write_text", "write_bytes", "touch", "rename", "symlink_to", "hardlink_to"}
_OPENED_FOR = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}
_OF_THE_SYSTEM = {"os": ["replace", "rename", "renames", "link", "symlink", "truncate", "mknod", "mkfifo"]}
_OF_THE_SYSTEM["shutil"] = ["copy", "copy2", "copyfile", "copytree", "move", "make_archive"]
_OF_FRAMES = {"to_csv", "to_json", "to_parquet", "to_pickle", "to_html", "to_netcdf", "to_zarr", "write_html"}
_INTO_STREAMS = {"savefig", "save", "savetxt", "savez", "savez_compressed", "write_table", "tofile"}


def _writes_a_file(call: ast.Call) -> bool:
    """Whether a call opens a file for writing, or has a library do so at a path."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    method, owner = isinstance(call.func, ast.Attribute), getattr(getattr(call.func, "value", None), "id", "")
    if name == "open" and owner != "os" and not (call.args and ast.unparse(call.args[0]) == "os.devnull"):
        literals = [a.value for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Constant)]
        return any(isinstance(text, str) and re.fullmatch(r"[rwaxbt+]*[wax+][rwaxbt+]*", text) for text in literals)
    if name in _INTO_STREAMS and method and owner not in ("self", "super"):
        return not {getattr(argument, "id", "") for argument in call.args} & {"stream", "sink", "figure"}
    if (owner, name) == ("os", "open"):
        flags = {n.attr for n in ast.walk(call) if isinstance(n, ast.Attribute)}
        return bool(flags & _OPENED_FOR) and "devnull" not in flags
    if (owner, name) == ("sqlite3", "connect"):
        return "?mode=ro" not in ast.unparse(call)
    if method and name in _OF_FRAMES:
        return bool(call.args) and "path" in ast.unparse(call.args[0])
    return name in _OF_THE_SYSTEM.get(owner, ()) or (method and name in _WRITING and owner not in ("output",))


# Who opens files that users give: within bounds on kind, size, depth and time.
_READERS = {
    Path("hw_specs/reading/bounds.py"),
    Path("tracer/storage/array_archive.py"),
    Path("tracer/storage/file_content.py"),
    Path("tracer/storage/file_kinds.py"),
    Path("tracer/storage/sqlite_file.py"),
    Path("hw_specs/reading/yaml_loader.py"),
}
# Who reads files that lie in the package, that the system keeps, or that this process wrote.
_OWN_FILES = {
    *map(Path, ("hw_specs/output.py", "hw_specs/listing/names.py", "hw_specs/terminal/ending.py")),
    *map(Path, ("simulator/views/html/page.py", "simulator/whatif/explore/server.py", "tracer/library/sources.py")),
    *map(Path, ("tracer/capture/profiling.py", "tracer/capture/machine/device_facts.py")),
    *map(Path, ("tracer/capture/machine/memory.py", "validation/machine/probe/description.py")),
    *map(Path, ("validation/machine/probe/load.py", "validation/errors/accuracy.py")),
    *map(Path, ("validation/measured/sources/miopen.py", "validation/measured/sources/catalogue.py")),
}
_READING = {
    "read_text",
    "read_bytes",
    "ZipFile",
    "GzipFile",
    "mmap",
    "is_zipfile",
    "is_tarfile",
    "read_csv",
    "fromfile",
}
_LOADING = {"np.load", "numpy.load", "json.load", "yaml.load", "yaml.safe_load", "sqlite3.connect", "pickle.load"}


def _reads_a_file(call: ast.Call) -> bool:
    """Whether a call reads a file itself, and not by a function of the bounded readers."""
    name = ast.unparse(call.func)
    last = name.rpartition(".")[2]
    if name in _LOADING or (last == "open" and name in ("open", "io.open", "os.open", "gzip.open", "tarfile.open")):
        return True
    return "." in name and (last in _READING or (last == "open" and name.partition(".")[0] in ("path", "file", "Path")))


def _ids(path: Path) -> str:
    return str(path)


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def _functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Name of each function, the lines of its body without the docstring, and all of its lines with it."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            yield node.name, lines, (node.end_lineno or 0) - node.lineno + 1


class TestMirror:
    @pytest.mark.parametrize("module", [m for m in MODULES if m.name != "__init__.py"], ids=_ids)
    def test_every_module_has_a_test(self, module):
        test = ROOT / "tests" / module.parent / f"test_{module.name}"
        assert test.is_file(), f"{module} has no {test.relative_to(ROOT)}"

    def test_no_test_stays_behind_when_its_module_goes(self):
        """Tests that mirror nothing are about more than one module, and say in their first line what about."""
        modules = {str(ROOT / "tests" / m.parent / f"test_{m.name}") for m in MODULES}
        others = [p for p in (ROOT / "tests").rglob("test_*.py") if str(p) not in modules]
        assert all(ast.get_docstring(ast.parse(p.read_text(encoding="utf-8"))) for p in others)


class TestSizes:
    @pytest.mark.parametrize("module", MODULES, ids=_ids)
    def test_files_and_functions(self, module):
        lines = len((ROOT / module).read_text(encoding="utf-8").splitlines())
        assert lines <= _LONGEST_FILE
        assert {name: n for name, _, n in _functions(module) if n > _LONGEST_FUNCTION} == {}

    def test_functions_are_small(self):
        sizes = sorted(n for module in MODULES for _, n, _ in _functions(module))
        assert statistics.median(sizes) <= _MEDIAN_FUNCTION
        assert sizes[int(0.9 * len(sizes))] <= 30

    def test_rooms_are_small(self):
        rooms = Counter(m.parent.as_posix() for m in MODULES if not m.name.startswith("__"))
        assert {room: n for room, n in rooms.items() if n > _LARGEST_ROOM and room not in _LISTED} == {}


class TestNames:
    def test_no_module_is_a_drawer(self):
        assert {m.stem for m in MODULES} & {"utils", "util", "helpers", "helper", "common", "misc"} == set()

    @pytest.mark.parametrize("module", MODULES, ids=_ids)
    def test_every_module_says_what_it_is(self, module):
        assert ast.get_docstring(_tree(module))

    @pytest.mark.parametrize("module", MODULES, ids=_ids)
    def test_names_that_are_exported_exist(self, module):
        for node in _tree(module).body:
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
                exported = ast.literal_eval(node.value)
                assert len(exported) == len(set(exported))
                assert set(exported) <= _defined(module)


def _defined(module: Path) -> set[str]:
    """Names that a module binds at its top level, and its submodules where it is a package."""
    names = {p.stem for p in (ROOT / module.parent).iterdir()} if module.name == "__init__.py" else set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def _texts(module: Path) -> Iterator[str]:
    """String literals of a module that are no docstrings."""
    documentation = {id(node.value) for node in ast.walk(_tree(module)) if isinstance(node, ast.Expr)}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


@pytest.mark.parametrize("module", [m for m in MODULES if m.parts[0] == "simulator"], ids=_ids)
def test_the_simulator_knows_kinds_of_operators_and_no_names(module):
    assert [text for text in _texts(module) if re.search(r"\w::?\w+$", text)] == []


@pytest.mark.parametrize("module", MODULES, ids=_ids)
class TestHabits:
    def test_only_command_lines_print(self, module):
        calls = [n for n in ast.walk(_tree(module)) if isinstance(n, ast.Call)]
        prints = [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"]
        assert module.name == "__main__.py" or "commands" in module.parts or prints == []

    def test_nothing_is_left_undone(self, module):
        text = (ROOT / module).read_text(encoding="utf-8")
        assert re.findall(r"\bTODO\b|\bFIXME\b|\bXXX\b|raise NotImplementedError", text) == []

    def test_no_assertions_and_no_broad_handlers(self, module):
        tree = _tree(module)
        assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Assert)] == []
        handlers = [n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler)]
        broad = [
            h.lineno for h in handlers if h.type is None or getattr(h.type, "id", "") in ("Exception", "BaseException")
        ]
        assert broad == []

    def test_only_one_module_opens_files_for_writing(self, module):
        """Whoever writes goes through it: links, modes, devices and kills are its matter."""
        found = [n.lineno for n in ast.walk(_tree(module)) if isinstance(n, ast.Call) and _writes_a_file(n)]
        assert module == _WRITER or found == []

    def test_files_are_read_within_bounds(self, module):
        """Whoever reads what users give goes through those that bound kind, size, depth and time."""
        calls = [node for node in ast.walk(_tree(module)) if isinstance(node, ast.Call)]
        found = [ast.unparse(call)[:80] for call in calls if _reads_a_file(call)]
        assert module in _READERS | _OWN_FILES or found == []

    def test_data_are_never_run(self, module):
        assert _RUNS_DATA.findall((ROOT / module).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("code", "writes"),
    [
        ("open(path, 'w')", True),
        ("path.open('ab')", True),
        ("open(path, mode='x')", True),
        ("open(path)", False),
        ("path.write_text(text)", True),
        ("write_text(path, text)", False),
        ("os.open(path, os.O_WRONLY | os.O_CREAT)", True),
        ("os.open(path, os.O_RDONLY)", False),
        ("os.replace(one, other)", True),
        ("text.replace(one, other)", False),
        ("shutil.move(one, other)", True),
        ("sqlite3.connect(path)", True),
        ("sqlite3.connect(f'{path}?mode=ro', uri=True)", False),
        ("figure.savefig(path)", True),
        ("figure.savefig(stream, format='png')", False),
        ("frame.to_csv(path)", True),
        ("frame.to_csv()", False),
        ("np.savez(path, a=a)", True),
    ],
)
def test_writing_is_seen(code, writes):
    call = ast.parse(code, mode="eval").body
    assert _writes_a_file(call) == writes


class TestExtensionFolders:
    """What is added as a file is found as a file."""

    def test_workloads(self):
        from tracer.workloads import iter_pipelines

        folder = ROOT / "tracer" / "workloads"
        declaring = [p.stem for p in sorted(folder.glob("*.py")) if "\nPIPELINES = " in p.read_text(encoding="utf-8")]
        found = [
            pipeline.name
            for stem in declaring
            for pipeline in importlib.import_module(f"tracer.workloads.{stem}").PIPELINES
        ]
        assert sorted(found) == sorted(p.name for p in iter_pipelines())

    def test_accelerators(self):
        from hw_specs import list_accelerators

        assert len(list_accelerators()) == len(list((ROOT / "hw_specs" / "accelerators").glob("*.yaml"))) >= 35

    @pytest.mark.parametrize(
        ("package", "registry"),
        [("simulator.work", "op_work._FORMULAS"), ("simulator.lowering", "rules._RULES")],
    )
    def test_every_kind_is_registered_when_the_package_alone_is_imported(self, package, registry):
        """In a process of its own: what another test has imported does not count."""
        module, _, table = registry.partition(".")
        script = (
            f"import {package}\n"
            f"from {package}.{module} import {table} as found\n"
            "from tracer.operators import FREE, Kind\n"
            "print(sorted(kind.name for kind in Kind if kind not in found and kind not in FREE), len(found))\n"
        )
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603
        assert done.returncode == 0, done.stderr
        missing, _, count = done.stdout.strip().rpartition(" ")
        assert missing == "[]"
        assert int(count) > 40

    def test_operators(self):
        from tracer.operators import iter_operators

        folder = ROOT / "tracer" / "operators"
        declaring = [p.stem for p in folder.glob("*.py") if "\nOPERATORS = " in p.read_text(encoding="utf-8")]
        found = [
            declared for stem in declaring for declared in importlib.import_module(f"tracer.operators.{stem}").OPERATORS
        ]
        assert sorted(d.names for d in found) == sorted(d.names for d in iter_operators())

    def test_trace_formats(self):
        from tracer.formats import format_names

        folder = ROOT / "tracer" / "formats"
        for name in format_names():
            module = importlib.import_module(f"tracer.formats.{name}")
            assert callable(module.recognises)
            assert callable(module.read)
        readers = {p.stem for p in folder.glob("*.py") if "\ndef recognises(" in p.read_text(encoding="utf-8")}
        assert readers == set(format_names())


@functools.cache
def _setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg")
    return parser


def _shipped() -> set[str]:
    """Files that belong into the wheel: modules, and data that the packages read."""
    suffixes = {".py", ".yaml", ".npz", ".typed", ".css", ".js", ".j2"}
    files = (p for package in PACKAGES for p in (ROOT / package).rglob("*") if p.suffix in suffixes)
    return {str(p.relative_to(ROOT)) for p in files}


class TestPackaging:
    def test_the_packages_are_these_four(self):
        from setuptools import find_packages

        include = _setup()["options.packages.find"]["include"].split()
        found = find_packages(str(ROOT), include=include)
        assert {name.partition(".")[0] for name in found} == set(PACKAGES)
        # A folder without __init__.py would stay at home.
        assert {str(m.parent).replace("/", ".") for m in MODULES} <= set(found)

    def test_every_data_file_is_declared(self):
        data = _setup()["options.package_data"]
        for file in sorted(_shipped()):
            path = Path(file)
            if path.suffix == ".py" or path.name == "py.typed":
                continue
            package, *inside = path.parts
            patterns = re.split(r"[,\s]+", data.get(package, "").strip())
            assert any(Path(*inside).match(p) and p.count("/") == len(inside) - 1 for p in patterns), file

    def test_commands_are_there(self):
        for line in _setup()["options.entry_points"]["console_scripts"].split("\n"):
            if not line:
                continue
            module, _, function = line.partition("=")[2].strip().partition(":")
            assert callable(getattr(importlib.import_module(module), function))

    def test_versions_agree(self):
        changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        assert _setup()["metadata"]["version"] in changes or "Unreleased" in changes

    def test_the_wheel_holds_the_packages_and_nothing_else(self, tmp_path):
        pytest.importorskip("build", reason="building the wheel needs build")
        source = tmp_path / "source"
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*", "build", "dist")
        shutil.copytree(ROOT, source, ignore=ignored)
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        (wheel,) = tmp_path.glob("roofcast-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert names == _shipped() | {"roofcast.py"}
