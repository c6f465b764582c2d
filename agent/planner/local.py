"""The project's own planner: SmolLM2-135M with this project's LoRA, its plans held to the grammar token by token."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .answering import composed
from .base import PlanContext, RespondContext
from .grammar import plan_grammar
from .phrasing import edits_then_join, joined, plainly
from .plan import Plan
from .replies import reply
from .stand_ins import joined_after, put_right, reworded
from .surface import PlanSyntaxError
from .syntax import parse, render_prompt

if TYPE_CHECKING:
    from ..model.constrained import Decoder
    from ..model.llm import LoadedLLM

PHRASES: Final = (
    " edit $1[0] trim 0 1 ; gen like $2: at night", " edit c1 reverse", " edit c1 audio mute",
    " edit c1 text bottom: ", " edit c1 color grayscale", " edit c1 c2 concat", " edit c1 speed 2",
    " edit c1 speed 0.5", " edit c1 crop 9:16", " edit c1 trim 0 50% ; edit c1 trim 50% end", " edit c1 gif 0 end",
    " edit $1[0] reverse", " edit c1 cut -2 end", " edit c1 rotate 90", " edit c1 fade 1 1", " edit c1 resize 720",
    " edit c1 audio volume 0.5", " find: ", " look c1: ", " gen: ", " gen like c1: in the rain", " say cannot",
    " say ask_clip", " say greet", " say thanks", " look $1[0]", " edit c2 trim 0 2 | reverse | audio mute",
    " edit $1 concat", " edit c1 frame 50%", " say help", " edit $1 reverse ; gen like $2: in the snow",
    " edit c1 trim 0 2 ; edit c2 trim -2 end ; edit $1 $2 concat", " edit $1[0] reverse ; look $2",
)  # fmt: skip
"""Typical plans: drafts come from here where the request has no word to copy. They steer nothing, they save time."""

_LONGEST_PLAN: Final = 120


@dataclass
class _Loaded:
    decoder: Decoder
    grammars: dict[bool, Any]
    llm: LoadedLLM


class LocalPlanner:
    """Implements :class:`~gpt4video.agent.planner.base.Planner` on the CPU. The model loads on first use.

    Plans are decoded greedily under :func:`~gpt4video.agent.planner.grammar.plan_grammar`: whatever the weights are,
    the text parses. Answers are composed from the results.
    """

    def __init__(self, model: Path, adapter: Path | None, cache: Path | None = None) -> None:
        """Name the files.

        Args:
            model: GGUF file, a folder that holds one, or a folder in transformers' format.
            adapter: folder of the LoRA adapter; None runs the base model as it is (of use to tests alone).
            cache: where merged weights are kept; next to ``model`` unless given.
        """
        self._model, self._adapter = model, adapter
        self._cache = cache or model.parent / "merged"
        self._loaded: _Loaded | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """``local:`` and the adapter's hash."""
        if self._adapter is None:
            return "local:base"
        weights = self._adapter / "adapter_model.safetensors"
        if not weights.is_file():
            return "local:missing"
        return f"local:{hashlib.sha256(weights.read_bytes()).hexdigest()[:12]}"

    def plan(self, context: PlanContext) -> Plan:
        """Request -> plan. Raises ``ModelUnavailable`` when the model's files are not there."""
        try:
            return parse(self.write_plan(context), context.clips)
        except PlanSyntaxError:
            # The grammar bounds everything but the length of free text.
            return Plan(say=reply("unclear"))

    def write_plan(self, context: PlanContext) -> str:
        """Decode the plan, in the plan syntax."""
        if parts := edits_then_join(context.request):
            edits, join = (self._meant(context.model_copy(update={"request": part})) for part in parts)
            if both := joined_after(edits, join):
                return both
        return self._meant(context)

    def _meant(self, context: PlanContext) -> str:
        """Decode the plan of a request, by way of stand-ins where its wording was not taught."""
        said, rows = reworded(context.request)
        meant = put_right(self._written(context.model_copy(update={"request": said})), rows) if rows else None
        return self._written(context) if meant is None else meant

    def _written(self, context: PlanContext) -> str:
        written = self.complete(render_prompt(context), clips=bool(context.clips))
        return joined(plainly(context.request, context.clips), written)

    def complete(self, prompt: str, *, clips: bool) -> str:
        """Decode the plan for a prompt of :func:`.syntax.render_prompt`; ``clips``: whether it names any."""
        with self._lock:
            loaded = self._load()
            return loaded.decoder.write(prompt, loaded.grammars[clips], longest=_LONGEST_PLAN).text.strip(" ")

    def respond(self, context: RespondContext) -> str:
        """Answer from the results.

        The sentences are composed from the evidence: the adapter's own wording of an answer still gives times to the
        wrong finding now and then, which no check of single words notices.
        """
        return composed(context)

    def warm(self) -> None:
        """Load now, so that the first plan does not wait."""
        with self._lock:
            self._load()

    def language_model(self) -> LoadedLLM:
        """The loaded network and tokenizer, for measurements."""
        with self._lock:
            return self._load().llm

    def _load(self) -> _Loaded:
        if self._loaded is None:
            from ..model.constrained import Decoder
            from ..model.llm import load_llm

            llm = load_llm(self._model, self._adapter, self._cache)
            decoder = Decoder(llm, PHRASES)
            grammars = {clips: decoder.compile(plan_grammar(clips=clips)) for clips in (True, False)}
            self._loaded = _Loaded(decoder, grammars, llm)
        return self._loaded
