"""What a step will take, from what such steps took on this machine: told before it runs, and corrected after it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..memory.errors import LibraryError
from ..tools.base import Source
from ..tools.errors import ToolError
from .errors import AgentError
from .references import Resolver
from .routing import clip_references
from .state import AgentState, EstimateRow, StepRow

if TYPE_CHECKING:
    from ..tools.timeline.model import Timeline
    from .components import Components

_NEWEST: Final = 0.5
"""Weight of the newest measurement: machines and their load change."""
_SECONDS: Final = 4.0
"""Length of a generated clip where neither the request nor an earlier clip tells it."""
_UNSEEN: Final = 10.0
"""Megapixel-seconds of material that is not there yet."""


class Guess(NamedTuple):
    """What is assumed until something was measured: seconds to begin with, and seconds a unit."""

    start: float
    rate: float


GUESSES: Final = {
    "generate_video": Guess(25.0, 10.0),
    "regenerate_span": Guess(25.0, 10.0),
    "edit_video": Guess(1.0, 0.2),
    "render_project": Guess(1.0, 0.2),
}
"""Generating: a unit is a second of a clip. Editing and rendering: a megapixel shown for a second."""


class Rate(BaseModel):
    """What was measured of one kind of work.

    Attributes:
        seconds: seconds a unit.
        usual: units of a result whose length nobody asked for; None until there was one.
        count: how many times it was measured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float = Field(ge=0, allow_inf_nan=False)
    usual: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    count: int = Field(ge=1)


_learning = threading.Lock()
"""Held while a file of rates changes: conversations run side by side in one process."""


