"""``whatif explore`` in a browser: figures follow a slider, two designs, the address, nobody is kept from reading."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("flask", reason="no Flask: pip install 'roofcast[explore]'")
pytestmark = pytest.mark.browser

MODEL = "model=dit-xl-2&hw=h100&execution=cuda-graph"
TWO = f"?{MODEL}&rent=2&b.model=dit-xl-2&b.hw=h100&b.execution=cuda-graph&b.set=cores.clock%3D1.3x&b.rent=3"


@pytest.fixture(scope="module")
def address(browser):
    """Where a page of its own is served."""
    command = [
        sys.executable,
        "-m",
        "simulator.whatif",
        "explore",
        "--port",
        "0",
        "--model",
        "dit-xl-2",
        "--hw",
        "h100",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603
        yield running.stdout.readline().strip()
        running.terminate()


@pytest.fixture
def opened(browser, address):
    """Function that opens an address in a window of some width and theme, and waits until all is drawn."""
    contexts = []

    def page(query="", width=1280, theme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        contexts.append(context)
        shown = context.new_page()
        shown.faults, shown.asked = [], []
        shown.on("pageerror", lambda error: shown.faults.append(str(error)))
        shown.on("console", lambda message: shown.faults.append(message.text) if message.type == "error" else None)
        shown.on("request", lambda asked: shown.asked.append(asked.url))
        shown.goto(address + query)
        shown.wait_for_selector("html[data-ready]", timeout=60_000)
        return shown

    yield page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_two_designs_in_every_size_and_theme(opened, address, axe, width, theme):
    page = opened(TWO, width, theme)
    page.wait_for_selector("html[data-settled]", timeout=60_000)
    assert page.faults == []
    assert all(url.startswith((address, "data:", "blob:")) for url in page.asked)
    assert page.locator(".design").count() == 2
    assert page.locator(".plot .main-svg").count() >= 2
    assert page.locator("#ratio").inner_text().startswith("B is 1.")
    assert "80 % interval" in page.locator("#ratio").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [(v["id"], v["impact"]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_figures_follow_a_slider_and_the_address_keeps_it(opened, address):
    page = opened(f"?{MODEL}")
    before = page.locator(".time").inner_text()
    marks = page.locator(".scatterlayer .point").first.get_attribute("transform")
    page.locator("[data-path='cores.clock'] input").focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("before => document.querySelector('.time').textContent !== before", arg=before)
    page.wait_for_function("() => document.querySelector('.command').textContent.includes('--set cores.clock=1.32x')")
    page.wait_for_function("() => location.search.includes('set=cores.clock%3D1.32x')")
    assert page.locator("[data-path='cores.clock'] output").inner_text().endswith("1.32x")
    assert page.locator(".scatterlayer .point").first.get_attribute("transform") != marks
    latency = page.locator(".time").inner_text()
    again = opened(page.url.removeprefix(address))
    assert again.locator(".time").inner_text() == latency
    again.locator("[data-path='cores.clock'] .reset").click()
    again.wait_for_function("before => document.querySelector('.time').textContent === before", arg=before)
    again.wait_for_function("() => !location.search.includes('set=')")


def test_a_second_design_comes_and_goes(opened):
    page = opened()
    page.click("#second")
    page.wait_for_function("() => document.getElementById('ratio').textContent.startsWith('B is as fast as A')")
    page.wait_for_function("() => location.search.includes('b.model=dit-xl-2')")
    with page.expect_download() as saved:
        page.click("#study")
    assert "designs:" in saved.value.path().read_text()
    page.click("#second")
    assert page.locator(".design").count() == 1
    page.wait_for_function("() => !location.search.includes('b.model')")


def test_what_runs_changes_and_nonsense_is_said_on_the_page(opened):
    page = opened()
    before = page.locator(".time").inner_text()
    page.select_option("[name=attention]", "naive")
    page.wait_for_function("before => document.querySelector('.time').textContent !== before", arg=before)
    page.wait_for_function("() => location.search.includes('attention=naive')")
    page.fill("[name=parallel]", "sideways=2")
    page.keyboard.press("Tab")
    page.wait_for_selector(".head .warning:not([hidden])")
    assert "is no split" in page.locator(".head .warning").inner_text()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?model=sdxxl&hw=h100", "unknown model"),
        (f"?{MODEL}&set=cores.count%3Dmany", "is no count"),
        (f"?{MODEL}&%3Cimg%20src%3Dx%3E=1", "nothing that a design has"),
    ],
)
def test_a_bad_address_is_said_on_the_page(opened, query, says):
    page = opened(query)
    page.wait_for_selector(".head .warning:not([hidden])")
    assert says in page.locator(".head .warning").inner_text()
    assert page.locator(".head .warning img").count() == 0


def test_numbers_that_an_address_has_wrong_are_taken_back(opened):
    page = opened(f"?{MODEL}&set=cores.count%3Dmany")
    page.wait_for_selector(".head .warning:not([hidden])")
    page.click(".all")
    page.wait_for_selector(".head .warning", state="hidden")
    page.wait_for_selector(".time:not(:empty)")
    assert page.locator(".all").is_hidden()
