"""How fast the page is there, and how fast it answers: load, layout shift, interaction to next paint.

    python benchmarks/page.py [--home DIR] [--rounds 5]

Everything is measured by the browser's own Performance API, over the real server and real clips.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from page_home import TALK, browsing, served, settled
from playwright.sync_api import Browser, Page

WATCH = """
window.seen = { shift: 0, paint: 0, waits: {} };
const watch = (type, tell, more = {}) =>
  new PerformanceObserver((list) => list.getEntries().forEach(tell)).observe({ type, buffered: true, ...more });
watch('layout-shift', (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value });
watch('largest-contentful-paint', (entry) => { seen.paint = entry.startTime });
const longest = (id, wait) => { seen.waits[id] = Math.max(seen.waits[id] || 0, wait) };
const waited = (entry) => { if (entry.interactionId) longest(entry.interactionId, entry.duration) };
watch('event', waited, { durationThreshold: 16 });
"""
LOADED = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const [first] = performance.getEntriesByName('first-contentful-paint');
  const own = performance.getEntriesByType('resource').filter((one) => /\\.(css|js|svg)$/.test(one.name));
  return {
    'first paint, ms': first.startTime,
    'largest paint, ms': seen.paint,
    'page loaded, ms': page.loadEventEnd,
    'everything shown, ms': performance.getEntriesByName('ready')[0].startTime,
    'layout shift': seen.shift,
    'files of the page': own.length + 1,
    'bytes of the page': own.reduce((sum, one) => sum + one.encodedBodySize, page.encodedBodySize),
  };
}"""


def main() -> None:
    """Load the page some times, use it, and print the medians and the worst as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a home to keep; else one is made and thrown away")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(given.home or Path(folder)) as address, browsing() as browser:
        rounds = [_round(browser, f"{address}/#{TALK}") for _ in range(given.rounds)]
    loads = [load for load, _waits in rounds]
    waits = sorted(wait for _load, waits in rounds for wait in waits)
    report: dict[str, Any] = {key: round(statistics.median(load[key] for load in loads), 3) for key in loads[0]}
    report["interactions"] = len(waits)
    report["interaction to next paint, ms"] = {"median": statistics.median(waits), "worst": waits[-1]}
    print(json.dumps(report, indent=2))


def _round(browser: Browser, url: str) -> tuple[dict[str, float], list[float]]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url)
    settled(page)
    load: dict[str, float] = page.evaluate(LOADED)
    _use(page)
    waits: list[float] = page.evaluate("Object.values(seen.waits)")
    context.close()
    return load, waits


def _use(page: Page) -> None:
    """What a person does: moments, panels, typing, another conversation."""
    for number in range(3):
        page.locator(".evidence .moment").nth(number).click()
    for name in ("Timeline", "Jobs", "Library"):
        page.get_by_role("tab", name=name).click()
    page.keyboard.press("/")
    page.keyboard.type("a bicycle")
    page.locator("#panel-library meter").first.wait_for()
    page.keyboard.press("Escape")
    for number in range(2):
        page.locator(".session").nth(number).click()
        settled(page)
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)


if __name__ == "__main__":
    main()
