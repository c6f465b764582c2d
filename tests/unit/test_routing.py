from __future__ import annotations

from typing import Any

from gpt4video.agent.routing import MAX_ATTEMPTS, after_plan, approval_key, dependencies, ready_steps, route
from gpt4video.agent.state import AgentState, StepRow, append, merge_steps
from langgraph.types import Send


def step(number: str, tool: str = "edit_video", status: Any = "pending", **args: Any) -> StepRow:
    return {
        "id": number,
        "tool": tool,
        "args": args,
        "status": status,
        "seconds": 0.0,
        "result": None,
        "error": None,
        "outputs": [],
        "summary": "",
        "notes": [],
    }


def state(*steps: StepRow, **more: Any) -> AgentState:
    base: dict[str, Any] = {"turn": "t", "user": "u", "request": "r", "uploads": [], "attempts": 1, "failures": []}
    return {**base, "steps": list(steps), **more}  # type: ignore[typeddict-item]


def test_dependencies_are_found_wherever_a_reference_may_stand() -> None:
    row = step("4", clips=["$1[0]", "c2"], operations=[{"op": "audio", "source": "$2"}], like="$3")
    assert dependencies(row) == {"1", "2", "3"}


def test_a_price_in_a_text_is_no_dependency() -> None:
    row = step("2", prompt="a sign that says $1", operations=[{"op": "text", "text": "$1 only"}])
    assert dependencies(row) == set()


def test_independent_steps_go_side_by_side_and_dependent_ones_wait() -> None:
    sends = route(state(step("1", clips=["c1"]), step("2", clips=["c2"]), step("3", clips=["$1", "$2"])))
    assert isinstance(sends, list)
    assert [send.arg["step"]["id"] for send in sends if isinstance(send, Send)] == ["1", "2"]
    done = [step("1", status="done"), step("2", status="done"), step("3", clips=["$1", "$2"])]
    assert [row["id"] for row in ready_steps(done)] == ["3"]


def test_a_step_after_a_failed_one_never_becomes_ready() -> None:
    assert ready_steps([step("1", status="failed"), step("2", clips=["$1"])]) == []


def test_a_block_refuses_whatever_is_still_pending() -> None:
    assert route(state(step("1", clips=["c1"]), blocked=True)) == "refuse"


def test_replanning_is_bounded() -> None:
    failing = {"failures": [{"step": "1", "code": "bad", "message": "no"}]}
    assert route(state(step("1", status="failed"), **failing)) == "plan"
    assert route(state(step("1", status="failed"), **failing, attempts=MAX_ATTEMPTS)) == "respond"
    assert after_plan(state(**failing, attempts=MAX_ATTEMPTS)) == "respond"


def test_an_approval_holds_for_these_very_arguments_only() -> None:
    row = step("1", prompt="a red ball")
    assert approval_key("t", row) == approval_key("t", step("1", prompt="a red ball"))
    assert approval_key("t", row) != approval_key("t", step("1", prompt="a blue ball"))
    assert approval_key("t", row) != approval_key("other", row)


def test_step_rows_replace_their_like_and_none_empties() -> None:
    first, second = step("1"), step("2")
    done = step("1", status="done")
    assert merge_steps([first, second], [done]) == [done, second]
    assert merge_steps([first, second], [None, done]) == [done]
    assert merge_steps([first], None) == []


def test_appending_starts_anew_after_none() -> None:
    assert append([1], [2]) == [1, 2]
    assert append([1], [None, 2]) == [2]
    assert append([1], None) == []
