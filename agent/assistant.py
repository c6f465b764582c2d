"""The facade: a video assistant with conversations that last.

::

    with VideoAgent(home="state") as agent:
        agent.ingest(["holiday.mp4"])
        answer = agent.ask("find the shot with the bicycle and play it backwards")
        print(answer.answer, [clip["path"] for clip in answer.clips])
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from . import events
from .answers import turn_result
from .components import Components
from .errors import RequestInvalid, SessionUnknown
from .sessions import database_faults, one_turn, open_checkpoints, storing, thread_key
from .settings import MAX_REQUEST, Settings, resolve_home

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph

    from .projects import Project
    from .reports import FileProgress, IngestReport

Status = Literal["answered", "failed", "blocked", "waiting"]


class Answer(BaseModel):
    """A turn's outcome; ``model_dump()`` without ``status`` and ``approval`` is the documented JSON.

    Attributes:
        status: ``answered``; ``failed`` when nothing that was asked could be done; ``blocked`` by a policy; or
            ``waiting`` for approval of the step in ``approval``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    thread: str
    answer: str
    blocked: bool
    verdicts: list[dict[str, Any]]
    plan: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    clips: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    status: Status = "answered"
    approval: dict[str, Any] | None = None


class VideoAgent:
    """Talks about video: understands, finds, edits and generates, under policies.

    Not for several threads at once; several processes may share a home. Use as a context manager, or ``close``.
    """

    def __init__(
        self, home: str | Path | None = None, *, components: Components | None = None, **settings: Any
    ) -> None:
        """Open a home folder (see :class:`~gpt4video.agent.settings.Settings` for the other settings)."""
        self.components = components or Components(Settings(home=resolve_home(home), **settings))
        self.settings = self.components.settings

    @cached_property
    def _checkpoints(self) -> Any:
        with storing():
            return open_checkpoints(self.settings.home, self.settings.database)

    @cached_property
    def graph(self) -> CompiledStateGraph[Any, Any, Any, Any]:
        """The compiled state machine over this home's checkpoints."""
        from .graph import build_graph

        return build_graph(self.components, self._checkpoints)

    def ask(
        self, request: str, clips: Iterable[str | Path] = (), *, thread: str = "default", approve: bool = False
    ) -> Answer:
        """Hold one turn and return its outcome (see :meth:`stream` for the arguments and errors)."""
        for _ in self.stream(request, clips, thread=thread, approve=approve):
            pass
        return self.last(thread)

    def stream(
        self, request: str, clips: Iterable[str | Path] = (), *, thread: str = "default", approve: bool = False
    ) -> Iterator[events.Event]:
        """Hold one turn, yielding what happens.

        A turn that a crash cut off is taken up again when the same request comes: what was judged and made stays.

        Args:
            request: what the user says.
            clips: files to take in first, or ids of clips in the library, that this turn is about.
            thread: the conversation.
            approve: run slow, paid or destructive steps without asking; else the turn waits.

        Raises:
            RequestInvalid: the request is empty, too long or not text.
            SessionBusy: another turn runs on this conversation.
            SessionUnsaved: the conversation cannot be written (disk full); asked again, the turn goes on.
            ToolError, LibraryError: a clip in ``clips`` cannot be taken in.
        """
        check_request(request)
        key = thread_key(self.settings.user, thread)
        with one_turn(self.settings.home, key, self.settings.database):
            uploads = [self.components.intake.resolve(clip, user=self.settings.user) for clip in clips]
            state = self._state(key)
            pending = bool(state.next) and state.values.get("request") == request and not uploads
            turn = {
                "turn": uuid.uuid4().hex,
                "user": self.settings.user,
                "request": request,
                "uploads": uploads,
            }
            yield from self._run(key, None if pending else turn, approve)

    def approve(self, thread: str = "default", *, approved: bool = True) -> Answer:
        """Answer the question that a waiting turn asks, and run it to its end.

        Raises:
            SessionUnknown: nothing waits on this conversation.
        """
        key = thread_key(self.settings.user, thread)
        with one_turn(self.settings.home, key, self.settings.database):
            waiting = self._waiting(key)
            if waiting is None:
                raise SessionUnknown(f"Nothing waits for approval on thread {thread!r}.", "Ask for something first.")
            for _ in self._run(key, _resume({waiting["key"]: approved}, self._state(key)), approve=False):
                pass
        return self.last(thread)

    def last(self, thread: str = "default") -> Answer:
        """The outcome of the last turn of a conversation.

        Raises:
            SessionUnknown: there is no such conversation.
        """
        key = thread_key(self.settings.user, thread)
        values = self._state(key).values
        if not values:
            raise SessionUnknown(f"There is no thread {thread!r}.", "Ask something on it first.")
        result = turn_result(values, thread, self.components)
        waiting = self._waiting(key)
        return Answer(**result, status=_status(values, waiting), approval=waiting)

    def ingest(
        self, paths: Iterable[str | Path], *, report: Callable[[FileProgress], None] = lambda _progress: None
    ) -> IngestReport:
        """Take videos, folders of them and patterns into the library and the memory; a bad file stops nothing.

        ``report`` is told how far each file is.
        """
        return self.components.intake.ingest(paths, user=self.settings.user, report=report)

    def forget(self, clip: str) -> None:
        """Remove a clip for good: rows, search vectors, file. Clips that were made from it stay.

        Raises:
            ClipUnknown: there is no such clip.
        """
        self.components.intake.forget(clip, user=self.settings.user)

    def close(self) -> None:
        """Release files, databases and child processes."""
        self.components.close()
        if "_checkpoints" in self.__dict__:
            self._checkpoints.conn.close()

    def __enter__(self) -> VideoAgent:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def project(self, name: str) -> Project:
        """The user's timeline of that name, begun if there is none yet."""
        from .projects import Project

        return Project(self.components, name, user=self.settings.user)

    def _run(self, key: str, given: Any, approve: bool) -> Iterator[events.Event]:
        from .graph import RECURSION_LIMIT

        config: RunnableConfig = {"configurable": {"thread_id": key}, "recursion_limit": RECURSION_LIMIT}
        self.components.stopped.clear()
        while True:
            try:
                for item in self._streamed(given, config):
                    yield events.EVENTS.validate_python(item)
            except BaseException:
                self.components.stopped.set()
                raise
            waiting = self._waiting(key)
            if waiting is None:
                return
            if not approve:
                yield events.ApprovalNeeded.model_validate({k: v for k, v in waiting.items() if k != "key"})
                return
            given = _resume({waiting["key"]: True}, self._state(key))

    def _streamed(self, given: Any, config: RunnableConfig) -> Iterator[Any]:
        # Nodes turn their own database errors into typed ones; what is left comes from the checkpoints.
        with storing(database_faults()):
            yield from self.graph.stream(given, config, stream_mode="custom", durability="sync")

    def _state(self, key: str) -> Any:
        graph = self.graph
        with storing():
            return graph.get_state({"configurable": {"thread_id": key}})

    def _waiting(self, key: str) -> dict[str, Any] | None:
        interrupts = self._state(key).interrupts
        return dict(interrupts[0].value) if interrupts else None


