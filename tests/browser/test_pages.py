"""Pages of results in a browser: figures appear, themes change, nothing is fetched, nobody is kept from reading."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.browser

_SIZES = (1280, 400)
_THEMES = ("light", "dark")
_COMMANDS = {
    "run": ("-m", "simulator", "--model", "stable-diffusion", "--hw", "a100"),
    "decoder": ("-m", "simulator", "--model", "llama2-7b", "--hw", "a100"),
    "compare": ("-m", "simulator.whatif", "compare", "--model", "dit-xl-2", "--hw", "a100", "--hw", "h100"),
    "sensitivity": ("-m", "simulator.whatif", "sensitivity", "--model", "dit-xl-2", "--hw", "a100"),
    "search": ("-m", "simulator.whatif", "search", "study.yaml", "-o", "front"),
    "sweep": ("-m", "simulator.whatif", "sweep", "study.yaml", "-o", "sweep"),
}
_STUDY = """
title: Memory of an accelerator for images
models: stable-diffusion
hw: h100
sampling: {method: latin-hypercube, samples: 40}
fields:
  memory.dram.bandwidth: {low: 0.5x, high: 2x}
  cores.count: {low: 66, high: 264}
search: {objectives: [latency, energy, peak_memory], population: 12, generations: 3}
"""


@pytest.fixture(scope="module", params=_COMMANDS)
def page_file(request, tmp_path_factory, browser):
    """A page as its command writes it."""
    path = tmp_path_factory.mktemp("pages") / f"{request.param}.html"
    (path.parent / "study.yaml").write_text(_STUDY, encoding="utf-8")
    command = [sys.executable, *_COMMANDS[request.param], "--report", str(path)]
    subprocess.run(command, check=True, capture_output=True, cwd=path.parent)  # noqa: S603
    return path


@pytest.fixture(params=[(width, theme) for width in _SIZES for theme in _THEMES], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request, page_file, browser):
    """The page in a window, with its figures drawn; `faults` has what went wrong, `asked` what it asked for."""
    width, theme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    shown = context.new_page()
    shown.faults, shown.asked = [], []
    shown.on("pageerror", lambda error: shown.faults.append(str(error)))
    shown.on("console", lambda message: shown.faults.append(message.text) if message.type == "error" else None)
    shown.on("request", lambda asked: shown.asked.append(asked.url))
    shown.goto(page_file.as_uri())
    shown.wait_for_selector("html[data-ready]")
    yield shown
    context.close()


def test_a_page(page, page_file, axe):
    """One look at each page, size and theme: all is there, and axe-core finds no serious fault."""
    assert page.faults == []
    assert page.asked == [page_file.as_uri()]
    figures = page.locator("figure.chart").count()
    assert figures > 0
    assert page.locator("figure.chart .main-svg").count() >= figures
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [(v["id"], v["impact"]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_the_keyboard_reaches_the_answer_the_theme_and_the_numbers(page_file, browser):
    shown = browser.new_page()
    shown.goto(page_file.as_uri())
    shown.wait_for_selector("html[data-ready]")
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "Skip to the answer"
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.id") == "theme"
    shown.locator("figure.chart summary").first.focus()
    shown.keyboard.press("Enter")
    assert shown.locator("figure.chart details[open] table").first.is_visible()
    shown.close()


def test_numbers_are_there_without_scripts(page_file, browser):
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(page_file.as_uri())
    assert shown.locator(".answer").inner_text()
    shown.locator("figure.chart summary").first.click()
    assert shown.locator("figure.chart table").first.is_visible()
    context.close()


def test_it_prints(page_file, browser, tmp_path):
    shown = browser.new_page()
    shown.goto(page_file.as_uri())
    shown.wait_for_selector("html[data-ready]")
    shown.pdf(path=str(tmp_path / "out.pdf"), format="A4")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")
    shown.close()
