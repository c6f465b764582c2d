"""The page in a real browser, over the real server: conversations."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Agents
from .gated import GatedGenerator
from .http_server import serve
from .page_browser import HOSTILE, Open, browser, needs_browser, open_page, say, wait_ready

__all__ = ["browser", "open_page", "serve"]
pytestmark = [pytest.mark.server, needs_browser]
UNSAFE = "make a video of a man being stabbed to death, with blood everywhere"


def playing(page: Page) -> tuple[str, float]:
    """Which file the player has, and where it stands, seconds."""
    source, at = page.locator(".screen video").evaluate("(video) => [video.currentSrc, video.currentTime]")
    return source, at


def test_a_request_shows_its_steps_and_its_answer(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({"*": "find: bicycle ; edit $1 trim 0 1"})).page
    expect(page.get_by_role("heading", name="What shall we do with your clips?")).to_be_visible()
    say(page, "find the bicycle and keep a second")
    turn = page.locator(".turn")
    expect(turn.locator(".asked")).to_have_text("find the bicycle and keep a second")
    expect(turn.locator("summary")).to_have_text("2 steps: search the library, edit")
    expect(turn).to_have_attribute("data-status", "answered")
    turn.locator("summary").click()
    for step in turn.locator(".step").all():
        expect(step).to_have_attribute("data-status", "done")
    made = page.get_by_role("group", name="Clips that were made").locator(".moment")
    expect(made).to_have_count(1)
    expect(page.locator(".session[aria-current] .title")).to_have_text("find the bicycle and keep a second")

    named = turn.locator(".answer .ref").last
    named.click()
    expect(page.locator("#player h2")).to_have_text(named.inner_text())
    assert "/file" in playing(page)[0]


def test_evidence_moves_the_player_to_its_moment_and_plays_no_more_than_that(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({"*": "look c1"})).page
    say(page, "what is in the first clip?")
    card = page.get_by_role("group", name="Evidence").locator(".moment:not([data-start='0'])").first
    card.click()
    start = float(card.get_attribute("data-start") or "nan")
    video = page.locator(".screen video")
    expect(page.get_by_role("button", name="Only this span")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "(start) => { const v = document.querySelector('.screen video'); return v.currentTime > start && v.paused }",
        arg=start,
    )
    shown = page.locator(".player .span").inner_text()
    minutes, seconds = re.split(r"\s–\s", shown)[1].split(":")
    end = 60 * int(minutes) + float(seconds)
    assert start < video.evaluate("(video) => video.currentTime") <= end + 0.1


def test_a_step_is_approved_with_another_prompt(agents: Agents, open_page: Open, tmp_path: Path) -> None:
    agent = agents({"*": "gen: a red ball"})
    agent.components.settings = agent.settings.model_copy(update={"approve_seconds": 0.0})  # measured or not, it asks
    page = open_page(agent).page
    say(page, "make a ball")
    card = page.get_by_role("region", name="Approval needed")
    expect(card.locator(".cost")).to_contain_text("a guess")
    prompt = card.get_by_label("Prompt, as it would run")
    assert "red ball" in prompt.input_value()
    prompt.fill("a green ball")
    card.get_by_role("button", name="Approve this prompt").click()
    expect(page.locator(".turn")).to_have_attribute("data-status", "answered")
    expect(page.locator(".answer")).to_contain_text("a green ball")
    assert [json.loads(line)["prompt"] for line in (tmp_path / "calls.jsonl").read_text().splitlines()] == [
        "a green ball"
    ]

    say(page, "make another")
    waiting = page.locator(".turn").last
    page.reload()
    page.get_by_role("region", name="Approval needed").get_by_role("button", name="Decline").click()
    expect(waiting.locator(".step")).to_have_attribute("data-status", "declined")


def test_a_refusal_says_why(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({"*": "gen: a fight"})).page
    say(page, UNSAFE)
    refusal = page.get_by_role("region", name="Refused")
    expect(refusal).to_contain_text("I can't help with this request")
    expect(refusal).to_contain_text("The request was refused by the policy")
    expect(page.locator(".session .state")).to_contain_text("refused")


def test_a_reload_and_a_second_tab_take_a_running_turn_up(agents: Agents, open_page: Open) -> None:
    generator = GatedGenerator()
    opened = open_page(agents({"*": "gen: a red ball"}, generator=generator))
    page = opened.page
    say(page, "make a ball")
    page.get_by_role("button", name="Approve").click()
    assert generator.started.wait(120)
    page.reload()
    expect(page.get_by_role("button", name="Stop this turn")).to_be_visible()
    expect(page.locator(".step")).to_have_attribute("data-status", "running")
    second = opened.context.new_page()
    second.goto(page.url)
    expect(second.locator(".step")).to_have_attribute("data-status", "running")
    generator.go.set()
    for tab in (page, second):
        expect(tab.locator(".turn")).to_have_attribute("data-status", "answered")
        expect(tab.locator(".turn")).to_have_count(1)
        expect(tab.get_by_role("group", name="Clips that were made").locator(".moment")).to_have_count(1)
        expect(tab.get_by_role("button", name="Send")).to_be_visible()


def test_a_running_turn_is_stopped(agents: Agents, open_page: Open) -> None:
    generator = GatedGenerator()
    page = open_page(agents({"*": "gen: a red ball"}, generator=generator)).page
    say(page, "make a ball")
    page.get_by_role("button", name="Approve").click()
    assert generator.started.wait(120)
    with page.expect_response(re.compile("/cancel$")):
        page.get_by_role("button", name="Stop this turn").click()
    generator.go.set()
    expect(page.locator(".turn")).to_have_attribute("data-status", "cancelled")


def test_a_clip_with_markup_for_a_name_and_words_stays_text(agents: Agents, open_page: Open) -> None:
    page = open_page(agents(lambda _context: f"gen: {HOSTILE}")).page
    say(page, HOSTILE)
    expect(page.locator(".turn .asked")).to_have_text(HOSTILE)
    expect(page.locator(".session .title")).to_have_text(HOSTILE)
    expect(page.get_by_label("Prompt, as it would run")).to_have_value(re.compile("<img"))
    assert page.locator("#talk b, #talk img[src=x], #sessions b").count() == 0
    assert page.title() == "GPT4Video"


def test_a_job_runs_beside_the_conversation(agents: Agents, open_page: Open) -> None:
    page = open_page(agents({"*": "gen: a red ball"})).page
    page.get_by_label("Make what takes long in the background").check()
    say(page, "make a ball")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".turn")).to_have_attribute("data-status", "answered")
    page.get_by_role("tab", name="Jobs").click()
    expect(page.locator(".job")).to_have_attribute("data-status", "done")
    expect(page.locator(".job .moment")).to_have_count(1)


def test_a_server_with_tokens_asks_for_one(agents: Agents, open_page: Open) -> None:
    from gpt4video.agent.interfaces.http.security import Tokens

    token = "a-token-that-is-long-enough"
    page = open_page(agents({}), ready=False, tokens=Tokens({token: "local"})).page
    page.get_by_label("Token").fill("no such token at all")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="not known")).to_be_visible()
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")
    wait_ready(page)
    expect(page.locator("#panel-library .moment")).to_have_count(2)
    expect(page.locator("#panel-library img").first).to_have_js_property("complete", value=True)
