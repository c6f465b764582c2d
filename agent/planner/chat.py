"""A planner that asks a chat model: one of LangChain's, or whatever an OpenAI-compatible server serves.

The model is told the plan syntax (:mod:`.syntax`) and answers with ``{"plan": "..."}``; servers that know structured
output are held to that, from others the plan is read out of the text. A plan that does not parse goes back with its
fault. Only our own words, the request and typed facts are sent: no frame, no path, no text out of a clip. (Frames are
for understanding: :mod:`gpt4video.agent.seeing`.)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ..errors import AgentError, PlannerFailed
from .answering import composed
from .base import PlanContext, RespondContext
from .plan import Plan
from .replies import REPLIES, reply
from .surface import PlanSyntaxError, escape
from .syntax import parse, render_prompt
from .video_tags import read_tags

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

_ATTEMPTS: Final = 3
_TIMEOUT: Final = 60.0
_LONGEST: Final = 400
_LIMIT: Final = {"max_tokens": _LONGEST}  # by the name that local servers know it
_SCHEMA: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "plan",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"plan": {"type": "string"}},
            "required": ["plan"],
            "additionalProperties": False,
        },
    },
}
_STEP: Final = re.compile(r"^\s*(?:plan\s*:)?\s*((?:look|find|edit|gen|say|order)\b.*)$", re.IGNORECASE)
_THOUGHT: Final = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)

GUIDE: Final = f"""You plan for an assistant that works on video clips. You never act yourself: you write one plan, in \
one line, in this syntax, and reply with JSON: {{"plan": "..."}}.

Steps, joined by " ; ":
look CLIPS: QUESTION      look at clips and answer; without a question it describes them
find [N] [like CLIP] [in CLIPS]: WORDS      search the library for moments
edit CLIPS OPERATION [| OPERATION ...]      trim A B (keep), cut A B (remove), concat, concat S (cross-fade of S \
seconds), speed F, reverse, crop 9:16, crop 9:16 follow (the window follows what moves), crop X Y W H, resize 720, \
resize 1280x720, rotate 90|180|270|mirror|flip, stabilise [low|high], fade IN OUT, \
text top|center|bottom|top-left|top-right|bottom-left|bottom-right [serif|mono|bold] [size PERCENT] [A B]: WORDS, \
color grayscale|sepia|invert, color lut NAME (a colour table), \
color brightness|contrast|saturation F, audio mute, audio volume F, audio fade IN OUT, \
audio replace CLIP, frame T (a still), thumbnail T, gif A B, webm A B, m4a A B (its sound), wav A B, frames [N] A B, \
sheet [N] A B (a contact sheet)
gen [Ns] [seed N] [like CLIP]: WORDS      make a new clip
say KIND      no tool: KIND is one of {", ".join(REPLIES)}
order: ORDER      the whole plan where the user works on a project: a timeline of items that are parts of clips, \
each with edits of its own and takes. ORDER is one of: start a project called NAME; open the project NAME; put CLIPS \
into the project [before|after item N]; remove|move item N [to place M]; split item N at T seconds; OPERATION on item \
N, in plain words (trim item 2 to its first second, make item 1 slower); cross-fade between item N and item M for S \
seconds; regenerate A to B seconds of item N as WORDS [in K takes]; use take K of item N; show the takes; show the \
project; show the log; reject the last edit; undo; compare it with the version before; render it; export it as \
otio|edl|fcpxml

CLIP is c1, c2, ... (the last is the newest; "it" and "the last one" mean the newest), c1@2-4.5 (a span in seconds), \
$1 (all that step 1 of this plan gave), $1[0] (its first), $1[-1] (its last). Times are seconds: 2, -2 (before the \
end), end, 50%, 50%+2. In free text write \\; and \\| for ; and |.
Slower and faster without a number are 0.5 and 2. A question is handed on whole. What no tool can do is "say cannot", \
what must not be done is "say refuse"; a clip that is not there is "say ask_clip".

Clips: none
User: find the shot with the bicycle, keep its first second, then make a new clip like it at night
Plan: find: bicycle ; edit $1[0] trim 0 1 ; gen like $2: at night

Clips: c1 upload 12s, c2 trim of c1 4s
User: mute it and play it backwards, then join both
Plan: edit c2 audio mute | reverse ; edit c1 $1 concat

Project: holiday, 2 items: 1 c1 2s, 2 c3 4s
Clips: c1 upload 12s, c2 trim of c1 2s, c3 upload 4s
User: the second bit of the timeline drags, play it twice as fast
Plan: order: make item 2 twice as fast

Clips: c1 upload 9s
User: what is the dog doing at the end?
Plan: look c1: what is the dog doing at the end?

