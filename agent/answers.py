"""From results to words: a sentence a step, and the answer of a turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..tools.search import Hit
from ..tools.understanding.arguments import Evidence
from .planner.base import RespondContext, StepOutcome
from .project_told import table, told
from .state import AgentState, ClipRow, StepRow

if TYPE_CHECKING:
    from .components import Components

PROJECT_TOOLS = ("edit_project", "render_project", "regenerate_span")
_QUOTED = 60
"""Characters of a source's words in a sentence on a hit."""


def clock(seconds: float) -> str:
    """Seconds as people read them: ``0:04``, ``1:02:03``; tenths only where they matter (``0:04.5``)."""
    tenths = round(seconds * 10)
    whole, tenth = divmod(tenths, 10)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{text}.{tenth}" if tenth else text


def summarise(row: StepRow) -> str:
    """One sentence on how a step ended, from its typed result."""
    if row["status"] == "declined":
        return "not run, because it was not approved"
    if row["status"] == "cancelled":
        return "stopped; nothing of it was kept"
    if row["status"] == "background":
        return f"runs in the background as job {(row['result'] or {}).get('job')}, {_lasting(row)}"
    if row["status"] == "blocked":
        return "blocked by policy"
    if row["status"] == "failed":
        error = row["error"] or {}
        return f"failed: {error.get('message', '')} {error.get('remedy', '')}".strip()
    if row["tool"] == "search_memory":
        return _found(row)
    if row["tool"] in PROJECT_TOOLS:
        return told(row["result"] or {}, [clip["name"] for clip in row["outputs"]])
    if row["tool"] == "understand_video":
        return f"looked closely: {len((row['result'] or {}).get('evidence', []))} findings"
    if "outputs" not in (row["result"] or {}):
        return str((row["result"] or {}).get("text", "")) or "done"
    return _made(row)


def _found(row: StepRow) -> str:
    if not row["outputs"]:
        return "nothing in the library fits"
    found = (row["result"] or {}).get("hits", [])
    hits = [
        f"{clip['name']} ({_span(clip)}{_where(clip)}{_why(hit)})"
        for clip, hit in zip(row["outputs"], found, strict=True)
    ]
    return f"found {', '.join(hits)}"


def _why(hit: dict[str, Any]) -> str:
    """The strongest reason for a hit; words of a source as a quotation that cannot end itself early."""
    reasons = Hit.model_validate(hit).reasons
    if not reasons or reasons[0].kind == "filter":
        return ""
    best = reasons[0]
    if best.text:
        short = " ".join(best.text.split()).replace('"', "'")[:_QUOTED]
        best = best.model_copy(update={"text": f'"{short}"'})
    return f"; {best.told()}"


def _where(clip: ClipRow) -> str:
    return f" {clip['about'].removeprefix('search hit ')}" if " in " in clip["about"] else ""


def _made(row: StepRow) -> str:
    clips = [f"{clip['name']} ({clip['duration']:.1f} s, {clip['about']})" for clip in row["outputs"]]
    files = [
        f"the {output['kind']} {output['path']}"
        for output in (row["result"] or {}).get("outputs", [])
        if output["kind"] != "video"
    ]
    prompt = next(
        (str(output["prompt"]) for output in (row["result"] or {}).get("outputs", []) if output["prompt"]), ""
    )
    return "made " + ", ".join([*clips, *files]) + (f' from the prompt "{prompt}"' if prompt else "")


def _lasting(row: StepRow) -> str:
    estimate = row.get("estimate")
    told = f"{estimate['text']}; " if estimate is not None else ""
    return f"{told}its result will be told here when it is done"


def _span(clip: ClipRow) -> str:
    end = clip["end"] if clip["end"] is not None else clip["start"] + clip["duration"]
    return f"{clock(clip['start'])}-{clock(end)}"


def answer_from(state: AgentState, parts: Components) -> str:
    """The turn's answer: the planner's words over the results, and every failure, whatever the planner wrote."""
    if any(row["status"] == "cancelled" for row in state["steps"]):
        return " ".join(
            ["Stopped.", *(f"Step {row['id']} ({row['tool']}): {row['summary']}." for row in state["steps"])]
        )
    if not state["steps"]:
        if state["failures"]:
            problems = " ".join(dict.fromkeys(failure["message"] for failure in state["failures"]))
            return f"{state['plan']['say'] or 'I could not turn that into steps that can run.'} {problems}"
        return state["plan"]["say"] or "I have nothing to do for that. Tell me what to find, edit, make or explain."
    outcomes = [
        StepOutcome(
            id=row["id"],
            tool=row["tool"],
            ok=row["status"] in ("done", "background"),
            summary=row["summary"],
            notes=row["notes"],
        )
        for row in state["steps"]
    ]
    # Hits of a search are evidence too, but a question is answered from what was looked at.
    looked = any(row["tool"] == "understand_video" and row["status"] == "done" for row in state["steps"])
    evidence = state.get("evidence", []) if looked else []
    context = RespondContext(
        request=state["request"],
        outcomes=outcomes,
        evidence=[Evidence.model_validate(item) for item in evidence],
        sampling=state.get("sampling", ""),
        names=_names(state, parts),
    )
    answer = parts.planner.respond(context).strip()
    said = answer.casefold()
    # What a clip was generated from is always told; of other steps that ended well, what the planner chose to tell.
    silent = {row["id"] for row in state["steps"] if row["status"] == "done" and row["tool"] != "generate_video"}
    hidden = [row for row in state["steps"] if row["id"] not in silent and _core(row) not in said]
    notes = [f"Step {row['id']} ({row['tool']}): {row['summary'].rstrip('.')}." for row in hidden]
    tables = [
        table(row["result"] or {}, _names(state, parts))
        for row in state["steps"]
        if row["tool"] in PROJECT_TOOLS and row["status"] == "done"
    ]
    return "\n".join([answer, *notes, *tables]).strip()


def _core(row: StepRow) -> str:
    """A step's summary as it can be looked for in an answer."""
    return " ".join(row["summary"].split()).rstrip(".").casefold()


def _names(state: AgentState, parts: Components) -> dict[str, str]:
    """Library id -> what the conversation calls the clip."""
    names: dict[str, str] = {}
    for row in state.get("clips", []):
        if row["end"] is None or row["id"] not in names:
            names[row["id"]] = row["name"] if row["end"] is None else row["id"][:8]
    missing = {item["clip"] for item in state.get("evidence", [])} - set(names)
    for clip in missing:
        if parts.knows(clip, state["user"]):
            names[clip] = clip[:8]
    return names


def turn_result(state: dict[str, Any], thread: str, parts: Components) -> dict[str, Any]:
    """The documented JSON of a turn (see ``gpt4video ask --json``)."""
    made = []
    for clip_id in dict.fromkeys(state.get("made", [])):
        if parts.knows(clip_id, state["user"]):
            clip = parts.library.get(clip_id, user=state["user"])
            made.append(
                {
                    "id": clip.id,
                    "path": str(clip.path),
                    "duration": clip.duration,
                    "operation": clip.operation,
                    "parents": list(clip.parents),
                }
            )
    keys = ("id", "tool", "status", "seconds", "result", "error")
    return {
        "thread": thread,
        "answer": state.get("answer", ""),
        "blocked": bool(state.get("blocked")),
        "verdicts": state.get("verdicts", []),
        "plan": state.get("plan", {}).get("steps", []),
        "steps": [{key: row[key] for key in keys} for row in state.get("steps", [])],
        "clips": made,
        "evidence": state.get("evidence", []),
    }
