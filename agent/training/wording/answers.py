"""Evidence and a question -> one or two sentences that hold nothing but the evidence."""

# fmt: off
from __future__ import annotations

from itertools import pairwise

from ....tools.understanding.arguments import Evidence
from ...planner.answering import evidence_lines, render_answer_prompt
from .asks import Material, noun_phrase
from .words import Words

UNKNOWN = "The evidence does not show that."
_LABELS = ["golden retriever", "tabby cat", "sports car", "mountain bike", "traffic light", "street sign",
    "soccer ball", "coffee mug", "laptop", "acoustic guitar", "seashore", "park bench", "school bus", "umbrella",
    "airliner", "goldfish", "pizza", "trailer truck", "volcano", "lakeside", "tennis ball", "rabbit", "butterfly",
    "steam locomotive", "rocking chair", "monitor", "bookcase", "cowboy hat", "sandal", "espresso", "teapot",
    "parachute", "snowplow", "rifle", "wool sweater", "tricycle", "moped", "crosswalk", "taxi", "streetcar"]
_COLOURS = ["red", "green", "blue", "yellow", "orange", "purple", "brown", "gray", "black", "white", "pink", "cyan"]
_MOTIONS = ["little motion", "strong motion", "the camera pans left", "the camera pans right", "the camera zooms in",
    "moderate motion", "the picture stands still", "motion to the left", "motion to the right"]
_SIGNS = ["SALE", "EXIT", "Welcome", "STOP", "CAFE 24", "TAXI", "Happy Birthday", "GATE 7", "SAM TWO", "Part 2",
    "#travel #sun", "Bakery", "NO PARKING", "Breaking News", "The End", "ROUTE 66"]


def clock(value: float) -> str:
    """Seconds as 0:04."""
    return f"{int(value) // 60}:{int(value) % 60:02d}"


def when(start: float, end: float) -> str:
    """A span as 0:02-0:04."""
    return f"{clock(start)}-{clock(end)}" if int(end) > int(start) else f"at {clock(start)}"


