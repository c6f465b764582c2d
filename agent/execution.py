"""Running one step of a plan: references resolved, prompt judged, effect done once, result taken in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..memory.errors import LibraryError
from ..memory.ledger import job_key
from ..policies.injection import screen
from ..tools.base import MediaOutput, Source, Tool, ToolModel
from ..tools.errors import BadArguments, Cancelled, ToolError
from ..tools.generation.arguments import GenerateArguments
from ..tools.media.probe import probe
from ..tools.search import SearchResult
from ..tools.understanding.arguments import UnderstandResult
from .consent import prompt_in
from .errors import AgentError, fault_of
from .project_plan import ProjectResult, project_ended
from .provenance import prepare, signed
from .references import Resolver
from .routing import NODE_OF_TOOL, clip_references, without_references
from .screening import screened
from .seeing import described
from .state import AgentState, ClipRow, StepRow

if TYPE_CHECKING:
    from .components import Components

Progress = Callable[[float, str], None]


class StepContext:
    """The world as a tool sees it during one step (implements ``tools.base.ToolContext``)."""

    def __init__(self, workdir: Path, resolver: Resolver, progress: Progress, stopped: Callable[[], bool]) -> None:
        self.workdir = workdir
        self._resolver = resolver
        self._progress = progress
        self._stopped = stopped

    def sources(self, ref: str) -> list[Source]:
        """Resolve a clip reference."""
        return self._resolver.sources(ref)

    def check(self) -> None:
        """Raise ``Cancelled`` when the user has stopped the step."""
        if self._stopped():
            raise Cancelled("The step was stopped.", "Ask again to run it.")

    def progress(self, fraction: float, note: str = "") -> None:
        """Pass progress on; this is also where a cancelled step stops."""
        self.check()
        self._progress(min(max(fraction, 0.0), 1.0), note)


class StepRunner:
    """Runs steps against the components. Every fault ends up in the row, none escapes.

    Args:
        components: the parts.
        stopped: whether the user has stopped the step; unless given, nobody can.
    """

    def __init__(self, components: Components, stopped: Callable[[], bool] = lambda: False) -> None:
        self._parts = components
        self._stopped = stopped

    def prepared(self, row: StepRow, state: AgentState) -> StepRow:
        """A step as users may be asked about it: its whole prompt, its estimate, and why it needs their word."""
        prompt = prompt_in(row)
        if row["tool"] == "generate_video":
            resolver = Resolver(self._parts, state.get("clips", []), state["steps"], state["user"])
            with suppress(ToolError, LibraryError, AgentError, ValidationError):  # running it will say what is wrong
                prompt = prompt_of(GenerateArguments.model_validate(row["args"]), resolver)
        estimate = self._parts.estimates.of(row, state)
        asks = self._parts.approval_reason(row, estimate)
        return {**row, "prompt": prompt, "estimate": estimate, "asks": asks}

    def run(self, row: StepRow, state: AgentState, progress: Progress) -> dict[str, Any]:
        """Run a step; returns the state update (steps, evidence, verdicts, made)."""
        started = time.monotonic()
        update: dict[str, Any] = {}
        ended: StepRow = {**row, "status": "done"}
        try:
            ended.update(self._run(row, state, progress, update))  # type: ignore[typeddict-item]
        except Exception as error:  # every fault becomes data: the planner or the user decides what follows
            # What breaks while a step is being stopped (a decoder that the same Ctrl-C reached) is no fault of its own.
            ended["status"] = "cancelled" if isinstance(error, Cancelled) or self._stopped() else "failed"
            culprit = "GPT4Video" if row["tool"] in NODE_OF_TOOL else f"the tool {row['tool']}"
            ended["error"] = fault_of(error, culprit).model_dump()
        ended["seconds"] = round(time.monotonic() - started, 3)
        return {**update, "steps": [ended]}

    def _run(self, row: StepRow, state: AgentState, progress: Progress, update: dict[str, Any]) -> dict[str, Any]:
        tool = self._parts.tools[row["tool"]]
        resolver = Resolver(self._parts, state.get("clips", []), state["steps"], state["user"])
        arguments = tool.arguments.model_validate(row["args"])
        if isinstance(arguments, GenerateArguments):
            arguments = arguments.model_copy(
                update={"seed": _seed(state["turn"], row) if arguments.seed is None else arguments.seed}
            )
            prompt = prompt_of(arguments, resolver)
            verdicts = self._parts.judge("prompt", text=prompt, history=state.get("history", []))
            update["verdicts"] = verdicts
            if any(verdict["action"] == "block" for verdict in verdicts):
                return {"status": "blocked"}
        with work_folder(self._parts.settings.home) as workdir:
            context = StepContext(workdir, resolver, progress, self._stopped)
            if tool.effect == "reads" or tool.result is ProjectResult:  # a project keeps its own log of effects
                result = tool.run(arguments, context)
                return self._read(result, state, update)
            return self._write(tool, arguments, context, state, update)

    def _read(self, result: ToolModel, state: AgentState, update: dict[str, Any]) -> dict[str, Any]:
        """Results of a tool that only reads: evidence, and hits as clips that the conversation may name."""
        outputs: list[ClipRow] = []
        notes: list[str] = []
        if isinstance(result, UnderstandResult):
            evidence, notes = screened(result.evidence)
            result = result.model_copy(update={"evidence": evidence})
            update["evidence"] = [item.model_dump(mode="json") for item in evidence]
            update["sampling"] = _looked(result, state)
        elif isinstance(result, ProjectResult):
            outputs, left = project_ended(result)
            update |= left
            notes = result.notes
        elif isinstance(result, SearchResult):
            mine = [hit for hit in result.hits if self._parts.knows(hit.clip, state["user"])]
            known = [hit.cleaned(lambda text: screen(text).text) for hit in mine]
            result = result.model_copy(update={"hits": known})
            update["evidence"] = [
                {**hit.model_dump(exclude={"score", "reasons"}), "kind": "shot", "score": min(max(hit.score, 0.0), 1.0)}
                for hit in known
            ]
            outputs = [_row(hit.clip, "search hit", hit.end - hit.start, hit.start, hit.end) for hit in known]
        return {"result": result.model_dump(mode="json"), "outputs": outputs, "notes": notes}

    def _write(
        self,
        tool: Tool[Any, Any],
        arguments: ToolModel,
        context: StepContext,
        state: AgentState,
        update: dict[str, Any],
    ) -> dict[str, Any]:
        """An effect, done once: the ledger answers for a step that already ran with the same inputs."""
        library, user = self._parts.library, state["user"]
        plain = arguments.model_dump(mode="json")
        sources = [source for ref in clip_references(plain) for source in context.sources(ref)]

        def work() -> list[MediaOutput]:
            prepare(self._parts)
            began, length = time.monotonic(), 0.0
            made: list[MediaOutput] = tool.run(arguments, context).outputs
            for output in made:
                if output.kind in ("audio", "archive"):  # sound, or frames of a clip that was judged when it came in
                    continue
                generated = tool.name == "generate_video"
                duration = probe(output.path).duration
                length += duration
                verdicts = self._parts.judge("media", media=output.path, generated=generated, duration=duration)
                if generated and (shown := described(self._parts, output.path)):
                    # What no frame shows alone, a description of the whole may; the threshold is that of answers.
                    verdicts += self._parts.judge("output", text=shown)
                update["verdicts"] = [*update.get("verdicts", []), *verdicts]
                if any(verdict["action"] == "block" for verdict in verdicts):
                    raise _Blocked
            finished = [signed(self._parts, output, context, user=user) for output in made]
            context.check()
            estimates = self._parts.estimates
            estimates.learn(estimates.work(tool.name, plain, sources, user), time.monotonic() - began, length)
            return finished

        def keep(made: list[MediaOutput]) -> tuple[object, list[str]]:
            outputs = [self._parts.intake.adopt(output, user=user) for output in made]
            return outputs, [output["id"] for output in outputs if output["kind"] == "video"]

        try:
            job = library.ledger.once(self._job_key(tool, arguments, plain, sources), work, keep, user=user)
        except _Blocked:
            return {"status": "blocked"}
        outputs: list[dict[str, Any]] = job.result  # type: ignore[assignment]  # what ``keep`` returned
        self._parts.intake.index_new(job.clips, user=user)
        update["made"] = list(job.clips)
        rows = [
            _row(output["id"], self._about(output, state), output["duration"])
            for output in outputs
            if output["kind"] == "video"
        ]
        notes = list(dict.fromkeys(note for output in outputs for note in output["notes"]))
        return {"result": {"outputs": outputs}, "outputs": rows, "notes": notes}

    def _about(self, output: dict[str, Any], state: AgentState) -> str:
        """What made a clip, in our own words: the operation and the conversation's names of its parents."""
        names = {row["id"]: row["name"] for row in reversed(state.get("clips", []))}
        parents = " and ".join(names[parent] for parent in output["parents"] if parent in names)
        if output["operation"] == "generate":
            return f"generated like {parents}" if parents else "generated"
        return f"{output['operation']} of {parents}" if parents else str(output["operation"])

    def _job_key(self, tool: Tool[Any, Any], arguments: ToolModel, plain: dict[str, Any], sources: list[Source]) -> str:
        """The same effect has the same key: tool, arguments, input clips and spans, model revision and seed."""
        inputs = [f"{source.clip}@{source.start}-{source.end}" for source in sources]
        revision = self._parts.generator.name if tool.name == "generate_video" else tool.revision(arguments)
        # References are names of this conversation; what they resolve to is in the inputs.
        return job_key(tool.name, without_references(plain), inputs=inputs, revision=revision)


