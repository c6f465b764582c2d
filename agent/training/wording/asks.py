"""Questions and searches in words, and the outside text that requests are filled with."""

# fmt: off
from __future__ import annotations

import re
from dataclasses import dataclass, field

from .words import Words

_NOUN_END = re.compile(
    r"^(is|are|was|were|with|in|on|at|near|next|while|that|who|which|as|and|of|to|from|for|by|has|have|under|over|behind|through|into|it|its|up|down|off|out|along|around|across|being|has|during|beside|between|inside|outside|above|below|against|where|looks?|sits?|stands?|plays?|runs?|jumps?|walks?|holds?|rides?|\w+ing|,)$")
_DETERMINER = re.compile(r"^(the|a|an|some|any|my|this|that|these|those|his|her)\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Material:
    """Text that samples are filled with, train and test material apart.

    Attributes:
        captions: one sentence each, lower case, without full stop.
        questions: people's questions about videos.
        prompts: what people ask video generators for.
        elsewhere: requests that no tool of ours fits.
        unsafe: requests that must be refused.
    """

    captions: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    unsafe: list[str] = field(default_factory=list)


def tidy(text: str) -> str:
    """One line, no outer punctuation, nothing that the syntax must escape."""
    flat = " ".join(re.sub(r"[;|\\\"]", " ", text).split())
    return re.sub(r" (?=[,.!?])", "", flat).strip(" .?!,'-")


# --- questions ------------------------------------------------------------------------------------------------------

_QUESTIONS = [
    "what happens in {x}", "what's happening in {x}", "what is in {x}", "what can be seen in {x}",
    "what do you see in {x}",
    "who is in {x}", "how many people are in {x}", "what colour is the car in {x}", "is there a dog in {x}",
    "where was {x} filmed",
    "how long is {x}", "what resolution does {x} have", "what's the frame rate of {x}", "does {x} have sound",
    "what is {x} about",
    "how many shots are in {x}", "how many cuts does {x} have", "what text appears in {x}",
    "what does the sign in {x} say",
    "which words are on the screen in {x}", "what hashtags are shown in {x}", "which two hashtags appear in {x}",
    "are there any people in {x}", "is {x} shot indoors or outdoors", "is it day or night in {x}",
    "what animal is in {x}",
    "what is the man wearing in {x}", "what does the woman do at the end of {x}", "what happens first in {x}",
    "what happens after 0:05 in {x}", "when does the dog appear in {x}",
    "at what time does the car come into view in {x}",
    "what's the weather like in {x}", "what happens at second 4 of {x}", "does anything move in {x}",
    "is {x} a cartoon",
    "what colours dominate in {x}", "does the camera move in {x}", "what sport are they playing in {x}",
    "what are they doing in {x}",
    "why is the boy laughing in {x}", "can you see a bicycle in {x}", "how does {x} end", "how does {x} begin",
    "is anyone smiling in {x}",
    "what is the last thing we see in {x}", "which objects are visible in {x}", "what does the person in {x} hold",
    "how old is the child in {x}",
    "what brand is on the shirt in {x}", "is the traffic light green in {x}", "what's the mood of {x}",
    "what language is the text in {x}",
    "what kind of place is shown in {x}", "how fast is the movement in {x}",
    "what happens in the first three seconds of {x}",
    "what is going on in the middle of {x}", "what is shown during the last two seconds of {x}",
    "what two hashtags are in {x}",
    "what do they say in {x}", "what did the man say at the start of {x}", "how many dogs are there in {x}",
    "how big is {x}",
    "does someone fall in {x}", "is there any writing in {x}", "who appears first in {x}",
    "what does the caption in {x} read",
    "which of the people in {x} is taller", "what number is on the jersey in {x}",
    "is there anything dangerous in {x}",
]
_PLAIN_QUESTIONS = [
    "what happens", "what's going on here", "what is this", "what am i looking at", "what is it about",
    "who is that", "who is this",
    "what does it show", "what do you see", "what can you see", "is there any text", "what happens at the end",
    "what happens first",
    "what happens next", "and what happens after that", "how does it end", "where is this", "when does the cat jump",
    "how long is it",
    "is there sound", "how many people are there", "does it have audio", "what colour is the ball",
    "is the man happy",
    "are there two hashtags", "which hashtags are there", "what two hashtags does it show",
    "how many hashtags can you see",
    "what is the man doing and why is he laughing", "who is she and what does she hold",
    "where are they and what are they doing",
    "is there a cat and what colour is it", "what does the boy do and how does the girl react",
    "how many cars are there and which colours do they have",
    "what is on the table and who puts it there", "did anything change between the start and the end",
    "is it raining", "frame rate", "duration and frame size", "fps and length", "the technical data",
    "its dimensions",
    "how many frames per second", "size and format", "length and resolution", "which resolution",
]
_DESCRIBE = [
    "describe {x}", "describe {x} to me", "tell me about {x}", "summarize {x}", "summarise {x}",
    "give me a summary of {x}",
    "caption {x}", "give me a description of {x}", "write a description of {x}", "explain {x}",
    "explain what is going on in {x}",
    "tell me what happens in {x}", "tell me what is in {x}", "tell me what you see in {x}", "have a look at {x}",
    "look at {x}",
    "watch {x} and tell me about it", "walk me through {x}", "analyse {x}", "analyze {x}", "what's {x}",
    "give me an overview of {x}",
    "take a look at {x}", "inspect {x}", "give me the gist of {x}", "list what can be seen in {x}",
    "report what is in {x}",
    "describe the content of {x}", "i'd like a description of {x}", "recap {x}", "check out {x} and describe it",
    "read the text in {x}",
]
_READ = ["read the text in {x}", "read out the words on screen in {x}", "list the text you see in {x}",
    "count the people in {x}", "count the cars in {x}", "count all the dogs in {x}", "count how many birds {x} shows",
    "count the chairs", "count everyone in {x}", "count the boats for me", "count how many times it cuts",
    "name the animals in {x}", "list the objects in {x}",
    "list the shots of {x}", "name the colours in {x}", "tell me how many dogs are in {x}",
    "tell me if there is a car in {x}", "tell me when the ball appears in {x}", "check whether {x} has sound",
    "see if there is any text in {x}", "identify the animal in {x}", "tell me who is in {x}",
    "tell me the resolution of {x}", "tell me the colour of the bike in {x}", "spell out the sign in {x}",
    "name the sport in {x}", "tell me what the two hashtags in {x} are"]


def question(words: Words, material: Material) -> tuple[str, str]:
    """(words with ``{x}`` or without, the question to hand on): the question is copied, courtesies are not."""
    kind = words.weighted([(5, "people"), (2.5, "slot"), (2, "plain"), (1.8, "describe"), (0.9, "read"),
    (0.8, "timed"), (0.7, "two")])
    if kind == "describe":
        return words.pick(_DESCRIBE), ""
    if kind == "plain":
        asked = words.pick(_PLAIN_QUESTIONS)
        return asked, asked
    if kind == "timed":
        form = words.pick(["at {t}, {q}", "between {a} and {b}, {q}", "from {a} to {b}: {q}", "{a} to {b}: {q}",
            "in the first {n}, {q}", "during the last {n}, {q}", "after {t}, {q}", "around {t}: {q}",
            "second {i}: {q}", "{q} between {a} and {b}", "{q} at {t}"])
        a = words.random.randint(0, 40)
        said = form.format(
            q=words.pick(_PLAIN_QUESTIONS), t=f"0:{a:02d}", a=f"{a} s", b=f"{a + words.random.randint(1, 15)} s",
            n=f"{words.random.randint(2, 12)} seconds", i=a)
        return said, said
    if kind == "two":
        said = f"{words.pick(_PLAIN_QUESTIONS)} and {words.pick(_PLAIN_QUESTIONS)}"
        return said, said
    if kind == "slot":
        asked = words.pick(_QUESTIONS)
        return asked, asked
    if kind == "read":
        asked = words.pick(_READ)
        return asked, asked
    asked = tidy(words.one(material.questions)) if material.questions else words.pick(_PLAIN_QUESTIONS)
    if words.chance(0.3):
        form = words.pick(["{q} in {x}", "{q} in {x}", "{q} in {x}", "{x}: {q}", "about {x}: {q}",
            "look at {x}. {q}", "watch {x} and tell me {q}", "for {x}: {q}"])
        said = form.replace("{q}", asked)
        return said, said if form == "{q} in {x}" else asked
    return asked, asked


ASK_LEADS = ["{}?", "{}?", "{}?", "{}", "{}", "tell me, {}?", "can you tell me {}?", "hey, {}?", "please tell me {}",
    "i wonder {}", "do you know {}?", "could you check {}?", "question: {}?", "so {}?", "quick question: {}?",
    "i want to know {}", "and {}?", "ok and {}?", "one question, {}?", "any idea {}?", "could you find out {}?",
    "i'm curious: {}", "help me understand {}", "answer this: {}?", "do you see {}?"]

# --- searches -------------------------------------------------------------------------------------------------------

_SINGLE = [
    "find the shot with {q}", "find {q}", "find the scene with {q}", "find the part with {q}", "find a clip of {q}",
    "search for {q}",
    "look for {q}", "show me the moment with {q}", "where in my library is {q}", "find me {q}", "locate {q}",
    "get me the shot of {q}",
    "find the moment where you can see {q}", "find footage of {q}", "search my clips for {q}",
    "do i have a clip of {q}", "is there a clip with {q} in my library",
    "pull up the clip with {q}", "show me {q}", "i need a shot of {q}", "i'm looking for {q}",
    "which clip shows {q}", "search {q}",
    "dig out the clip with {q}", "find that scene with {q}", "bring up {q}", "hunt down the shot of {q}",
    "any clip with {q}", "give me the clip with {q}",
    "can you spot {q} in my clips", "find the video where there is {q}", "find the one with {q}",
    "do we have anything with {q}", "seek out {q}",
    "find the bit with {q}", "get the scene showing {q}", "have i got any video of {q}", "fetch the shot with {q}",
    "go to the shot with {q}",
    "there was a clip with {q}, find it", "look through my library for {q}", "retrieve the clip of {q}",
    "browse for {q}",
]
_CLAUSE = ["find the shot where {q}", "find the moment when {q}", "find where {q}", "show me where {q}",
    "find the scene in which {q}", "look for the part where {q}", "search for the moment {q}",
    "find the clip where {q}", "which clip shows how {q}", "go to where {q}", "get me the part where {q}",
    "i need the scene where {q}",
    "locate the part where {q}", "find the bit in which {q}", "spot where {q}", "jump to where {q}",
    "find the second in which {q}"]
_BARE = ["find the {q} shot", "locate the {q} clip", "show me the {q} scene", "get the {q} footage",
    "look up the {q} part", "pull the {q} bit", "search for the {q} clip", "where's the {q} scene",
    "the {q} moment, please",
    "fetch the {q} video", "dig up the {q} shot"]
_COUNTED = ["find {n} shots of {q}", "find {n} clips with {q}", "show me {n} scenes with {q}",
    "find the {n} best shots of {q}", "search for {n} clips of {q}", "get me {n} shots with {q}",
    "give me the top {n} matches for {q}", "find {n} moments with {q}", "i need {n} clips of {q}",
    "pick {n} scenes with {q}", "list {n} results for {q}", "look for {n} shots of {q}",
    "find the best {n} hits for {q}"]
_ALL = ["find all shots with {q}", "find every clip with {q}", "show me all clips of {q}",
    "find all the scenes with {q}", "list every shot of {q}", "find all {q}", "show me everything with {q}",
    "search for all clips with {q}", "get every scene with {q}", "all shots of {q}, please"]
_LIKE = ["find something like {x}", "find clips similar to {x}", "find more like {x}",
    "show me shots that look like {x}", "search for clips that resemble {x}", "anything similar to {x}",
    "find similar shots to {x}", "look for moments like {x}", "more clips like {x}", "find what looks most like {x}",
    "are there other clips like {x}", "what else looks like {x}", "which clips are similar to {x}"]


def noun_phrase(words: Words, caption: str) -> str:
    """The head of a caption: "a young boy", or with what follows: "a young boy wearing a hat"."""
    parts = caption.split(" ")
    length = next((n for n, part in enumerate(parts) if n > 1 and _NOUN_END.match(part)), min(len(parts), 4))
    if words.chance(0.4):
        more = next((n for n, part in enumerate(parts) if n > length + 1 and _NOUN_END.match(part)), len(parts))
        length = min(more, length + 7)
    phrase = " ".join(parts[:length]).strip(" ,")
    return re.sub(r"\s(the|a|an|and|of|with|his|her|their|is|are)$", "", phrase)


_THINGS = ["bicycle", "red bicycle", "cyclist", "dog", "cat", "car", "red car", "blue truck", "bus", "train",
    "horse", "bird", "boat", "beach", "sunset", "mountain", "bridge", "street", "crowd", "child", "baby",
    "woman in a hat", "man with an umbrella", "football", "guitar", "kitchen", "coffee cup", "rabbit", "butterfly",
    "squirrel", "tree", "forest", "waterfall", "snow", "fire", "airplane", "motorcycle", "skateboard",
    "traffic light", "clock", "phone", "laptop", "cake", "pizza", "flowers", "rain", "lightning", "moon", "bikes",
    "cartoon rabbit", "traffic", "pedestrians", "tunnel", "parked cars", "yellow taxi", "dancing people",
    "empty road", "shop window", "blood orange", "gun dog", "shooting star", "knife on the cutting board",
    "bombay street", "killer whale", "nude mouse drawing", "explosion of colours", "hashtags on a wall",
    "street sign"]


def query(words: Words, material: Material) -> str:
    """What to look for, with its article."""
    if material.captions and words.chance(0.75):
        return noun_phrase(words, words.one(material.captions))
    thing = words.one(_THINGS)
    return words.one(["the ", "a ", "", "", "the ", "some ", "any "]) + thing


def undetermined(text: str) -> str:
    """Without its leading article: "the red car" -> "red car"."""
    return _DETERMINER.sub("", text)


def search(words: Words, material: Material, *, single: bool = False) -> tuple[str, str, bool]:
    """(clause, head and query in the plan syntax without "find", whether one hit is meant)."""
    kind = words.weighted([(7, "one"), (1.5, "clause"), (0 if single else 2, "count"), (0 if single else 1, "all")])
    wanted = query(words, material)
    if kind == "clause":
        wanted = " ".join(words.one(material.captions or ["a dog runs on a beach"]).split(" ")[:9])
        wanted = re.sub(r"\s(the|a|an|and|of|with|in|on|his|her|their|is|are)$", "", wanted)
        return words.pick(_CLAUSE).replace("{q}", wanted), f": {undetermined(wanted)}", True
    if kind == "one" and words.chance(0.14):
        thing = words.one(_THINGS)
        return words.pick(_BARE).replace("{q}", thing), f": {thing}", True
    if kind == "one":
        return words.pick(_SINGLE).replace("{q}", wanted), f": {undetermined(wanted)}", True
    bare = undetermined(wanted)
    if kind == "all":
        return words.pick(_ALL).replace("{q}", bare), f" 10: {bare}", False
    n = words.weighted([(3, 2), (2, 4), (3, 5), (1, 6), (1, 10), (1, 8)])
    return words.pick(_COUNTED).replace("{q}", bare).replace("{n}", words.number(n)), f" {n}: {bare}", False


def alike(words: Words) -> str:
    """A search by likeness, with ``{x}``."""
    return words.pick(_LIKE)
