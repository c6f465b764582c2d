"""Characters that are drawn to look, or sound, like Latin letters.

Fullwidth, circled, superscript and mathematical letters fall to NFKC; what is left are other alphabets and a few
symbols. The look-alikes follow the confusables of Unicode
Technical Standard 39, restricted to lower case after case folding.
"""

from __future__ import annotations


def _pairs(*groups: str) -> dict[int, str]:
    """``"a:аαɑ"`` -> every character after the colon stands for what is before it."""
    table: dict[int, str] = {}
    for group in groups:
        latin, _, others = group.partition(":")
        table.update({ord(c): latin for c in others})
    return table


LOOKS: dict[int, str] = _pairs(
    "a:аαɑⲁɐᴀ∂ꓮ", "b:ьβвʙᏏꓐ฿", "c:сϲᴄⅽⲥ¢ꓚ", "d:ԁժᴅⅾꓒđð", "e:еєεҽɛᴇ℮ꓰ∊€ə", "f:ғƒꜰꞙẝꓝ", "g:ɡցɢԍꓖ",
    "h:һհнʜηꓧ", "i:іιıɪӏⅰ¡ꓲɩ", "j:јյᴊꓙ", "k:кκᴋҡқꓗ", "l:ⅼłʟꓡ∣ǀ", "m:мᴍⅿꓟ", "n:ոпռɴꓠи", "o:оοօσᴏө०০øꓳ○",
    "p:рρᴘꓑþ", "q:ԛգ", "r:гʀᴦяꓣ", "s:ѕꜱƨꓢ§", "t:тτᴛꓔ†", "u:υսᴜꓴц", "v:ѵνᴠⅴꓦ√", "w:ԝωɯᴡшꓪщ", "x:хχⅹ×ж", "y:уүγʏꓬ¥ў",
    "z:ᴢꓜʐ",
)  # fmt: skip

# How Cyrillic and Greek letters sound, for English words spelled in them ("хау ту килл").
SOUNDS: dict[int, str] = {
    ord(a): b
    for a, b in zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
        ["a", "b", "v", "g", "d", "e", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f",
         "h", "ts", "ch", "sh", "sh", "", "y", "", "e", "yu", "ya", "i", "yi", "e", "g"],
        strict=True,
    )
} | {
    ord(a): b
    for a, b in zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        ["a", "b", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s", "t", "u", "f",
         "h", "ps", "o"],
        strict=True,
    )
}  # fmt: skip

LEET: dict[int, str] = {
    ord(a): b for a, b in {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a",
                           "$": "s", "!": "i", "|": "l", "+": "t", "€": "e", "£": "l"}.items()
}  # fmt: skip
