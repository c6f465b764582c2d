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
from typing import TYPE_CHECKING, Any

from . import events
from .answers import turn_result
from .components import Components
from .consent import Word, beside, word_of
from .errors import RequestInvalid, SessionUnknown
from .sessions import database_faults, one_turn, open_checkpoints, storing, thread_key
from .settings import MAX_REQUEST, Settings, resolve_home
from .turns import Answer, resumed, status_of, waiting_of

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph

    from .jobs import Jobs
    from .projects import Project
    from .reports import FileProgress, IngestReport


class VideoAgent:
    """Talks about video: understands, finds, edits and generates, under policies.

    Not for several threads at once, but for :meth:`cancel`; several processes may share a home. Use as a context
    manager, or ``close``.
    """

    def __init__(
        self, home: str | Path | None = None, *, components: Components | None = None, **settings: Any
    ) -> None:
        """Open a home folder (see :class:`~gpt4video.agent.settings.Settings` for the other settings)."""
        self.components = components or Components(Settings(home=resolve_home(home), **settings))
        self.settings = self.components.settings
        self._running = ""

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
        self,
        request: str,
        clips: Iterable[str | Path] = (),
        *,
        thread: str = "default",
        approve: bool = False,
        background: bool = False,
    ) -> Answer:
        """Hold one turn and return its outcome (see :meth:`stream` for the arguments and errors)."""
        for _ in self.stream(request, clips, thread=thread, approve=approve, background=background):
            pass
        return self.last(thread)

    def stream(
        self,
        request: str,
        clips: Iterable[str | Path] = (),
        *,
        thread: str = "default",
        approve: bool = False,
        background: bool = False,
    ) -> Iterator[events.Event]:
        """Hold one turn, yielding what happens.

        A turn that a crash cut off is taken up again when the same request comes: what was judged and made stays.
        Where a turn waits for approval, "yes", "no" and "edit the prompt to ..." answer it; another request leaves it.

        Args:
            request: what the user says.
            clips: files to take in first, or ids of clips in the library, that this turn is about.
            thread: the conversation.
            approve: run slow, paid or destructive steps without asking; else the turn waits.
            background: generate, and render what takes long, as background jobs (see :attr:`jobs`): the turn answers
                at once, and a later one tells the result. Asking for it "in the background" does the same.

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
            self.components.jobs.revive()
            state = self._state(key)
            waiting = waiting_of(state)
            word = word_of(request) if waiting is not None and not uploads else None
            if waiting is not None and word is not None:
                yield from self._run(key, resumed(waiting, word, state), approve)
                return
            pending = bool(state.next) and state.values.get("request") == request and not uploads
            turn = {
                "turn": uuid.uuid4().hex,
                "user": self.settings.user,
                "request": request,
                "uploads": uploads,
                "background": background or beside(request)[1],
            }
            yield from self._run(key, None if pending else turn, approve)

    def approve(self, thread: str = "default", *, approved: bool = True, prompt: str | None = None) -> Answer:
        """Answer the question that a waiting turn asks, and run it to its end.

        Args:
            thread: the conversation.
            approved: whether the step may run.
            prompt: what to generate instead of the prompt that was shown; policies judge it as any other.

        Raises:
            SessionUnknown: nothing waits on this conversation.
            RequestInvalid: the step has no prompt, or this is none.
        """
        key = thread_key(self.settings.user, thread)
        with one_turn(self.settings.home, key, self.settings.database):
            state = self._state(key)
            waiting = waiting_of(state)
            if waiting is None:
                raise SessionUnknown(f"Nothing waits for approval on thread {thread!r}.", "Ask for something first.")
            for _ in self._run(key, resumed(waiting, Word(approved, prompt), state), approve=False):
                pass
        return self.last(thread)

    def cancel(self, thread: str = "default") -> None:
        """Stop the turn that runs on a conversation, from another thread or a signal handler; or decline what waits.

        The step that runs ends at its next step forward (a sampling step, a frame, a quarter second of encoding) and
        nothing of it is kept; the turn then answers with the status ``cancelled``, and the conversation goes on.

        Raises:
            SessionUnknown: nothing runs or waits there.
            SessionBusy: it runs in another process.
        """
        if self._running and self._running == thread_key(self.settings.user, thread):
            self.components.stopped.set()
        else:
            self.approve(thread, approved=False)

    @property
    def jobs(self) -> Jobs:
        """The background jobs: ``all()``, ``wait(id)``, ``cancel(id)``."""
        return self.components.jobs

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
        waiting = waiting_of(self._state(key))
        return Answer(**result, status=status_of(values, waiting), approval=waiting)

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
        """Go on with a turn; while it runs, it can be stopped."""
        self.components.stopped.clear()
        self._running = key
        try:
            yield from self._until_asked(key, given, approve)
            self.components.stopped.clear()
        finally:
            self._running = ""

    def _until_asked(self, key: str, given: Any, approve: bool) -> Iterator[events.Event]:
        """Run to the turn's end, or to its next question unless that is answered already."""
        from .graph import RECURSION_LIMIT

        config: RunnableConfig = {"configurable": {"thread_id": key}, "recursion_limit": RECURSION_LIMIT}
        while True:
            stream = self._streamed(given, config)
            try:
                for item in stream:
                    yield events.EVENTS.validate_python(item)
            except BaseException:  # told before the stream is closed, for that waits for the steps that run
                self.components.stopped.set()
                raise
            state = self._state(key)
            waiting = waiting_of(state)
            if waiting is None:
                return
            if not approve:
                yield events.ApprovalNeeded.model_validate({k: v for k, v in waiting.items() if k != "key"})
                return
            given = resumed(waiting, Word(approved=True), state)

    def _streamed(self, given: Any, config: RunnableConfig) -> Iterator[Any]:
        # Nodes turn their own database errors into typed ones; what is left comes from the checkpoints.
        with storing(database_faults()):
            yield from self.graph.stream(given, config, stream_mode="custom", durability="sync")

    def _state(self, key: str) -> Any:
        graph = self.graph
        with storing():
            return graph.get_state({"configurable": {"thread_id": key}})


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
