"""A real browser, driven by Playwright, that reaches nothing but files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-quic"),
)


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Chromium without a window; tests are skipped where there is none, or where nobody asked for them."""
    if "browser" not in request.config.option.markexpr:
        pytest.skip("pages are looked at in a browser by: pytest -m browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install 'roofcast[browser]'")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no browser is installed: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=path, args=list(_QUIET))
        yield found
        found.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Code of axe-core, which looks for what keeps people from reading a page."""
    package = pytest.importorskip("axe_playwright_python", reason="no axe-core: pip install 'roofcast[browser]'")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
