"""The page in a real browser, over the real server: the library, uploads, timelines, lineage."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from .conftest import Agents
from .http_server import serve
from .page_browser import HOSTILE, Open, browser, drop, needs_browser, open_page, say, wait_ready

__all__ = ["browser", "open_page", "serve"]
pytestmark = [pytest.mark.server, needs_browser]


def test_the_library_is_searched_by_words_by_picture_and_by_likeness(
    agents: Agents, open_page: Open, stocked: Path
) -> None:
    page = open_page(agents({})).page
    cards = page.locator("#panel-library .moment")
    expect(cards).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.press("/")
    expect(page.get_by_label("Search the library")).to_be_focused()
    page.get_by_label("Search the library").fill("a city street with cars")
    expect(page.locator("#panel-library meter").first).to_be_visible()
    expect(cards.first.locator(".title")).to_have_text("bikes")
    page.keyboard.press("Escape")
    expect(cards).to_have_count(2)

    cards.filter(has_text="blue").click()
    shot = page.locator(".screen video").screenshot(type="png")
    drop(page, [("seen.png", "image/png", shot)])
    expect(page.get_by_text("Looks like seen.png")).to_be_visible()
    expect(cards.first.locator(".title")).to_have_text("blue")
    page.get_by_role("button", name="Clear").click()
    cards.filter(has_text="bikes").click()
    page.get_by_role("button", name=re.compile("^Shot")).nth(2).click()
    page.get_by_role("button", name="Like this").click()
    expect(page.get_by_text("Like bikes")).to_be_visible()
    expect(cards.first).to_contain_text("looks like it")


def test_a_video_is_uploaded_by_dropping_it_and_goes_on_after_a_break(
    agents: Agents, open_page: Open, stocked: Path
) -> None:
    page = open_page(agents({}), chunk_bytes=40_000).page
    sent: list[int] = []

    def break_once(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.append(int(route.request.headers["upload-offset"]))
            if len(sent) == 2:
                route.abort()
                return
        route.continue_()

    page.route("**/uploads/*", break_once)
    content = (stocked / "bikes.mp4").read_bytes()[:-1] + b"\0"  # another file than the one that is in
    drop(page, [(f"{HOSTILE}.mp4", "video/mp4", content)])
    expect(page.get_by_role("status").filter(has_text="is in the library").first).to_be_attached()
    card = page.locator("#panel-library .moment").filter(has_text="<img src=x")
    expect(card).to_have_count(1)
    assert sent[1] == sent[2] == 40_000
    assert sorted(set(sent)) == list(range(0, len(content), 40_000))
    assert page.title() == "GPT4Video"
    assert page.locator("#panel-library b, .notice b, img[src=x]").count() == 0


def test_an_upload_goes_on_after_the_page_was_closed(agents: Agents, open_page: Open, stocked: Path) -> None:
    page = open_page(agents({}), chunk_bytes=40_000).page
    content = (stocked / "bikes.mp4").read_bytes()[:-1] + b"\1"
    sent: list[int] = []

    def note(route: Route, *, broken: bool) -> None:
        if route.request.method == "PATCH":
            sent.append(int(route.request.headers["upload-offset"]))
            if broken and len(sent) > 2:
                route.abort()
                return
        route.continue_()

    page.route("**/uploads/*", lambda route: note(route, broken=True))
    drop(page, [("again.mp4", "video/mp4", content)])
    expect(page.locator(".upload .note")).to_have_text(re.compile("connection is lost"))
    page.unroute_all(behavior="wait")
    page.reload()
    wait_ready(page)
    before = len(sent)
    page.route("**/uploads/*", lambda route: note(route, broken=False))
    drop(page, [("again.mp4", "video/mp4", content)])
    expect(page.locator("#panel-library .moment").filter(has_text="again")).to_have_count(1)
    assert sent[before] == 80_000


def test_a_file_that_is_no_video_is_refused_with_its_reason(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({})).page
    drop(page, [("notes.mp4", "video/mp4", b"no video at all")])
    upload = page.locator(".upload.failed")
    expect(upload).to_contain_text("notes.mp4")
    assert len(upload.locator(".note").inner_text()) > 20
    expect(page.locator("#panel-library .moment")).to_have_count(2)


def test_the_timeline_is_edited_taken_back_and_rendered(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({})).page
    items = page.locator(".track-item button")
    page.locator("#panel-library .moment").filter(has_text="blue").click()
    for count in (1, 2):
        page.get_by_role("button", name="Timeline", exact=True).click()
        expect(items).to_have_count(count)
    items.first.click()
    item = page.get_by_role("region", name=re.compile("^Item"))
    item.get_by_label("Do", exact=True).fill("speed 2")
    page.keyboard.press("Enter")
    expect(items.first).to_contain_text("1.0 s · speed 2")
    page.get_by_role("button", name="Undo").click()
    expect(items.first).not_to_contain_text("speed")
    page.get_by_role("button", name="Undo").click()
    expect(items).to_have_count(1)
    page.get_by_role("button", name="Redo").click()
    expect(items).to_have_count(2)
    expect(page.locator("#panel-timeline")).to_contain_text("2 items · 4.0 s")
    page.get_by_text(re.compile("^History")).click()
    expect(page.locator(".history li")).to_have_count(6)
    page.get_by_role("button", name="Render").click()
    expect(page.locator("#player h2")).to_have_text("first cut")
    with page.expect_download() as download:
        page.get_by_label("Export for another editor").select_option("otio")
    assert "OTIO_SCHEMA" in download.value.path().read_text()


def test_takes_stand_side_by_side_and_another_is_chosen(agents: Agents, open_page: Open) -> None:
    agent = agents({})
    agent.project("cut").insert([agent.components.library.clips()[1].id])
    page = open_page(agent).page
    page.get_by_role("tab", name="Timeline").click()
    page.locator(".track-item button").click()
    page.get_by_label("Make new takes").fill("the same at night")
    page.keyboard.press("Enter")
    takes = page.get_by_role("group", name="Takes").locator("figure")
    expect(takes).to_have_count(2)
    expect(takes.nth(0).get_by_role("button", name="Shown")).to_be_disabled()
    takes.nth(1).get_by_role("button", name="Show this one").click()
    expect(takes.nth(1).get_by_role("button", name="Shown")).to_be_disabled()
    expect(page.locator(".track-item .badge")).to_have_text("take 2/2")
    assert agent.project("cut").version().timeline.items[0].chosen == 1


def test_what_a_clip_was_made_from_is_drawn(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({"*": "edit c2 reverse"})).page
    say(page, "play the second backwards")
    page.get_by_role("group", name="Clips that were made").locator(".moment").click()
    page.get_by_role("button", name="Lineage", exact=True).click()
    nodes = page.locator(".lineage .node")
    expect(nodes).to_have_count(2)
    expect(page.locator(".lineage .edge")).to_have_count(1)
    nodes.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#player h2")).to_have_text("blue")
