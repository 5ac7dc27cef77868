"""The documentation site: its pages, their commands, and what is done to them when it is built."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from hw_specs.schema import Accelerator
from simulator.__main__ import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md"))


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "site"))


def _listed(nav: object) -> set[str]:
    if isinstance(nav, str):
        return {nav}
    return set().union(*(_listed(inner) for inner in (nav.values() if isinstance(nav, dict) else nav)))


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = _listed(yaml.safe_load(text)["nav"])
    assert {str(page.relative_to(DOCS)) for page in PAGES} <= listed


def test_each_of_the_twelve_questions_has_a_command_on_the_first_page() -> None:
    rows = re.findall(
        r"^\| \[(.*?)\]\((questions/[\w-]+\.md)\) \| `(.+?)` \|$", (DOCS / "index.md").read_text(), re.MULTILINE
    )
    assert len(rows) == 12
    assert {page for _, page, _ in rows} == {f"questions/{path.name}" for path in (DOCS / "questions").iterdir()}
    for question, page, command in rows:
        text = (DOCS / page).read_text(encoding="utf-8")
        assert text.startswith(f"# {question}\n")
        assert command in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_of_a_page_are_those_of_the_project(page: Path) -> None:
    known = {"simulate", "whatif", "hwspec", "trace", "validate", "pip", "dask"}
    for fence in re.findall(r"```sh(?: run)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in filter(None, fence.splitlines()):
            assert shlex.split(line, comments=True)[0] in known, line


def test_json_is_as_the_page_says(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["simulate", "--hw", "a100", "--model", "stable-diffusion", "--format", "json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    printed = json.loads(capsys.readouterr().out)
    table = (DOCS / "reference" / "json.md").read_text(encoding="utf-8").partition("`simulate --by")[0]
    described = set(
        re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|")))
    )
    assert set(printed) <= described | {"key"}
    assert described <= set(printed)


def test_formulas_become_mathml() -> None:
    pytest.importorskip("latex2mathml")
    pytest.importorskip("mkdocs")
    from hooks import on_page_content  # type: ignore[import-not-found]

    html = on_page_content(r'<p><span class="arithmatex">\(a &lt; b\)</span> :func: <code>simulate</code></p>')
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">' in html
    assert "<mo>&#x0003C;</mo>" in html
    assert html.endswith("<code>simulate</code></p>")
    assert ":func:" not in html


def test_output_of_commands_stands_below_them() -> None:
    pytest.importorskip("latex2mathml")
    pytest.importorskip("mkdocs")
    from hooks import on_page_markdown
    from mkdocs.exceptions import PluginError

    assert on_page_markdown("```sh run\necho 7\n```\n") == "```sh\necho 7\n```\n\n```text\n7\n```\n"
    with pytest.raises(PluginError, match="status 3"):
        on_page_markdown("```sh run\nexit 3\n```\n")


def test_a_contract_has_a_row_for_every_field() -> None:
    pytest.importorskip("griffe")
    from schemas import contract, schema_of  # type: ignore[import-not-found]

    table = contract(Accelerator)
    for name in Accelerator.model_fields:
        assert f"| `{name}` |" in table
    assert "| `kind` | `gpu`, `tpu`, `npu`, `cpu` | yes |" in table
    assert "[FLOP/s]" in table
    assert json.loads(schema_of(Accelerator))["title"] == "Accelerator"
