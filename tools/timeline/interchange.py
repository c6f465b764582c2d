"""Timelines in OpenTimelineIO, and through its adapters in the formats of editing programs (EDL, Final Cut Pro XML).

What other programs understand is written the way they expect it: source ranges, linear speed, dissolves, takes as media
references. Everything else (titles, colours, ...) travels in the metadata under ``gpt4video`` and comes back from items
that nobody changed in between; of an item that was changed, what the other program says counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlparse

from ..editing.operations import Reverse, Speed
from ..errors import BadArguments, MediaBroken, RenderFailed
from .model import Item, Take, Timeline

FORMATS: Final = {".otio": "otio_json", ".edl": "cmx_3600", ".fcpxml": "fcpx_xml"}
"""Adapters by ending."""
_MARK: Final = "gpt4video"

Locate = Callable[[str], Path]
"""Library id -> its file."""
Find = Callable[[str], Take]
"""The path or library id that a file names -> the whole clip as a take; raises ``BadArguments`` when it is unknown."""


def write_timeline(timeline: Timeline, path: Path, name: str, locate: Locate) -> list[str]:
    """Write a timeline; the format is told by the ending. Gives what the format could not say.

    Raises:
        BadArguments: the ending is none of :data:`FORMATS`, or the format cannot hold this timeline.
        RenderFailed: the file cannot be written.
    """
    import opentimelineio

    adapter = _adapter(path)
    try:
        written = opentimelineio.adapters.write_to_string(to_otio(timeline, name, locate), adapter)
    except Exception as error:  # every adapter raises its own
        raise BadArguments(f"{path.suffix} cannot hold this timeline: {error}", "Export .otio instead.") from error
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(written, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RenderFailed(f"{path} cannot be written ({error}).", "Choose another place.") from error
    lost = sorted({op.op for item in timeline.items for op in item.operations} - {"trim", "cut", "speed", "reverse"})
    if path.suffix.lower() == ".otio" or not lost:
        return []
    return [f"{path.suffix} does not hold {', '.join(lost)}; .otio does."]


def read_timeline(path: Path, find: Find) -> tuple[Timeline, list[str]]:
    """Read a timeline of any of :data:`FORMATS`, and say what of it was left out.

    Raises:
        BadArguments: the ending is none of them, or a clip it names is not known.
        MediaBroken: the file cannot be read as what its ending says.
    """
    import opentimelineio

    adapter = _adapter(path)
    try:
        text = path.read_text(encoding="utf-8")
        read = opentimelineio.adapters.read_from_string(text, adapter)
    except Exception as error:  # every adapter raises its own
        raise MediaBroken(f"{path.name} cannot be read as a timeline: {error}", "Export it again.") from error
    found = read if isinstance(read, opentimelineio.schema.Timeline) else _first_timeline(read)
    return from_otio(found, find)


def to_otio(timeline: Timeline, name: str, locate: Locate) -> Any:
    """A timeline as ``opentimelineio.schema.Timeline`` with one video track."""
    from opentimelineio import opentime, schema

    result = schema.Timeline(name)
    track = schema.Track("video", kind=schema.TrackKind.Video)
    result.tracks.append(track)
    for place, item in enumerate(timeline.items):
        after = timeline.items[place + 1].crossfade if place + 1 < len(timeline.items) else 0.0
        before = item.crossfade if place else 0.0
        rate = float(item.take.grid)
        if before:
            half = opentime.RationalTime(round(before * rate / 2), rate)
            track.append(schema.Transition("dissolve", schema.TransitionTypes.SMPTE_Dissolve, half, half))
        track.append(_clip(item, before, after, locate))
    return result


def from_otio(source: Any, find: Find) -> tuple[Timeline, list[str]]:
    """An OpenTimelineIO timeline as ours, several video tracks seen from above; and what was left out."""
    from opentimelineio import algorithms, schema

    videos = source.video_tracks()
    if not videos:
        raise MediaBroken("The timeline has no video track.", "Export one that has.")
    track = videos[0] if len(videos) == 1 else algorithms.flatten_stack(videos)
    notes = ["Its sound tracks were left out: items keep the sound of their clips."] if source.audio_tracks() else []
    children = list(track)
    items: list[Item] = []
    for place, child in enumerate(children):
        if isinstance(child, schema.Clip):
            before, after = (_overlap(children, near) for near in (place - 1, place + 1))
            items.append(_item(child, f"in{len(items) + 1}", before if items else 0.0, after, find, notes))
        elif not isinstance(child, schema.Transition):
            notes.append(f"A {type(child).__name__.lower()} at place {place + 1} was left out.")
    return Timeline(items=tuple(items)), list(dict.fromkeys(notes))


def _overlap(children: list[Any], place: int) -> float:
    """How long the transition at a place is, seconds; 0 if there is none."""
    from opentimelineio import schema

    found = children[place] if 0 <= place < len(children) else None
    if not isinstance(found, schema.Transition):
        return 0.0
    return float(found.in_offset.to_seconds() + found.out_offset.to_seconds())


def _clip(item: Item, before: float, after: float, locate: Locate) -> Any:
    from opentimelineio import schema

    start, seconds = _shown(item, before, after)
    clip = schema.Clip(item.id, source_range=_range(start, seconds, item.take.grid))
    references = {f"take {number}": _reference(take, locate) for number, take in enumerate(item.takes, 1)}
    clip.set_media_references(references, f"take {item.chosen + 1}")
    factor = _factor(item)
    if factor != 1:
        clip.effects.append(schema.LinearTimeWarp("speed", time_scalar=factor))
    clip.metadata[_MARK] = {"item": item.model_dump_json(), "range": [start, seconds]}
    return clip


def _reference(take: Take, locate: Locate) -> Any:
    from opentimelineio import schema

    available = _range(0.0, take.length, take.grid)
    reference = schema.ExternalReference(locate(take.clip).absolute().as_uri(), available)
    reference.name = take.clip
    reference.metadata[_MARK] = {"clip": take.clip}
    return reference


def _range(start: float, seconds: float, rate: Fraction) -> Any:
    from opentimelineio.opentime import RationalTime, TimeRange

    per_second = float(rate)
    return TimeRange(
        RationalTime(round(start * rate), per_second), RationalTime(max(1, round(seconds * rate)), per_second)
    )


def _shown(item: Item, before: float, after: float) -> tuple[float, float]:
    """Where an item's range begins in its clip, and for how long it is shown: half of a dissolve is its neighbour's.

    In OpenTimelineIO effects do not change durations: of a clip at double speed the range is half of what is used.
    """
    return item.take.start + before / 2 * abs(_factor(item)), item.seconds - (before + after) / 2


def _factor(item: Item) -> float:
    factor = 1.0
    for operation in item.operations:
        if isinstance(operation, Speed):
            factor *= operation.factor
        elif isinstance(operation, Reverse):
            factor = -factor
    return factor


def _item(clip: Any, name: str, before: float, after: float, find: Find, notes: list[str]) -> Item:
    kept = _unchanged(clip, before)
    if kept is not None:
        return kept.model_copy(update={"takes": tuple(_known(take, find) for take in kept.takes)})
    reference = clip.media_reference
    url = getattr(reference, "target_url", None) or ""
    known = dict(reference.metadata.get(_MARK, {})).get("clip") if reference is not None else None
    whole = find(str(known or _path(url) or clip.name))
    trimmed = clip.trimmed_range()
    start = trimmed.start_time.to_seconds()
    if reference is not None and reference.available_range is not None:
        start -= reference.available_range.start_time.to_seconds()  # time codes of cameras begin anywhere
    operations = _operations(clip, notes)
    used = trimmed.duration.to_seconds() * math.prod(one.factor for one in operations if isinstance(one, Speed))
    # Of a dissolve the file counts half to each of its clips.
    begin = min(max(0.0, start - before / 2), whole.length - 1 / whole.rate)
    take = whole.model_copy(update={"start": begin, "end": min(start + used + after / 2, whole.length)})
    return Item(id=name, takes=(take,), operations=operations, crossfade=before)


def _unchanged(clip: Any, crossfade: float) -> Item | None:
    """The item as we wrote it, where the file still says the same of it; another take may be shown."""
    mark = clip.metadata.get(_MARK)
    if mark is None:
        return None
    try:
        item = Item.model_validate_json(str(mark["item"]))
        start, seconds = (float(value) for value in mark["range"])
        chosen = int(str(clip.active_media_reference_key).removeprefix("take ")) - 1
        item = Item.model_validate(item.model_dump() | {"chosen": chosen})
    except (KeyError, TypeError, ValueError):  # pydantic's is a ValueError
        return None
    same = abs(crossfade - item.crossfade) < 2.5 / item.take.rate
    return item if same and clip.source_range == _range(start, seconds, item.take.grid) else None


def _known(take: Take, find: Find) -> Take:
    """The take with what the library knows of its clip."""
    known = find(take.clip)
    return take.model_copy(update={"clip": known.clip, "length": known.length, "rate": known.rate})


def _operations(clip: Any, notes: list[str]) -> tuple[Speed | Reverse, ...]:
    from opentimelineio import schema

    operations: list[Speed | Reverse] = []
    for effect in clip.effects:
        scalar = float(effect.time_scalar) if isinstance(effect, schema.LinearTimeWarp) else 0.0
        if scalar == 0 or not 0.1 <= abs(scalar) <= 20:
            notes.append(f"The effect {effect.name or effect.effect_name!r} of {clip.name} was left out.")
            continue
        operations += [Reverse()] if scalar < 0 else []
        operations += [Speed(factor=abs(scalar))] if abs(scalar) != 1 else []
    return tuple(operations)


def _path(url: str) -> str:
    parsed = urlparse(url)
    return unquote(parsed.path) if parsed.scheme in ("", "file") else ""


def _adapter(path: Path) -> str:
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise BadArguments(
            f"{path.name!r} names no format of timelines.", f"End it with one of {', '.join(FORMATS)}."
        ) from None


def _first_timeline(read: Any) -> Any:
    """Final Cut's files may hold several timelines in a collection."""
    from opentimelineio import schema

    found = [one for one in getattr(read, "find_children", list)() if isinstance(one, schema.Timeline)]
    if not found:
        raise MediaBroken("The file holds no timeline.", "Export a timeline or sequence.")
    return found[0]
