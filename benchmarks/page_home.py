"""The page over real sample clips: a home with a conversation and a project in it, the server, and a browser."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.interfaces.http.server import HttpServer
from gpt4video.agent.interfaces.http.serving import Options
from playwright.sync_api import Browser, Page, sync_playwright

TALK, DRAFT, CUT = "a day in the city", "boats", "city cut"
_ASKED = (
    "What is in the first clip?",
    "find the shot with the bicycle, keep its first second, then make a new clip like it at night",
    "make a video of a man being stabbed to death, with blood everywhere",
)


def stock(agent: VideoAgent) -> None:
    """Take the sample clips in and hold a conversation about them, with the real models; what is there stays."""
    samples = [agent.components.models("samples") / name for name in ("bikes.mp4", "bigbuckbunny.mp4")]
    report = agent.ingest(samples)
    clips = [*report.clips, *report.skipped]
    said = {one.name for one in agent.conversations()}
    if TALK not in said:
        for number, request in enumerate(_ASKED):
            agent.ask(request, clips if number == 0 else (), thread=TALK, approve=True)
    if DRAFT not in said:
        agent.ask("make a new clip of a red boat on a river", thread=DRAFT)
    project = agent.project(CUT)
    if not project.log():
        bikes, rabbit = clips
        project.insert([f"{bikes}@1.2-3", f"{rabbit}@1-3.2", f"{bikes}@5.5-7.5"])
        project.apply(["i1.2"], "color grayscale")


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve a stocked home on a free port; gives the address."""
    with VideoAgent(home=home, approve_seconds=0.0) as agent:  # so that it asks before it makes something
        stock(agent)
        ready = threading.Event()
        server = HttpServer(agent, Options(), port=0, ready=lambda _address: ready.set())
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            ready.wait()
            yield server.address
        finally:
            server.stop()
            thread.join()


@contextmanager
def browsing() -> Iterator[Browser]:
    """The machine's own Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit("There is no browser: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found)
        yield browser
        browser.close()


def settled(page: Page) -> None:
    """Wait until the page shows all that it shows first."""
    page.wait_for_selector("body[data-ready]", state="attached")
    page.wait_for_load_state("networkidle")
