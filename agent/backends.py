"""The planner and the generator that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import PlannerFailed, RequestInvalid

if TYPE_CHECKING:
    from ..tools.generation.base import Generator
    from .components import Components
    from .planner.base import Planner

WEIGHTS = Path(__file__).parent / "model" / "weights"


def choose_planner(parts: Components) -> Planner:
    """Make the planner. Raises ``PlannerFailed`` when there is none of that name."""
    kind, _, rest = parts.settings.planner.partition(":")
    if kind == "local":
        from .planner.local import LocalPlanner

        return LocalPlanner(parts.models("llm"), WEIGHTS / "planner")
    if kind == "scripted":
        from .planner.scripted import ScriptedPlanner

        return ScriptedPlanner.from_file(Path(rest))
    from .planner.chat import ChatPlanner

    chats = {"openai": ChatPlanner.openai, "chat": ChatPlanner.langchain, "vlm": ChatPlanner.vision_language}
    if kind in chats and rest:
        return chats[kind](rest)
    raise PlannerFailed(
        f"There is no planner {parts.settings.planner!r}.",
        "Use 'local', 'openai:BASE_URL#MODEL', 'chat:PROVIDER:MODEL', 'vlm:DIR_OR_ID' or 'scripted:FILE'.",
    )


def choose_generator(parts: Components) -> Generator:
    """Make the generator. Raises ``RequestInvalid`` when there is none of that name."""
    kind, _, rest = parts.settings.generator.partition(":")
    if kind == "embedded":
        from ..tools.generation.embedded import EmbeddedGenerator

        return EmbeddedGenerator.shipped(parts.models("text"))
    if kind == "double":
        from ..tools.generation.double import DrawnGenerator

        return DrawnGenerator()
    if kind == "diffusers" and rest:
        from ..tools.generation.diffusers_backend import DiffusersGenerator

        return DiffusersGenerator.of(rest)
    raise RequestInvalid(
        f"There is no generator {parts.settings.generator!r}.", "Use 'embedded', 'double' or 'diffusers:DIR_OR_ID'."
    )
