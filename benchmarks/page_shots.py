"""Pictures of the page, over real sample clips and the real server: desktop in light and dark, and a phone.

    python benchmarks/page_shots.py --output docs [--home DIR]

With a home that is kept, the conversation in it is held only once.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from page_home import DRAFT, TALK, browsing, served, settled
from PIL import Image
from playwright.sync_api import Browser, Page

DESKTOP, PHONE = (1440, 900), (360, 740)
COLOURS = 256


def main() -> None:
    """Serve, look, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs"), help="folder for the pictures")
    parser.add_argument("--home", type=Path, help="a home to keep; else one is made and thrown away")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(given.home or Path(folder)) as address, browsing() as browser:
        _take(browser, f"{address}/#{TALK}", given.output / "page_light.png", DESKTOP, "light", _evidence)
        _take(browser, f"{address}/#{DRAFT}", given.output / "page_dark.png", DESKTOP, "dark", _timeline)
        _take(browser, f"{address}/#{TALK}", given.output / "page_phone.png", PHONE, "light", _phone)


def _take(
    browser: Browser,
    url: str,
    file: Path,
    size: tuple[int, int],
    scheme: Literal["light", "dark"],
    show: Callable[[Page], None],
) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    settled(page)
    show(page)
    page.mouse.move(0, 0)
    settled(page)
    page.wait_for_timeout(1000)
    page.screenshot(path=file)
    context.close()
    with Image.open(file) as picture:  # a third of the size, and hardly to be told from the whole
        picture.convert("RGB").quantize(COLOURS, kmeans=4, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file}  {file.stat().st_size / 1000:.0f} kB")


def _scroll(page: Page, place: str) -> None:
    page.locator(place).first.evaluate("(element) => element.scrollIntoView({ block: 'start' })")


def _evidence(page: Page) -> None:
    """What was seen in a clip; the player at one of the moments."""
    moment = page.locator(".evidence .moment").filter(has_text="0:03 – 0:05.5").first
    moment.click()
    page.wait_for_function(
        "() => { const v = document.querySelector('.screen video'); return v.currentTime > 5 && v.paused }"
    )
    page.locator(".screen video").evaluate("(video) => { video.currentTime = 3.1 }")
    _scroll(page, ".turn")


def _timeline(page: Page) -> None:
    """A step that waits for approval, and a project."""
    page.get_by_role("tab", name="Timeline").click()
    page.locator(".track-item button").nth(1).click()
    page.locator(".inspector").wait_for()


def _phone(page: Page) -> None:
    """A moment of a clip and the library, on a narrow screen."""
    _evidence(page)
    page.locator("#stage").evaluate("(element) => { element.scrollTop = 0 }")


if __name__ == "__main__":
    main()
