"""The plan: a typed list of tool calls that is checked as a whole before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from ...tools.editing.operations import Audio, EditArguments
from ...tools.generation.arguments import GenerateArguments
from ...tools.search import SearchArguments
from ...tools.understanding.arguments import UnderstandArguments

ToolName = Literal["understand_video", "search_memory", "edit_video", "generate_video"]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[1-9][0-9]?$")]


class UnderstandStep(_Step):
    """Look at clips."""

    tool: Literal["understand_video"] = "understand_video"
    args: UnderstandArguments


class SearchStep(_Step):
    """Find moments."""

    tool: Literal["search_memory"] = "search_memory"
    args: SearchArguments


class EditStep(_Step):
    """Edit clips."""

    tool: Literal["edit_video"] = "edit_video"
    args: EditArguments


class GenerateStep(_Step):
    """Make a new clip."""

    tool: Literal["generate_video"] = "generate_video"
    args: GenerateArguments


Step: TypeAlias = Annotated[UnderstandStep | SearchStep | EditStep | GenerateStep, Field(discriminator="tool")]


class Plan(BaseModel):
    """Steps to run, in an order that respects their references; or, with no steps, something to say.

    Attributes:
        steps: tool calls, ids "1", "2", ...; a reference ``$n`` names an earlier step.
        say: what to tell the user when no tool is to be called (small talk, a question back, "I cannot do that").
        order: in place of both, what is asked of the project or of a custom tool, in a wording that it knows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: Annotated[list[Step], Field(max_length=12)] = []
    say: Annotated[str, Field(max_length=2000)] = ""
    order: Annotated[str, Field(max_length=400)] = ""


def references(step: Step) -> Iterator[str]:
    """Every clip reference a step makes, in order of appearance."""
    if isinstance(step, SearchStep):
        if step.args.like is not None:
            yield step.args.like
        yield from step.args.clips
    elif isinstance(step, GenerateStep):
        if step.args.like is not None:
            yield step.args.like
    else:
        yield from step.args.clips
        if isinstance(step, EditStep):
            yield from (op.source for op in step.args.operations if isinstance(op, Audio) and op.source is not None)