class Rates:
    """Measured rates in one JSON file. They belong to the machine, so they stay out of a shared database.

    Two processes that measure at once may lose one measurement, never the file; one that is damaged counts as empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str) -> Rate | None:
        """The rate of a kind of work, None before it was measured."""
        return self._read().get(key)

    def learn(self, key: str, units: float, seconds: float, *, usual: float | None = None) -> None:
        """Take a measurement in: ``units`` took ``seconds``. Units that are 0 tell nothing."""
        if units <= 0:
            return
        with _learning:
            rates = self._read()
            known, measured = rates.get(key), seconds / units
            rates[key] = Rate(
                seconds=measured if known is None else _NEWEST * measured + (1 - _NEWEST) * known.seconds,
                usual=usual if usual else known.usual if known else None,
                count=known.count + 1 if known else 1,
            )
            self._write(rates)

    def _write(self, rates: Mapping[str, Rate]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        part.write_text(json.dumps({name: rate.model_dump() for name, rate in rates.items()}), encoding="utf-8")
        part.replace(self._path)

    def _read(self) -> dict[str, Rate]:
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(name): Rate.model_validate(row) for name, row in rows.items()}
        except (OSError, ValueError, AttributeError):  # none yet, or no use: measured again
            return {}


class Work(NamedTuple):
    """A kind of work, how much of it (None: as much as is usual), and how many clips it generates."""

    key: str
    units: float | None
    clips: int = 0


class Estimates:
    """Estimates steps that write, and learns from those that ran."""

    def __init__(self, parts: Components) -> None:
        self._parts = parts
        self._rates = Rates(parts.settings.home / "rates.json")

    def of(self, row: StepRow, state: AgentState) -> EstimateRow | None:
        """What a step will take; None for one that only reads, and where what it needs cannot be found."""
        if row["tool"] not in GUESSES:
            return None
        try:
            arguments = self._parts.tools[row["tool"]].arguments.model_validate(row["args"])
            resolver = Resolver(self._parts, state.get("clips", []), state["steps"], state["user"])
            plain = arguments.model_dump(mode="json")
            work = self.work(row["tool"], plain, _sources(resolver, plain, state["steps"]), state["user"])
        except (ToolError, LibraryError, AgentError, ValidationError):
            return None  # the step will say what is wrong when it runs
        return self._told(row["tool"], work)

    def work(self, tool: str, arguments: Mapping[str, Any], sources: Sequence[Source] | None, user: str) -> Work:
        """The kind of work that a step is, and how much of it; sources are None while they are not there."""
        if tool == "generate_video":
            return Work(f"{tool} {self._parts.generator.name}", arguments.get("seconds"), 1)
        if tool == "regenerate_span":
            return Work(f"generate_video {self._parts.generator.name}", *self._takes(arguments, user))
        if tool == "render_project":
            return self.rendering(self._timeline(arguments["project"], user), user)
        kinds = dict.fromkeys(str(operation["op"]) for operation in arguments.get("operations", ()))
        units = _UNSEEN if sources is None else sum(self._shown(source, user) for source in sources)
        return Work(f"{tool} {' '.join(kinds)}", units)

    def learn(self, work: Work, seconds: float, length: float) -> None:
        """A step has run for so many seconds and made ``length`` seconds of video."""
        if work.units is None:
            self._rates.learn(work.key, length, seconds, usual=length or None)
        else:
            self._rates.learn(work.key, work.units, seconds)

    def _takes(self, arguments: Mapping[str, Any], user: str) -> tuple[float, int]:
        """Seconds of all takes that regenerating makes, and how many they are."""
        timeline = self._timeline(arguments["project"], user)
        wanted = [one for one in arguments["operations"] if one["do"] == "regenerate"]
        places = [one["item"] - 1 if one["item"] > 0 else one["item"] for one in wanted]
        lengths = [item.seconds for item in timeline.items]
        ends = [
            one["end"] or (lengths[place] if -len(lengths) <= place < len(lengths) else _SECONDS)
            for one, place in zip(wanted, places, strict=True)
        ]
        seconds = sum(one["takes"] * max(0.0, end - one["start"]) for one, end in zip(wanted, ends, strict=True))
        return seconds, sum(one["takes"] for one in wanted)

    def rendering(self, timeline: Timeline, user: str) -> Work:
        """The work of making a clip of a timeline."""
        clips = [self._parts.library.known(item.take.clip, user=user) for item in timeline.items]
        shown = zip(clips, timeline.items, strict=True)
        return Work("render_project", sum(clip.width * clip.height / 1e6 * item.seconds for clip, item in shown))

    def _timeline(self, project: str, user: str) -> Timeline:
        from .projects import Project

        return Project(self._parts, project, user=user, create=False).version().timeline

    def _shown(self, source: Source, user: str) -> float:
        """How much picture a source is: megapixels times seconds."""
        clip = self._parts.library.known(source.clip, user=user)
        end = clip.duration if source.end is None else source.end
        return clip.width * clip.height / 1e6 * max(0.0, end - source.start)

    def _told(self, tool: str, work: Work) -> EstimateRow:
        rate = self._rates.get(work.key)
        usual = rate.usual if rate is not None and rate.usual is not None else _SECONDS
        units = work.units if work.units is not None else usual
        start, each = GUESSES[tool]
        seconds = start + each * units if rate is None else rate.seconds * units
        settings = self._parts.settings
        price = settings.price_per_clip * work.clips + settings.price_per_second * units if work.clips else 0.0
        text = f"about {spell(seconds)}"
        if rate is None:
            text += " (a guess: nothing like it was measured here yet)"
        if price:
            text += f", for a price of about {price:.2f}"
        return {"seconds": round(seconds, 3), "price": round(price, 4), "guess": rate is None, "text": text}


def spell(seconds: float) -> str:
    """Seconds in the grain that an estimate has: ``1 s``, ``40 s``, ``3 min``, ``2 h``."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def _sources(resolver: Resolver, arguments: Mapping[str, Any], steps: Sequence[StepRow]) -> list[Source] | None:
    """What the arguments refer to; None when a part of it is still being made in the background."""
    being_made = {f"${row['id']}" for row in steps if row["status"] == "background"}
    references = clip_references(arguments)
    if any(reference.partition("[")[0] in being_made for reference in references):
        return None
    return [source for reference in references for source in resolver.sources(reference)]
