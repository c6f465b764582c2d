"""The facade: a video assistant with conversations that last.

::

    with VideoAgent(home="state") as agent:
        agent.ingest(["holiday.mp4"])
        answer = agent.ask("find the shot with the bicycle and play it backwards")
        print(answer.answer, [clip["path"] for clip in answer.clips])
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import events
from .components import Components
from .consent import Word, beside, word_of
from .errors import SessionUnknown
from .naming import visible
from .sessions import database_faults, one_turn, storing, thread_key
from .settings import Settings, resolve_home
from .turns import Answer, answer_of, check_request, ended, resumed, waiting_of
from .watching import Watch

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph

    from ..memory.conversations import Conversation, Turn
    from .jobs import Jobs
    from .projects import Project
    from .reports import FileProgress, IngestReport
    from .state import ClipRow


class VideoAgent:
    """Talks about video: understands, finds, edits and generates, under policies.

    Safe for several threads, and several processes may share a home: conversations go on side by side, each with one
    turn at a time. Use as a context manager, or ``close``.
    """

    def __init__(
        self, home: str | Path | None = None, *, components: Components | None = None, **settings: Any
    ) -> None:
        """Open a home folder (see :class:`~gpt4video.agent.settings.Settings` for the other settings)."""
        self.components = components or Components(Settings(home=resolve_home(home), **settings))
        self.settings = self.components.settings

    @cached_property
    def graph(self) -> CompiledStateGraph[Any, Any, Any, Any]:
        """The compiled state machine over this home's checkpoints."""
        from .graph import build_graph

        return build_graph(self.components, self.components.checkpoints)

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
        return ended(self._turn(request, clips, thread, approve=approve, background=background))

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
        yield from self._turn(request, clips, thread, approve=approve, background=background)

    def _turn(
        self, request: str, clips: Iterable[str | Path], thread: str, *, approve: bool, background: bool
    ) -> Generator[events.Event, None, Answer]:
        check_request(request)
        key = thread_key(self.settings.user, thread)
        with one_turn(self.settings.home, key, self.settings.database):
            uploads = [self.components.intake.resolve(clip, user=self.settings.user) for clip in clips]
            self.components.jobs.revive()
            state = self._state(key)
            waiting = waiting_of(state)
            word = word_of(request) if waiting is not None and not uploads else None
            if waiting is not None and word is not None:
                return (yield from self._run(thread, state.values["turn"], resumed(waiting, word, state), approve))
            pending = bool(state.next) and state.values.get("request") == request and not uploads
            turn: dict[str, Any] = {
                "turn": uuid.uuid4().hex,
                "user": self.settings.user,
                "request": request,
                "uploads": uploads,
                "background": background or beside(request)[1],
            }
            if not pending:
                kept = self.components.library.conversations
                kept.begin(thread, turn["turn"], request, user=self.settings.user)
            if pending:
                return (yield from self._run(thread, state.values["turn"], None, approve))
            return (yield from self._run(thread, turn["turn"], turn, approve))

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
            if (waiting := waiting_of(state)) is None:
                raise SessionUnknown(f"Nothing waits for approval on thread {thread!r}.", "Ask for something first.")
            word = resumed(waiting, Word(approved, prompt), state)
            return ended(self._run(thread, state.values["turn"], word, approve=False))

    def cancel(self, thread: str = "default") -> None:
        """Stop the turn that runs on a conversation, from another thread or a signal handler; or decline what waits.

        The step that runs ends at its next step forward (a sampling step, a frame, a quarter second of encoding) and
        nothing of it is kept; the turn then answers with the status ``cancelled``, and the conversation goes on.

        Raises:
            SessionUnknown: nothing runs or waits there.
            SessionBusy: it runs in another process.
        """
        if not self.components.stops.stop(thread_key(self.settings.user, thread)):
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
        state = self._state(thread_key(self.settings.user, thread))
        if not state.values:
            raise SessionUnknown(f"There is no thread {thread!r}.", "Ask something on it first.")
        return answer_of(state, thread, self.components)

    def clips(self, thread: str = "default") -> list[ClipRow]:
        """The clips that a conversation may speak of, by their names there; those taken back are left out."""
        return visible(self._state(thread_key(self.settings.user, thread)).values)

    def conversations(self) -> list[Conversation]:
        """The user's conversations, the one that was used last first."""
        return self.components.library.conversations.all(user=self.settings.user)

    def transcript(self, thread: str = "default") -> list[Turn]:
        """The turns of a conversation, oldest first: requests, and what came of them as :class:`Answer` in JSON."""
        return self.components.library.conversations.turns(thread, user=self.settings.user)

    def forget_conversation(self, thread: str) -> None:
        """Drop a conversation for good; the clips that it made stay.

        Raises:
            SessionUnknown: there is no such conversation.
            SessionBusy: a turn runs on it.
        """
        key = thread_key(self.settings.user, thread)
        with one_turn(self.settings.home, key, self.settings.database):
            known = bool(self._state(key).values)
            with storing():
                self.components.checkpoints.delete_thread(key)
            if not self.components.library.conversations.forget(thread, user=self.settings.user) and not known:
                raise SessionUnknown(f"There is no thread {thread!r}.", "Name one of those that there are.")

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
        """Stop the turns that run, and release files, databases and child processes."""
        self.components.stops.stop_all()
        self.components.close()

    def __enter__(self) -> VideoAgent:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def of_user(self, user: str) -> VideoAgent:
        """The same home as another user sees it; models and databases are shared, and closed with this agent."""
        return VideoAgent(components=self.components.of_user(user))

    def project(self, name: str) -> Project:
        """The user's timeline of that name, begun if there is none yet."""
        from .projects import Project

        return Project(self.components, name, user=self.settings.user)

    def _run(self, thread: str, turn: str, given: Any, approve: bool) -> Generator[events.Event, None, Answer]:
        """Go on with a turn to its end, or to its next question unless that is answered already; while it runs, it
        can be stopped. What came of it is kept for :meth:`transcript`.
        """  # noqa: D205 (one sentence)
        from .graph import RECURSION_LIMIT

        key, user = thread_key(self.settings.user, thread), self.settings.user
        config: RunnableConfig = {"configurable": {"thread_id": key}, "recursion_limit": RECURSION_LIMIT}
        with Watch(turn, thread, user, self.components.tools) as watch:
            with self.components.stops.running(key) as stopped:
                while True:
                    stream = self._streamed(given, config)
                    try:
                        for item in stream:
                            yield watch.saw(events.EVENTS.validate_python(item))
                    except BaseException:  # told before the stream is closed, for that waits for the steps that run
                        stopped.set()
                        raise
                    state = self._state(key)
                    waiting = waiting_of(state)
                    if waiting is None or not approve:
                        break
                    given = resumed(waiting, Word(approved=True), state)
            answer = answer_of(state, thread, self.components)
            kept = self.components.library.conversations
            kept.end(turn, answer.status, answer.model_dump(mode="json"), user=user)
            watch.status = answer.status
        if waiting is not None:
            yield events.ApprovalNeeded.model_validate({k: v for k, v in waiting.items() if k != "key"})
        return answer

    def _streamed(self, given: Any, config: RunnableConfig) -> Iterator[Any]:
        # Nodes turn their own database errors into typed ones; what is left comes from the checkpoints.
        with storing(database_faults()):
            yield from self.graph.stream(given, config, stream_mode="custom", durability="sync")

    def _state(self, key: str) -> Any:
        graph = self.graph
        with storing():
            return graph.get_state({"configurable": {"thread_id": key}})
