"""The page for everyone: axe-core finds nothing serious in light and dark, the keyboard does everything, phones fit."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import Agents
from .http_server import serve
from .page_browser import Open, browser, needs_browser, open_page, say

__all__ = ["browser", "open_page", "serve"]
pytestmark = [pytest.mark.server, needs_browser]
SCRIPT = {"what is there?": "look c1", "make a ball": "gen: a red ball", "turn it": "edit c2 reverse"}
PHONE = {"viewport": {"width": 360, "height": 740}}
STICKING_OUT = """() => [...document.querySelectorAll('body *')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => !one.closest('.shots, .track-box, .wide-scroll, .hidden, .skip'))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 120))"""


def faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_wrong_in_any_part(agents: Agents, open_page: Open, scheme: str) -> None:
    still = {"color_scheme": scheme, "reduced_motion": "reduce"}  # colours are measured once they stand
    page = open_page(agents(SCRIPT), context=still).page
    assert faults(page) == []
    say(page, "what is there?")
    expect(page.locator(".turn")).to_have_attribute("data-status", "answered")
    page.locator(".evidence .moment").first.click()
    page.locator(".turn summary").click()
    page.get_by_role("button", name="Timeline", exact=True).click()
    page.locator(".track-item button").click()
    assert faults(page) == []
    say(page, "make a video of a man being stabbed to death, with blood everywhere")
    expect(page.get_by_role("region", name="Refused")).to_be_visible()
    say(page, "make a ball")
    expect(page.get_by_role("region", name="Approval needed")).to_be_visible()
    page.get_by_role("button", name="Lineage", exact=True).click()
    expect(page.locator(".lineage")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("tab", name="Library").click()
    page.get_by_label("Search the library").fill("a city street with cars")
    expect(page.locator("#panel-library meter").first).to_be_visible()
    page.get_by_role("button", name="Delete this conversation").click()
    assert faults(page) == []


def test_the_theme_is_switched_and_kept(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({}), context={"color_scheme": "light"}).page
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    switch = page.get_by_role("button", name="Colours")
    for name in ("Light", "Dark"):
        switch.click()
        expect(switch).to_have_text(name)
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark


def test_the_keyboard_reaches_everything(agents: Agents, open_page: Open) -> None:
    page = open_page(agents(SCRIPT)).page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link past everything before the conversation
    expect(page.get_by_label("Your request")).to_be_focused()
    assert "#" not in page.url
    page.get_by_role("tab", name="Library").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_label("Search the library")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Your request")).to_be_focused()
    page.keyboard.type("turn it")
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_attribute("data-status", "answered")
    page.get_by_role("tab", name="Library").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Timeline")).to_be_focused()
    expect(page.locator("#panel-timeline")).to_be_visible()
    page.keyboard.press("1")
    cards = page.locator("#panel-library .moment")
    page.keyboard.press("j")
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("#player h2")).to_have_text("Reverse of blue")
    expect(page.locator("#live")).to_contain_text("Made")


def test_keys_do_nothing_where_they_are_switched_off(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({})).page
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_label("Single keys work while nothing is being typed").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("2")
    page.keyboard.press("?")
    expect(page.locator("#panel-library")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_phone_shows_one_view_at_a_time_and_nothing_sticks_out(agents: Agents, open_page: Open) -> None:
    page = open_page(agents(SCRIPT), context=PHONE).page
    views = page.get_by_role("navigation", name="Views")
    say(page, "what is there?")
    page.locator(".evidence .moment").first.click()
    expect(page.locator(".screen video")).to_be_visible()
    expect(page.locator("#talk")).to_be_hidden()
    page.get_by_role("button", name="Timeline", exact=True).click()
    page.locator(".track-item button").click()
    for view in ("Watch", "Conversations", "Talk"):
        views.get_by_role("button", name=view).click()
        wide = page.evaluate(STICKING_OUT)
        assert wide == []
    assert faults(page) == []
