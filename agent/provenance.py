"""Every file that a tool made is signed before it is kept: its id is the hash of the signed file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..tools.base import MediaOutput, ToolContext
from ..tools.provenance.manifest import Ingredient
from .routing import clip_references

if TYPE_CHECKING:
    from .components import Components


def prepare(parts: Components) -> None:
    """Fail now if what is going to be made could not be signed; raises ``CertificateUnusable``."""
    if parts.provenance is not None:
        parts.provenance.prepare()


def signed(parts: Components, output: MediaOutput, context: ToolContext, *, user: str) -> MediaOutput:
    """Put the manifest into the file that was made, unless provenance is switched off.

    Raises:
        ToolError: it cannot be signed; nothing is kept then, and the remedy says how to go on.
    """
    if parts.provenance is None:
        return output
    clips = dict.fromkeys([*output.parents, *_sounds(output, context)])
    ingredients = [Ingredient(parts.library.get(clip, user=user).path, f"clip {clip}") for clip in clips]
    notes = parts.provenance.sign(
        output.path,
        action=output.operation,
        ingredients=ingredients,
        model=output.model,
        prompt=output.prompt,
        arguments=output.arguments,
    )
    return output.model_copy(update={"notes": [*output.notes, *notes]})


def _sounds(output: MediaOutput, context: ToolContext) -> list[str]:
    """Library ids of the clips whose sound went in: they are no parents, but something was made from them."""
    operations: Any = output.arguments.get("operations") or []
    references = clip_references({"operations": operations})
    return [source.clip for reference in references for source in context.sources(reference)]
