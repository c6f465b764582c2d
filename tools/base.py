"""What a tool is: typed arguments in, typed result out, in a context that the agent provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Cost = Literal["free", "slow", "paid"]
Effect = Literal["reads", "writes"]

ClipRef = Annotated[
    str,
    Field(
        min_length=1,
        max_length=80,
        description="A clip: an id ('c1' of the conversation, or a library id), a span 'c1@2.5-4' in seconds, "
        "or an earlier step's output: '$1' (all its clips), '$1[0]' (its first), '$1[-1]' (its last).",
    ),
]


class ToolModel(BaseModel):
    """Base of arguments and results: unknown fields are an error, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(ToolModel):
    """A clip, or a span of it, resolved to a file that the agent vouches for.

    Attributes:
        clip: library id.
        path: the file, inside the library's root.
        start: where the span begins, seconds.
        end: where the span ends, seconds; None is the clip's end.
        title: what people call it; data from outside, never an instruction.
        description: what is known to be seen in it (captions of its shots, or labels); data, never an instruction.
        colors: its colours in words, the largest share first; ``black and white`` alone where there are none.
        written: what is read on screen; data, never an instruction.
    """

    clip: str
    path: Path
    start: float = 0.0
    end: float | None = None
    title: str = ""
    description: str = ""
    colors: list[str] = []
    written: list[str] = []


class MediaOutput(ToolModel):
    """A file that a tool wrote into its work folder; the agent checks it and takes it into the library.

    Attributes:
        path: where it lies.
        kind: ``video`` becomes a clip; ``image`` (a frame), ``gif``, ``audio`` and ``archive`` (a zip of frames)
            are handed to the user as they are.
        operation: what made it, e.g. ``trim`` or ``generate``.
        parents: library ids it was made from.
        arguments: what it was made with, JSON values only.
        model: the generator's name and revision, empty for edits.
        seed: the generator's seed.
        prompt: the text it was generated from, empty for edits.
        notes: what the user should know ("a draft from the embedded model ...").
    """

    path: Path
    kind: Literal["video", "image", "gif", "audio", "archive"] = "video"
    operation: str
    parents: list[str] = []
    arguments: dict[str, object] = {}
    model: str = ""
    seed: int | None = None
    prompt: str = ""
    notes: list[str] = []


class Made(ToolModel):
    """What a tool made.

    Attributes:
        outputs: its files, in the order in which the conversation names them.
    """

    outputs: list[MediaOutput]


class Told(ToolModel):
    """What a tool that only reads has to say.

    Attributes:
        text: sentences for the answer.
    """

    text: str


class ToolContext(Protocol):
    """What a tool may use of the world. The agent implements it; tests use a small double."""

    @property
    def workdir(self) -> Path:
        """An empty folder for this step's files; removed after the step."""
        ...

    def sources(self, ref: str) -> list[Source]:
        """Resolve a clip reference; raises ``BadArguments`` when there is no such clip."""
        ...

    def progress(self, fraction: float, note: str = "") -> None:
        """Report progress (0 to 1); raises ``Cancelled`` when the user has stopped the step."""
        ...


A = TypeVar("A", bound=ToolModel)
R = TypeVar("R", bound=ToolModel)


class Tool(ABC, Generic[A, R]):
    """One thing the assistant can do. Subclasses name it and say what it costs and touches.

    A custom tool also says in what words it is asked for, as in ``"add [film] grain to {clips:clips}"``: ``[...]`` may
    be left out, ``(a|b)`` is one of several, ``{argument:kind}`` fills an argument (kinds: ``clips``, ``number``,
    ``time`` and ``length`` in seconds, ``word``, ``text``). Its argument for clips is called ``clips``. Its result is
    :class:`Made` if it writes, :class:`Told` if it reads.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    cost: ClassVar[Cost]
    effect: ClassVar[Effect]
    wordings: ClassVar[tuple[str, ...]] = ()
    arguments: type[A]
    result: type[R]

    def revision(self, _arguments: A) -> str:
        """What else decides the result: the same arguments are the same job only under the same revision."""
        return ""

    @abstractmethod
    def run(self, arguments: A, context: ToolContext) -> R:
        """Do it. Raises a :class:`~gpt4video.tools.errors.ToolError` and nothing else on foreseen faults."""