Clips: none
User: what's the capital of France?
Plan: say cannot"""


class ChatPlanner:
    """Implements :class:`~gpt4video.agent.planner.base.Planner` with a chat model.

    Args:
        model: the chat model; it should have a timeout and retries of its own.
        name: backend and model, for the record.
        structured: ask the server for JSON of a schema; switched off by itself where a server refuses that.
    """

    def __init__(self, model: BaseChatModel, name: str, *, structured: bool = False) -> None:
        self._model, self._name, self._structured = model, name, structured

    @classmethod
    def openai(cls, spec: str) -> ChatPlanner:
        """From ``BASE_URL#MODEL``; the key is read from ``OPENAI_API_KEY``, for servers that want one.

        Raises:
            PlannerFailed: the specification is none, or the optional package is not installed.
        """
        url, _, model = spec.partition("#")
        if not re.match(r"https?://\S", url) or not model:
            raise PlannerFailed(
                f"'openai:{spec}' names no server and model.", "Write it as openai:http://HOST:PORT/v1#MODEL."
            )
        chat_class = _optional("langchain_openai", "ChatOpenAI")
        chat = chat_class(
            base_url=url, model=model, api_key=os.environ.get("OPENAI_API_KEY") or "none", temperature=0,
            timeout=_TIMEOUT, max_retries=_ATTEMPTS - 1, extra_body=_LIMIT,
        )  # fmt: skip
        return cls(chat, f"openai:{model}", structured=True)

    @classmethod
    def langchain(cls, spec: str) -> ChatPlanner:
        """From ``PROVIDER:MODEL`` as LangChain's ``init_chat_model`` reads it; raises ``PlannerFailed`` likewise."""
        make = _optional("langchain.chat_models", "init_chat_model")
        try:
            chat = make(spec, temperature=0, timeout=_TIMEOUT, max_retries=_ATTEMPTS - 1, max_tokens=_LONGEST)
        except (ImportError, ValueError) as error:
            raise PlannerFailed(
                f"LangChain cannot open {spec!r}: {error}", "Install the provider's package and name it PROVIDER:MODEL."
            ) from error
        return cls(chat, f"chat:{spec}")

    @classmethod
    def vision_language(cls, spec: str) -> ChatPlanner:
        """From a folder or hub id of an image-text-to-text model of transformers, which loads on first use."""
        from ..model.vlm import VisionLanguageChat

        return cls(VisionLanguageChat(source=spec), f"vlm:{spec}")

    @property
    def name(self) -> str:
        """Backend and model."""
        return self._name

    @property
    def model(self) -> BaseChatModel:
        """The chat model, for whoever shows it frames."""
        return self._model

    def plan(self, context: PlanContext) -> Plan:
        """Ask for a plan, up to three times; what never parses is not understood.

        Raises:
            PlannerFailed: the model cannot be reached or fails.
        """
        project = f"Project: {context.project}\n" if context.project else ""
        project += "".join(f"Another ORDER that is known here: {wording}\n" for wording in context.orders)
        turns: list[tuple[str, str]] = [("system", GUIDE), ("human", _sendable(project + render_prompt(context)))]
        for _ in range(_ATTEMPTS):
            text = self._ask(turns)
            try:
                return parse(plan_line(text), context.clips)
            except PlanSyntaxError as fault:
                turns += [("ai", _sendable(text)[:2000]), ("human", f"That does not parse: {fault} Write it again.")]
        return Plan(say=reply("unclear"))

    def respond(self, context: RespondContext) -> str:
        """Answer from the results; composed, so that it claims nothing that they do not hold."""
        return composed(context)

    def _ask(self, turns: Sequence[tuple[str, str]]) -> str:
        with provider_faults(
            PlannerFailed,
            f"The planner {self._name} gave no answer",
            "Check that the server runs and serves this model, or use the planner 'local'.",
        ):
            if self._structured:
                try:
                    return self._model.bind(extra_body={**_LIMIT, "response_format": _SCHEMA}).invoke(list(turns)).text
                except Exception as error:
                    if not 400 <= getattr(error, "status_code", 0) < 500:
                        raise
                    self._structured = False  # this server knows no structured output
            return self._model.invoke(list(turns)).text


@contextmanager
def provider_faults(kind: type[AgentError], what: str, remedy: str) -> Iterator[None]:
    """Turn whatever a chat model raises into an error of ours; every provider has its own kinds of fault."""
    try:
        yield
    except AgentError:
        raise
    except Exception as error:
        raise kind(f"{what}: {_cause(error)}", remedy) from error


def plan_line(text: str) -> str:
    """The plan in a reply: JSON with ``plan``, fenced or not, ``<video>`` tags, or a line that begins like a step."""
    bare = _THOUGHT.sub("", text)
    for start in (match.start() for match in re.finditer(r"\{", bare)):
        try:
            found: Any = json.JSONDecoder().raw_decode(bare, start)[0]
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("plan"), str):
            return str(found["plan"]).strip()
    tagged = read_tags(bare)
    if tagged.prompts:
        like = f" like c{tagged.clips[0]}" if tagged.clips else ""
        return " ; ".join(f"gen{like}: {escape(prompt)}" for prompt in tagged.prompts)
    for line in tagged.text.replace("`", "").splitlines():
        if match := _STEP.match(line):
            return match[1].strip()
    return tagged.text


def _optional(module: str, name: str) -> Any:
    from importlib import import_module

    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise PlannerFailed(
            f"This planner needs the package {module.split('.')[0].replace('_', '-')}.",
            "Install it with: pip install 'gpt4video[chat]'.",
        ) from error


def _sendable(text: str) -> str:
    """Text that can be sent: lone surrogates are no characters."""
    return text.encode("utf-8", "replace").decode()


def _cause(error: BaseException) -> str:
    """The innermost cause in one line: connection errors are wrapped several times."""
    inner = error
    while (deeper := inner.__cause__ or inner.__context__) is not None:
        inner = deeper
    told = " ".join(f"{error} ({inner})".split() if inner is not error else str(error).split())
    return f"{type(error).__name__}: {told[:300]}."