def _resume(words: dict[str, bool], state: Any) -> Any:
    """Answer the interrupts whose key is in ``words``; others keep waiting."""
    from langgraph.types import Command

    return Command(
        resume={
            one.id: {"key": one.value["key"], "approved": words[one.value["key"]]}
            for one in state.interrupts
            if one.value["key"] in words
        }
    )


def check_request(request: str) -> None:
    """Refuse what is no request at all: empty, too long or not text (``RequestInvalid``)."""
    try:
        request.encode()
    except UnicodeEncodeError:
        raise RequestInvalid(
            "The request holds characters that are not valid text (lone surrogates).", "Type it again as plain text."
        ) from None
    if not request.strip():
        raise RequestInvalid("The request is empty.", "Say what to find, edit, make or explain.")
    if len(request) > MAX_REQUEST:
        raise RequestInvalid(
            f"The request has {len(request)} characters; at most {MAX_REQUEST} are taken.", "Shorten it."
        )


def _status(values: dict[str, Any], waiting: object) -> Status:
    if waiting is not None:
        return "waiting"
    if values.get("blocked"):
        return "blocked"
    steps = values.get("steps", [])
    unplanned = not steps and bool(values.get("failures"))
    return "failed" if unplanned or any(row["status"] in ("failed", "pending") for row in steps) else "answered"
