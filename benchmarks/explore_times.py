"""From input to new figures on the page of ``whatif explore``: ``python benchmarks/explore_times.py [MODEL ...]``.

First what the server takes for an answer, then, where Playwright and chromium are installed, what a reader waits for in
the browser: from a key on a slider to the new latency on the page, and to the new roofline.
"""

from __future__ import annotations

import logging
import shutil
import statistics
import sys
import threading
import time
from urllib.parse import quote

import waitress

from simulator.whatif.explore.design import Offer
from simulator.whatif.explore.server import Server

CHANGES = [f"memory.dram.bandwidth={1 + step / 100:g}x" for step in range(1, 31)]
WATCH = """() => {
  Object.assign(window, {keyed: 0, texts: [], figures: []});
  document.addEventListener("keydown", () => {
    Object.assign(window, {keyed: performance.now(), waits: {texts: true, figures: true}});
  }, true);
  const watch = (kind, selector) => new MutationObserver(() => {
    if (window.keyed && window.waits[kind]) window[kind].push(performance.now() - window.keyed);
    if (window.keyed) window.waits[kind] = false;
  }).observe(document.querySelector(selector), {childList: true, subtree: true, characterData: true, attributes: true});
  watch("texts", ".time");
  watch("figures", ".scatterlayer");
}"""
_QUIET = ["--no-sandbox", "--disable-gpu"]


def answered(server: Server, model: str) -> None:
    """What the server takes, as wall time and as its own CPU time."""
    client, walls, cpus = server.app.test_client(), [], []
    client.get(f"/api/parts?model={model}&hw=h100")
    client.get(f"/api/figures?model={model}&hw=h100&set={quote('memory.dram.bandwidth=1.005x')}")
    for change in CHANGES:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.get(f"/api/figures?model={model}&hw=h100&set={quote(change)}")
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        assert answer.status_code == 200
    print(f"{model:20} answer   {_shown(walls)}, CPU {1e3 * statistics.median(cpus):.0f} ms", flush=True)


def _shown(times: list[float], unit: float = 1e3) -> str:
    ordered = sorted(unit * each for each in times)
    return f"median {statistics.median(ordered):4.0f} ms, 90 % {ordered[int(0.9 * len(ordered))]:4.0f} ms"


def shown(server: Server, models: list[str]) -> None:
    """What a reader of the page waits for."""
    from playwright.sync_api import sync_playwright

    logging.getLogger("waitress").setLevel(logging.ERROR)
    running = waitress.create_server(server.app, host="127.0.0.1", port=0)
    threading.Thread(target=running.run, daemon=True).start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for model in models:
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{running.effective_port}/?model={model}&hw=h100")
            page.wait_for_selector("html[data-settled]", timeout=120_000)
            page.evaluate(WATCH)
            page.locator("[data-path='memory.dram.bandwidth'] input").focus()
            for _ in CHANGES:
                page.keyboard.press("ArrowRight")
                page.wait_for_timeout(500)
            print(f"{model:20} text     {_shown(page.evaluate('window.texts'), 1.0)}")
            print(f"{model:20} roofline {_shown(page.evaluate('window.figures'), 1.0)}", flush=True)
            page.close()
        browser.close()


def main(models: list[str]) -> None:
    server = Server(Offer.of())
    for model in models:
        answered(server, model)
    try:
        import playwright  # noqa: F401
    except ModuleNotFoundError:
        return
    if shutil.which("chromium"):
        shown(server, models)


if __name__ == "__main__":
    main(sys.argv[1:] or ["stable-diffusion", "sdxl", "make-a-video", "llama2-7b"])
