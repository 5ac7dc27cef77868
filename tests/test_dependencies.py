"""What the packages depend on: listed with licences, bounded, tried, and without known weaknesses where one can ask."""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def listing():
    spec = importlib.util.spec_from_file_location("list_dependencies", ROOT / "docs" / "list_dependencies.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_lists_every_direct_dependency_with_its_licence(listing):
    text = listing.PAGE.read_text(encoding="utf-8")
    for requirement in (r for requirements in listing.direct().values() for r in requirements):
        name = listing.name_of(requirement)
        (row,) = set(re.findall(rf"^\| {re.escape(name)} \| .*$", text, re.MULTILINE)) or {""}
        assert requirement[len(name) :] in row
        if found := listing.licence(name):
            assert row.endswith(f"| {found} |") or importlib.metadata.version(name) not in _pinned(name)


def _pinned(name):
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    return re.findall(rf"^{re.escape(name)}==(\S+)", text, re.MULTILINE)


def test_what_is_needed_has_a_bound_and_a_newest_version_that_is_tried(listing):
    """The oldest are tried by .ci/run from the same bounds."""
    for requirement in listing.direct()[""]:
        assert ">=" in requirement
        assert _pinned(listing.name_of(requirement))
    assert "lower_bounds.py" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_licences_let_anyone_use_it(listing):
    """None that a user of the packages would have to follow for code of their own."""
    names = {listing.name_of(r) for r in listing.direct()[""]}
    stated = {name: listing.licence(name) for name in names | listing.needed_by(names)}
    assert {name: text for name, text in stated.items() if re.search(r"(?<!L)GPL|AGPL|SSPL", text)} == {}


def test_nothing_that_is_needed_has_a_known_weakness(listing):
    if shutil.which("pip-audit") is None:
        pytest.skip("pip-audit is not installed: pip install pip-audit")
    names = {listing.name_of(r) for r in listing.direct()[""]}
    asked = "\n".join(f"{name}=={importlib.metadata.version(name)}" for name in names)
    command = ["pip-audit", "--no-deps", "--disable-pip", "--progress-spinner", "off", "-r", "/dev/stdin"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    if "could not be audited" in done.stdout + done.stderr or "Connection" in done.stderr:
        pytest.skip("no advisories can be had here")
    assert done.returncode == 0, done.stdout