class _Scene:
    """Made-up findings of one clip."""

    def __init__(self, words: Words, material: Material) -> None:
        self.duration = float(words.random.randint(3, 90))
        count = words.random.randint(1, min(5, max(1, int(self.duration) // 3)))
        cuts = sorted(words.random.sample(range(1, int(self.duration)), count - 1)) if count > 1 else []
        edges = [0.0, *map(float, cuts), self.duration]
        self.shots = list(pairwise(edges))
        self.items: list[Evidence] = []
        self.captions: list[Evidence] = []
        self.labels: list[Evidence] = []
        self.colours: list[Evidence] = []
        self.texts: list[Evidence] = []
        self.motions: list[Evidence] = []
        width, height = words.one([(1280, 720), (1920, 1080), (640, 360), (854, 480), (720, 1280)])
        self.size = f"{width}x{height}"
        self.fps = words.one([24, 25, 30, 50, 60])
        self.sound = words.chance(0.6)
        self._fill(words, material)

    def _add(self, kind: str, start: float, end: float, text: str, score: float = 1.0) -> Evidence:
        item = Evidence(clip="c1", start=start, end=end, kind=kind, text=text, score=score)  # type: ignore[arg-type]
        self.items.append(item)
        return item

    def _fill(self, words: Words, material: Material) -> None:
        if words.chance(0.85):
            sound = "with sound" if self.sound else "no sound"
            self._add("media", 0, self.duration, f"{self.duration:g} s, {self.size}, {self.fps} fps, {sound}")
        for n, (start, end) in enumerate(self.shots, 1):
            if len(self.shots) > 1 or words.chance(0.5):
                self._add("shot", start, end, f"shot {n} of {len(self.shots)}")
            if words.chance(0.7) and material.captions:
                self.captions.append(self._add("caption", start, end, words.one(material.captions)))
            for label in words.random.sample(_LABELS, words.random.randint(0, 2)):
                self.labels.append(self._add("label", start, end, label, round(words.random.uniform(0.25, 0.97), 2)))
            if words.chance(0.6):
                self.colours.append(self._add("color", start, end, " and ".join(words.random.sample(_COLOURS, 2))))
            if words.chance(0.25):
                self.texts.append(self._add("text", start, end, words.one(_SIGNS), round(words.random.uniform(0.6,
                    0.99), 2)))
            if words.chance(0.45):
                self.motions.append(self._add("motion", start, end, words.one(_MOTIONS)))


def _span(item: Evidence) -> str:
    text = when(item.start, item.end)
    return text if text.startswith("at") else f"at {text}"


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def _sure(item: Evidence) -> str:
    return "probably " if item.score < 0.6 else ""


def _article(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def example(words: Words, material: Material) -> tuple[str, str, str]:
    """(prompt, answer, kind of question)."""
    scene = _Scene(words, material)
    makers = [(3, _describe), (3, _labels), (2.5, _text), (2, _colour), (1.5, _motion), (2, _media), (1.5, _shots), (
        2.5, _first), (3, _absent), (2, _at), (2, _subject)]
    while True:
        made = words.weighted(makers)(words, material, scene)
        if made:
            question, answer = made
            break
    kept = list(scene.items)
    if words.chance(0.4):
        question = question[0].upper() + question[1:]
    question += words.one(["?", "?", "", "?"]) if not question.startswith(("describe", "Describe", "tell",
        "Tell")) else ""
    answer = answer[0].upper() + answer[1:]
    return render_answer_prompt(question, evidence_lines(kept)), answer, "unknown" if answer == UNKNOWN else "answer"


def _describe(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    question = words.pick(["what happens in it", "describe the clip", "what can be seen", "what is going on",
        "what happens here", "what is this about", "tell me what happens", "what do you see", "what is in the video"])
    if scene.captions:
        said = [f"{item.text} ({when(item.start, item.end).removeprefix('at ')})" for item in scene.captions[:3]]
        return question, f"It shows {'; then '.join(said)}."
    if scene.labels:
        best = max(scene.labels, key=lambda item: item.score)
        span = when(best.start, best.end).removeprefix("at ")
        return question, f"It {_sure(best)}shows {_article(best.text)} ({span})."
    return question, UNKNOWN


def _labels(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    if not scene.labels:
        return None
    item = words.one(scene.labels)
    spans = sorted({(one.start, one.end) for one in scene.labels if one.text == item.text})
    times = _listed([when(*span).removeprefix("at ") for span in spans])
    question = words.pick(["is there {x}", "can you see {x}", "does {x} appear", "when does {x} appear",
        "when can you see {x}", "is {x} visible anywhere", "do you see {x}", "at what time is {x} seen",
        "does it show {x}", "where in the clip is {x}"])
    noun = _article(item.text)
    said = f"{_sure(item)}{noun} is seen at {times}."
    if not question.startswith(("when", "at", "where")):
        said = f"{'Probably' if item.score < 0.6 else 'Yes'}: {noun} is seen at {times}."
    return question.replace("{x}", noun), said


def _text(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    question = words.pick(["what does the sign say", "what text appears", "which words are on screen",
        "what is written there", "read the text", "is there any text", "what hashtags are shown",
        "what can you read", "does any writing appear"])
    if not scene.texts:
        return question, UNKNOWN
    return question, "The text on screen reads " + _listed([
        f'"{item.text}" ({when(item.start, item.end).removeprefix("at ")})' for item in scene.texts[:4]]) + "."


def _colour(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    if not scene.colours:
        return None
    item = words.one(scene.colours)
    if len(scene.colours) == 1:
        question = words.pick(["which colours dominate", "what are the main colours", "what colours does it have",
            "which colors are there"])
    else:
        question = words.pick(["which colours dominate at {t}", "what are the main colours at {t}",
            "which colours do you see at {t}"]).replace("{t}", clock((item.start + item.end) / 2))
    return question, f"Mostly {item.text}, {_span(item)}."


def _motion(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    if len(scene.motions) != 1:
        return None
    item = scene.motions[0]
    question = words.pick(["does the camera move", "how much motion is there", "is there movement",
        "how does the camera move", "does anything move", "which way does it move"])
    return question, f"There is {item.text} {_span(item)}." if "motion" in item.text else f"{item.text} {_span(item)}."


def _media(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    if not any(item.kind == "media" for item in scene.items):
        return None
    which = words.one(["length", "size", "rate", "sound"])
    if which == "length":
        return words.pick(["how long is it", "what is its length", "how many seconds does it last",
            "what's the duration"]), f"It is {scene.duration:g} s long."
    if which == "size":
        return words.pick(["what resolution does it have", "how big is the picture", "what's the resolution",
            "what size is it"]), f"It is {scene.size} pixels."
    if which == "rate":
        return words.pick(["what is the frame rate", "how many frames per second does it have",
            "what fps is it"]), f"It runs at {scene.fps} frames per second."
    return words.pick(["does it have sound", "is there sound", "does it have audio",
        "is it silent"]), "It has sound." if scene.sound else "It has no sound."


def _shots(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    if not any(item.kind == "shot" for item in scene.items):
        return None
    count = len(scene.shots)
    question = words.pick(["how many shots are there", "how many cuts are there", "how many scenes does it have",
        "where are the cuts", "what shots does it have"])
    if "cuts" in question:
        cuts = [clock(start) for start, _end in scene.shots[1:]]
        if not cuts:
            return question, "There is no cut: it is one shot."
        return question, f"There {'is 1 cut' if len(cuts) == 1 else f'are {len(cuts)} cuts'}, at {_listed(cuts)}."
    spans = _listed([f"{clock(a)}-{clock(b)}" for a, b in scene.shots])
    return question, f"There {'is 1 shot' if count == 1 else f'are {count} shots'}: {spans}."


def _first(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    if len(scene.captions) < 2:
        return None
    if words.chance(0.5):
        return words.pick(["what happens first", "how does it begin", "what is shown at the start",
            "what do we see first"]), f"First, {_span(scene.captions[0])}, it shows {scene.captions[0].text}."
    return words.pick(["how does it end", "what happens at the end", "what is shown last",
        "what do we see at the end"]), f"At the end, {_span(scene.captions[-1])}, it shows {scene.captions[-1].text}."


def _at(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    if not scene.captions:
        return None
    item = words.one(scene.captions)
    moment = clock((item.start + item.end) / 2)
    return words.pick(["what happens at {t}", "what is shown at {t}", "what do you see at {t}",
        "what's going on at {t}"]).replace("{t}", moment), f"{_span(item)} it shows {item.text}."


def _subject(words: Words, _: Material, scene: _Scene) -> tuple[str, str] | None:
    if not scene.captions:
        return None
    item = words.one(scene.captions)
    thing = noun_phrase(words, item.text)
    if len(thing.split()) > 5:
        return None
    question = words.pick(["is there {x}", "do you see {x}", "when does {x} appear", "can {x} be seen",
        "what about {x}", "what is {x} doing", "where is {x}"])
    return question.replace("{x}", thing), f"{_span(item)} it shows {item.text}."


_UNANSWERABLE = ["why is {x} there", "who is the owner of {x}", "how much does {x} cost",
    "what is the name of the person", "what are they saying", "what will happen next", "what is the phone number",
    "how old is the man", "which country is this", "what song is playing", "who filmed this",
    "what is the brand of {x}", "what did she say at the start", "why did he leave", "what year was this filmed",
    "what is behind the camera", "is he married", "what is the score of the game", "what is in the bag",
    "how do they know each other"]


def _absent(words: Words, material: Material, scene: _Scene) -> tuple[str, str] | None:
    shown = " ".join(item.text for item in scene.items)
    thing = words.one(_LABELS) if words.chance(0.6) or not material.captions else noun_phrase(words, words.one(
        material.captions))
    if any(part in shown for part in thing.split(" ") if len(part) > 3):
        return None
    noun = _article(thing) if thing in _LABELS else thing
    forms = ["is there {x}", "do you see {x}", "when does {x} appear", "what colour is {x}", "where is {x}",
        "how many times is {x} shown", "what happens to {x}", *_UNANSWERABLE]
    return words.pick(forms).replace("{x}", noun), UNKNOWN
