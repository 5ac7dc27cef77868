"""Pages that are made from the code when the site is built: commands, models, accelerators, and files of the root."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import mkdocs_gen_files

sys.path.insert(0, str(Path(__file__).parent))

from schemas import FILES, contract, schema_of

ROOT = Path(__file__).parents[2]
REPOSITORY_FILES = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s]+)\)")

#: Commands and the modules that they run.
COMMANDS = {"simulate": "simulator", "whatif": "simulator.whatif", "hwspec": "hw_specs", "trace": "tracer"}
COMMANDS |= {"validate": "validation"}
#: A line of the list of commands in a help text.
_INNER = re.compile(r"^\W*([a-z]+) {2,}\S", re.MULTILINE)

#: Files of the root that are pages of the site, and the links between them.
PAGES = {"ACCURACY.md": "accuracy.md", "GLOSSARY.md": "glossary.md", "CHANGELOG.md": "changelog.md"}
PAGES |= {"CONTRIBUTING.md": "contributing.md", "README.md": "index.md"}


def write(path: str, text: str) -> None:
    """One page of the site."""
    with mkdocs_gen_files.open(path, "w") as page:
        page.write(text)


def printed(module: str, *arguments: str) -> str:
    """What a command prints."""
    run = [sys.executable, "-m", module, *arguments]
    environment = {"COLUMNS": "84", "PATH": "", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT, env=environment).stdout


def commands_page() -> str:
    """Help of every command."""
    parts = ["# Commands\n"]
    for name, module in COMMANDS.items():
        text = printed(module, "--help")
        parts.append(f"## {name}\n\n```text\n{text}```\n")
        inner = _INNER.findall(text.partition("Commands:\n")[2].partition("\n\n")[0])
        parts += [f"### {name} {own}\n\n```text\n{printed(module, own, '--help')}```\n" for own in inner]
    return "\n".join(parts)


def table_page(title: str, lead: str, text: str) -> str:
    """A page around what a command prints."""
    return f"# {title}\n\n{lead}\n\n```text\n{text}```\n"


def slug(title: str) -> str:
    """Name of a file for a title."""
    return title.lower().replace(" ", "-")


def files_page() -> str:
    """Contracts of the files that users write."""
    lead = (
        "# Files that you write\n\nAll are YAML. A field that is not known is refused with the nearest that is; "
        "`hwspec check FILE` names all that is wrong with an accelerator. Quantities are strings with a unit "
        "(`3.35 TB/s`) or plain numbers in SI units."
    )
    parts = [
        f"## {title}\n\n[JSON Schema](schemas/{slug(title)}.json)\n\n{contract(model)}"
        for title, model in FILES.items()
    ]
    return "\n\n".join([lead, *parts]) + "\n"


def of_the_root(name: str) -> str:
    """A file of the root as a page: links to other pages lead to them, and those to other files to the first page."""
    text = (ROOT / name).read_text(encoding="utf-8")

    def link(found: re.Match[str]) -> str:
        target, _, anchor = found[1].partition("#")
        page = PAGES.get(target) or target.removeprefix("docs/")
        known = target in PAGES or (target.startswith("docs/") and target.endswith(".md"))
        return f"]({page}{'#' + anchor if anchor else ''})" if known else "](../index.md)"

    return REPOSITORY_FILES.sub(link, text)


write("reference/commands.md", commands_page())
models = (
    "Names for `--model`; `simulate --list` prints them, `trace parameters` the parameters beside published figures."
)
write("reference/models.md", table_page("Models", models, printed("simulator", "--list")))
parts = "Names for `--hw`; `hwspec list` prints them, `hwspec show NAME` the facts of one and who states each."
write("reference/accelerators.md", table_page("Accelerators", parts, printed("hw_specs", "list")))
for name, page in PAGES.items():
    if name != "README.md":
        write(page, of_the_root(name))
write("reference/files.md", files_page())
for title, model in FILES.items():
    write(f"reference/schemas/{slug(title)}.json", schema_of(model))
