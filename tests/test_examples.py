"""Examples: the study that ships and the one of the recipe can be run, and the script is short."""

import ast
import re
import textwrap
from pathlib import Path

import pytest

from simulator.whatif.study.study import load_study

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_the_study_is_a_hypercube_of_20000_designs_over_eight_fields():
    study = load_study(EXAMPLES / "sweep.yaml")
    assert len(study.designs) == 20_000
    assert len(study.fields) == 8
    assert study.file.sampling.method == "latin-hypercube"
    assert study.file.models == ("stable-diffusion",)
    assert load_study(EXAMPLES / "sweep.yaml", searched=True).file.search.objectives == ("latency", "energy")


def test_the_script_is_ten_lines_of_calls():
    code = (EXAMPLES / "whatif.py").read_text(encoding="utf-8")
    compile(code, "whatif.py", "exec")
    assert sum(line.startswith(("part", "report", "print", "study", "designs")) for line in code.splitlines()) <= 10


def test_the_recipe_of_a_study_is_one():
    recipes = (EXAMPLES.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.search(r"\*\*A what-if study\.\*\*.*?\n\n((?:    .*\n)+)", recipes)
    assert found
    study = load_study(textwrap.dedent(found[1]))
    assert [field.name for field in study.fields] == ["memory.dram.bandwidth", "cores.count", "attention"]
    assert len(study.designs) == 1000


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_says_what_it_answers_and_fits_a_page(path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    tree = ast.parse(code)
    assert ast.get_docstring(tree)
    assert len(code.splitlines()) <= 40
    called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    assert imported <= called
