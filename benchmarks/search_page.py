"""A page of search results: every way to search, over real clips, drawn as a contact sheet to be looked at.

    python benchmarks/search_page.py --data DIR_OR_FILE ... --output docs/search.png

The sample clips come with the data. A query is a row: what was asked, and the moments found, each
as its middle frame with its place, its probability and the evidence that matched. Rows whose answer is known are
checked: the best hit has to be of the file that is named, or there must be none.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpt4video.agent.assistant import VideoAgent
from gpt4video.agent.searching import search_library
from gpt4video.memory.filters import Filters
from gpt4video.tools.media.decode import sample
from gpt4video.tools.search import HitReason
from PIL import Image, ImageDraw, ImageFont

WIDE, HIGH, GAP, LEFT = 176, 99, 8, 230


@dataclass(frozen=True)
class Query:
    """A row: what is asked, in words for the page and as arguments, and the file whose clip should come first."""

    says: str
    expects: str | None
    text: str = ""
    image: str | None = None
    clip: str | None = None
    filters: Filters = field(default_factory=Filters)


QUERIES = (
    Query('words: "a woman plays with a dog"', "dog_fetch", text="a woman plays with a dog"),
    Query('words: "children jumping on a bed"', "kids_jump_bed", text="children jumping on a bed"),
    Query('words: "a cup of coffee"', "coffee_pour", text="a cup of coffee"),
    Query('words: "a bicycle on a street"', "bikes", text="a bicycle on a street"),
    Query('text on screen: "open movie project"', "animation_bbb_opening", text="open movie project"),
    Query('what is said: "pineapple"', "inj_speech_audio", text="pineapple"),
    Query("a picture (a frame of the ball)", "football_juggle", image="football_juggle"),
    Query("like a clip (the silent film)", None, clip="chaplin_silent_film"),
    Query("like a clip, but: the silent film + \"a car\"", "bikes", text="a car", clip="chaplin_silent_film"),
    Query("words + green: \"an animal\"", None, text="an animal", filters=Filters(color="green")),
    Query("files named *asl*: \"a man stands\"", "asl_sign_walk", text="a man stands", filters=Filters(source="asl")),
    Query("no words: clips over 20 s", "animation_bbb_opening", filters=Filters(shortest=20.0)),
    Query('absent: "a submarine under water"', "", text="a submarine under water"),
    Query('absent: "an airplane cockpit"', "", text="an airplane cockpit"),
)  # fmt: skip


def main() -> None:
    """Take in, search, draw, and say what was not as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--viewer", default="auto")
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp())
    with VideoAgent(home=home, viewer=options.viewer) as agent:
        samples = agent.components.models("samples")
        report = agent.ingest([samples, *options.data])
        assert not report.failed, report.failed
        names = {clip.id: Path(clip.source or "").stem for clip in agent.components.library.clips()}
        rows = [(query, _found(agent, query, names)) for query in QUERIES if _asks(query) <= set(names.values())]
        right = [_right(query, hits, names) for query, hits in rows]
        _draw(rows, right, names, options.output)
        for (query, hits), good in zip(rows, right, strict=True):
            told = ", ".join(
                f"{names[hit['clip']]} {hit['start']:.1f}-{hit['end']:.1f} ({hit['score']:.2f})" for hit in hits
            )
            print(f"{'as expected' if good else 'NOT SO    '}  {query.says}: {told or 'nothing fits'}")
        answer = agent.ask("when does the bicycle appear?", [samples / "bikes.mp4"], thread="when")
        print("when does the bicycle appear? ", answer.answer)


def _asks(query: Query) -> set[str]:
    return {name for name in (query.image, query.clip, query.expects) if name}


def _found(agent: VideoAgent, query: Query, names: dict[str, str]) -> list[dict[str, Any]]:
    ids = {name: clip for clip, name in names.items()}
    with tempfile.TemporaryDirectory() as folder:
        image = None
        if query.image is not None:
            image = Path(folder) / "picture.png"
            path = agent.components.library.get(ids[query.image]).path
            Image.fromarray(sample(path, count=3).images[1]).save(image)
        clip = ids[query.clip] if query.clip else None
        return search_library(agent.components, text=query.text, image=image, clip=clip, filters=query.filters, count=5)


def _right(query: Query, hits: list[dict[str, Any]], names: dict[str, str]) -> bool:
    if query.expects is None:
        return True
    return names[hits[0]["clip"]] == query.expects if query.expects and hits else not (query.expects or hits)


def _draw(
    rows: list[tuple[Query, list[dict[str, Any]]]], right: list[bool], names: dict[str, str], output: Path
) -> None:
    high = [HIGH + 44 if hits else 36 for _, hits in rows]
    page = Image.new("RGB", (LEFT + 5 * (WIDE + GAP) + GAP, GAP + sum(high) + len(rows) * GAP), "white")
    pen, font, small = ImageDraw.Draw(page), ImageFont.load_default(14), ImageFont.load_default(11)
    for number, ((query, hits), good) in enumerate(zip(rows, right, strict=True)):
        top = GAP + sum(high[:number]) + number * GAP
        pen.multiline_text((GAP, top), _folded(query.says, 30), fill="black" if good else "red", font=font)
        if not hits:
            pen.text((LEFT, top), "nothing fits", fill="grey", font=font)
        for place, hit in enumerate(hits):
            left = LEFT + place * (WIDE + GAP)
            middle = (hit["start"] + hit["end"]) / 2
            frame = Image.fromarray(sample(hit["path"], [middle]).images[0])
            frame.thumbnail((WIDE, HIGH))
            page.paste(frame, (left, top))
            why = "; ".join(HitReason.model_validate(reason).told() for reason in hit["reasons"][:1])
            told = f"{names[hit['clip']][:22]}\n{hit['start']:.1f}-{hit['end']:.1f} s   {hit['score']:.2f}\n{why[:34]}"
            pen.multiline_text((left, top + HIGH + 1), told, fill="black", font=small, spacing=1)
    page.save(output, optimize=True)


def _folded(text: str, width: int) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word + " "
    return "\n".join(lines)


if __name__ == "__main__":
    main()
