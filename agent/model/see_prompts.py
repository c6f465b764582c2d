"""The words around the soft tokens. Training and inference build their prompts here and nowhere else.

::

    <soft tokens>Labels: golden retriever, tennis ball
    Describe: A dog runs after a ball.<end>

    <soft tokens>Labels: golden retriever, tennis ball
    Question: What color is the dog?
    Answer: golden<end>
    Question: Is there a cat?
    Answer: no<end>
"""

from __future__ import annotations

from collections.abc import Sequence

DESCRIBE = "Describe:"
_LONGEST_QUESTION = 300


def opening(labels: Sequence[str]) -> str:
    """The line of ImageNet labels: they name what the captions never taught; empty when there are none."""
    return f"Labels: {', '.join(labels)}\n" if labels else ""


def question_line(question: str) -> str:
    """A question as the model reads it: one line, bounded, so that no text can forge another turn."""
    return f"Question: {' '.join(question.split())[:_LONGEST_QUESTION]}\nAnswer:"


def target(text: str) -> str:
    """What the model is to write; the tokenizer's end token follows it."""
    return f" {text.strip()}"


def top_labels(
    probabilities: Sequence[float], names: Sequence[str], *, most: int = 3, least: float = 0.08
) -> tuple[str, ...]:
    """The class names worth telling the language model.

    Args:
        probabilities: (C,) of the classifier, averaged over the frames.
        names: (C,) readable names.
        most: how many at most.
        least: the smallest probability worth a word.
    """
    best = sorted(range(len(names)), key=lambda i: -probabilities[i])[:most]
    return tuple(names[i] for i in best if probabilities[i] >= least)
