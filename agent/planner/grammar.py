"""The plan syntax as an EBNF grammar (xgrammar's dialect) that decoding is held to.

It is narrower than what :func:`~gpt4video.agent.planner.syntax.parse` takes: numbers have bounds, a step refers only to
steps before it, and without clips in the conversation no step refers to one. Every sentence of it parses, save for
text that is too long.
"""

from __future__ import annotations

from typing import Final

from .replies import REPLIES

MOST_STEPS: Final = 6

_COMMON: Final = r"""
aspect ::= "1:1" | "9:16" | "16:9" | "4:3" | "3:4" | "4:5" | "21:9"
clip ::= "c" [1-9] [0-9]{0,1} ("@" time "-" time)?
index ::= ("[" "-"? [0-9] "]")?
corner ::= "top" ("-left" | "-right")? | "center" | "bottom" ("-left" | "-right")?
count ::= [1-4] [0-9] | [1-9]
fades ::= some " " level | "0 " some
factor ::= "0." [1-9] [0-9]? | [1-9] ("." [0-9]{1,2})? | "1" [0-9] | "20"
gain ::= [0-3] ("." [0-9]{1,2})?
int ::= [0-9]{1,5}
level ::= [0-9] ("." [0-9]{1,2})?
pixels ::= [1-9] [0-9]{2} | [1-3] [0-9]{3}
point ::= time | "-" time | "end" | [1-9] [0-9]? "%" ([+-] time)?
seconds ::= [1-5] [0-9] | [1-9] ("." [0-9])?
size ::= [2-9] | [1-5] [0-9] | "60"
some ::= [1-9] ("." [0-9])? | "0." [1-9]
style ::= (" serif" | " mono" | " bold")? (" size " size)?
table ::= [A-Za-z0-9] [A-Za-z0-9_.\-]{0,63}
text ::= [^ ;|\\\x00-\x1f] ([^;|\\\x00-\x1f] | "\\" [;|\\n])*
time ::= [0-9]{1,4} ("." [0-9]{1,2})?
operation ::= ("trim " | "cut " | "gif " | "webm " | "m4a " | "wav ") point " " point
    | ("frames " | "sheet ") (count " ")? point " " point | ("frame " | "thumbnail ") point
    | "concat" (" " some)? | "reverse" | "speed " factor | "stabilise" (" low" | " high")?
    | "crop " (aspect " follow"? | int " " int " " pixels " " pixels) | "resize " (pixels "x")? pixels
    | "rotate " ("90" | "180" | "270" | "mirror" | "flip") | "fade " fades
    | "text " corner style (" " point " " point)? ": " text
    | "color " ("lut " table | "grayscale" | "sepia" | "invert" | ("brightness" | "contrast" | "saturation") " " gain)
    | "audio " ("mute" | "volume " level | "fade " fades)
"""

_STEP: Final = r"""
step# ::= "look " refs# (": " text)? | "edit " refs# " " op# (" | " op#){0,7}
    | "find" (" " count)? (" like " ref# within# (": " text)? | within# ": " text)
    | "gen" (" " seconds "s")? (" seed " int)? (" like " ref#)? ": " text
op# ::= operation | "audio replace " ref#
refs# ::= ref# (" " ref#){0,15}
within# ::= (" in " refs#)?
"""

_STEP_WITHOUT_CLIPS: Final = r"""
step# ::= "find" (" " count)? ": " text | "gen" (" " seconds "s")? (" seed " int)? ": " text
"""


def plan_grammar(*, clips: bool) -> str:
    """EBNF of what a model may write; ``clips``: whether the conversation has any."""
    steps = ""
    rules = []
    for number in range(MOST_STEPS, 0, -1):
        steps = f"step{number}" + (f' (" ; " {steps})?' if steps else "")
        earlier = f'"$" [1-{number - 1}] index' if number > 1 else ""
        ref = " | ".join(filter(None, ["clip" if clips else "", earlier]))
        rules.append((_STEP if ref else _STEP_WITHOUT_CLIPS).replace("#", str(number)))
        rules += [f"ref{number} ::= {ref}\n"] if ref else []
    kinds = " | ".join(f'"{kind}"' for kind in REPLIES)
    return f'root ::= " " (("say " ({kinds})) | {steps})\n{_COMMON}{"".join(rules)}'