def prompt_of(arguments: GenerateArguments, resolver: Resolver) -> str:
    """The prompt that the generator will get, "like c2" spelled out: what users see and policies judge.

    Raises:
        BadArguments: the clip to make it like is not there.
    """
    from ..tools.generation.prompts import full_prompt

    if arguments.like is None:
        return full_prompt(arguments, None)
    sources = resolver.sources(arguments.like)
    if not sources:
        raise BadArguments("There is no clip to make it like.", "Find or name a clip first.")
    return full_prompt(arguments, sources[0])


@contextmanager
def work_folder(home: Path) -> Iterator[Path]:
    """An empty folder beside the library, so that what is made there need only be renamed; removed in the end."""
    root = home / "work"
    root.mkdir(parents=True, exist_ok=True)
    _sweep(root)
    with tempfile.TemporaryDirectory(dir=root, prefix=f"{os.getpid()}-") as folder:
        yield Path(folder)


def _seed(turn: str, row: StepRow) -> int:
    """A seed that a re-run of this very step draws again, so that the ledger knows it for the same job."""
    text = json.dumps([turn, row["id"], row["args"]], sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4]) >> 1


def _sweep(root: Path) -> None:
    """Remove the work folders of processes that were killed; a folder's name begins with its process."""
    for folder in root.iterdir():
        try:
            os.kill(int(folder.name.partition("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, PermissionError):
            continue  # not ours to remove


def _looked(result: UnderstandResult, state: AgentState) -> str:
    """How densely it was looked, and what could not be read, with the conversation's names of the clips."""
    told = f"{result.sampling} {result.partial}".strip()
    for row in state.get("clips", []):
        told = told.replace(f"{row['id']}: ", f"{row['name']}: ")
    return told


class _Blocked(Exception):
    """What was made must not be kept."""


def _row(clip: str, about: str, duration: float, start: float = 0.0, end: float | None = None) -> ClipRow:
    return {"name": "", "id": clip, "about": about, "duration": round(duration, 3), "start": start, "end": end}
