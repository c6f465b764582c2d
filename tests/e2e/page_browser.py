"""A real browser on the real page of a real server; skipped where the machine has no browser."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from gpt4video.agent.assistant import VideoAgent
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .http_server import Serve, Served

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no browser on this machine: apt-get install chromium"
)
PATIENCE = 60_000
"""Milliseconds until a thing that does not come is a failure; the machine may be busy with other work."""
expect.set_options(timeout=PATIENCE)
HOSTILE = '<img src=x onerror="document.title=1"><b>bold'
"""A name that would do something if it became more than text."""


class Opened(NamedTuple):
    """The page in a tab, and the server behind it."""

    page: Page
    served: Served
    context: BrowserContext


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own browser; ended with the module, for its event loop must not stay in other tests' way."""
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser, serve: Serve) -> Iterator[Open]:
    """Opens the page of an assistant: ``open_page(agent)``; whatever the page complains of fails the test."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def begin(agent: VideoAgent, *, ready: bool = True, at: str = "", context: Any = None, **options: Any) -> Opened:
        served = serve(agent, **options)
        made = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **(context or {})})
        made.set_default_timeout(PATIENCE)
        opened.append(made)
        page = made.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
        page.goto(served.address + at)
        if ready:
            wait_ready(page)
        return Opened(page, served, made)

    yield begin
    for context in opened:
        context.close()
    assert not complaints


def wait_ready(page: Page) -> None:
    """Wait until the page has everything that it shows first."""
    page.wait_for_selector("body[data-ready]", state="attached")


def say(page: Page, request: str) -> None:
    """Write a request and send it."""
    page.get_by_label("Your request").fill(request)
    page.keyboard.press("Enter")


def drop(page: Page, files: list[tuple[str, str, bytes]]) -> None:
    """Drop files (name, type, content) onto the page."""
    given = [[name, kind, base64.b64encode(content).decode()] for name, kind, content in files]
    transfer = page.evaluate_handle(
        """(given) => {
          const transfer = new DataTransfer();
          for (const [name, kind, text] of given) {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], name, { type: kind, lastModified: 1 }));
          }
          return transfer;
        }""",
        given,
    )
    page.dispatch_event("body", "dragenter", {"dataTransfer": transfer})
    expect(page.locator("#dropping")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.locator("#dropping")).to_be_hidden()
