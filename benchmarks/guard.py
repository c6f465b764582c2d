"""How long the text guard takes: ``python benchmarks/guard.py --text DIR [--texts FILE]``.

``--text`` is the folder of the pinned text embedding model; ``--texts`` holds a text a line.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from gpt4video.policies.base import Subject
from gpt4video.policies.classifier import TextClassifier
from gpt4video.policies.config import load_policy
from gpt4video.policies.text import TextPolicy

TEXTS = (
    "find the shot with the bicycle, keep its first second, then make a new clip like it at night",
    "How do I cheat at hide and seek with my toddler?",
    "a lighthouse on a cliff while a storm comes up",
)


def main() -> None:
    """Print the median and the 95th percentile over the texts, the first one left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--texts", type=Path)
    options = parser.parse_args()
    texts = options.texts.read_text(encoding="utf-8").splitlines() if options.texts else list(TEXTS) * 20
    policy = TextPolicy(load_policy().text, TextClassifier(options.text))
    spent = []
    for text in [texts[0], *texts]:
        began = time.perf_counter()
        policy.judge(Subject(stage="input", text=text))
        spent.append((time.perf_counter() - began) * 1000)
    print(f"{len(texts)} texts: median {np.median(spent[1:]):.1f} ms, 95 % {np.percentile(spent[1:], 95):.1f} ms")


if __name__ == "__main__":
    main()
