"""Tools of the user's own: where they come from, and the requests that are meant for them.

A tool says in what words it is asked for (``Tool.wordings``, written as :mod:`.planner.forms` describes). A request
that is worded so becomes a plan of one step, before any planner is asked; from there on it is a step like any other:
the plan is judged, approval asked for, effects done once, results taken in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from ..tools.base import Tool
from .errors import RequestInvalid
from .naming import visible
from .planner.forms import form, seconds_of
from .planner.phrasing import value_of
from .pointing import pointed
from .project_places import PROJECT_KINDS, clips_of
from .project_words import bare
from .routing import NODE_OF_TOOL
from .state import AgentState, PlanRow

if TYPE_CHECKING:
    from .components import Components

CustomTool = Tool[Any, Any]

_KINDS: Final[Mapping[str, str]] = {name: PROJECT_KINDS[name] for name in ("clips", "number", "time", "length", "word")}
_ANY: Final = {"text": r".+"}
_NAMED: Final = re.compile(r"\{(\w+):(\w+)\}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,40}")


def loaded(places: Sequence[str]) -> list[CustomTool]:
    """The tools at ``MODULE:CLASS``, each made without arguments.

    Raises:
        RequestInvalid: there is no such class, or it is no tool.
    """
    tools: list[CustomTool] = []
    for place in places:
        module, _, name = place.partition(":")
        try:
            kind = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise RequestInvalid(
                f"There is no tool at {place!r} ({error}).",
                "Write it as MODULE:CLASS, of a module that Python finds (PYTHONPATH).",
            ) from error
        if not (isinstance(kind, type) and issubclass(kind, Tool)):
            raise RequestInvalid(f"{place!r} is no tool.", "Derive it from gpt4video.tools.base.Tool.")
        tools.append(kind())
    return tools


def checked(tools: Sequence[CustomTool]) -> list[CustomTool]:
    """The same tools, each with a name of its own and wordings that fill its arguments; else ``RequestInvalid``."""
    names = set(NODE_OF_TOOL)
    for tool in tools:
        if not _NAME.fullmatch(tool.name) or tool.name in names:
            raise RequestInvalid(
                f"A tool cannot be called {tool.name!r}.", "Use small letters, digits and _, and no name that is taken."
            )
        names.add(tool.name)
        for wording in tool.wordings:
            try:
                _compiled(wording)
            except (KeyError, re.error) as error:
                kinds = ", ".join({**_KINDS, **_ANY})
                raise RequestInvalid(
                    f"The wording {wording!r} of {tool.name} cannot be read ({error}).", f"Its kinds are {kinds}."
                ) from error
            unknown = {name for name, _ in _NAMED.findall(wording)} - set(tool.arguments.model_fields)
            if unknown:
                raise RequestInvalid(
                    f"{wording!r} of {tool.name} fills what it does not take: {', '.join(sorted(unknown))}.",
                    f"Its arguments are {', '.join(tool.arguments.model_fields)}.",
                )
    return list(tools)


def planned(parts: Components, state: AgentState) -> PlanRow | None:
    """The plan of a request to one of these tools, or what to say instead; None when the request is for none."""
    known = {row["name"]: row["duration"] for row in visible(state)}
    words = bare(pointed(state))
    for tool in parts.custom_tools:
        for wording in tool.wordings:
            if found := _compiled(wording).fullmatch(words):
                return _plan(tool, _filled(tool, wording, found, known))
    return None


@cache
def _compiled(wording: str) -> re.Pattern[str]:
    return form(wording, {**_KINDS, **_ANY})


def _filled(tool: CustomTool, wording: str, found: re.Match[str], known: Mapping[str, float]) -> dict[str, Any]:
    """The arguments that the words give; the newest clip where the tool needs clips and none are named."""
    arguments: dict[str, Any] = {}
    for name, kind in _NAMED.findall(wording):
        said = found.groupdict().get(name)
        if said is None:
            continue
        if kind == "clips":
            arguments[name] = clips_of(said, known)
        elif kind == "number":
            arguments[name] = value_of(said)
        else:
            arguments[name] = seconds_of(said) if kind in ("time", "length") else said
    clips = tool.arguments.model_fields.get("clips")
    if clips is not None and clips.is_required() and known:
        arguments.setdefault("clips", [list(known)[-1]])
    return arguments


def _plan(tool: CustomTool, arguments: dict[str, Any]) -> PlanRow:
    try:
        valid = tool.arguments.model_validate(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        return {"steps": [], "say": f"{tool.description} That does not hold: {place}: {first['msg']}."}
    return {"steps": [{"id": "1", "tool": tool.name, "args": valid.model_dump(mode="json")}], "say": ""}
