from __future__ import annotations

import math

import pytest
from gpt4video.agent.evaluation.captions import Cider, bleu, cider, rouge_l, tokenize
from gpt4video.agent.evaluation.see import Item, accuracy, caption_scores, is_right


def test_tokens_are_those_of_the_penn_treebank_in_lower_case_without_punctuation() -> None:
    assert tokenize("A man's dog can't run, jump...") == ["a", "man", "'s", "dog", "ca", "n't", "run", "jump"]
    assert tokenize("Two T-shirts (red) - cost 3.50!") == ["two", "t-shirts", "red", "cost", "3.50"]
    assert tokenize(" . ") == []


def test_bleu_clips_repeated_words() -> None:
    refs = ["the cat is on the mat", "there is a cat on the mat"]
    assert bleu(["the the the the the the the"], [refs])[0] == pytest.approx(2 / 7)


def test_bleu_punishes_short_texts_by_the_closest_reference_over_the_corpus() -> None:
    scores = bleu(["a dog runs", "a man sits"], [["a dog runs in the snow"], ["a man sits"]])
    # 6 words against 9: every n-gram is right, so the brevity penalty is all that is left.
    assert scores[:3] == pytest.approx([math.exp(1 - 9 / 6)] * 3)


def test_bleu_4_of_the_same_text_is_one_and_of_another_nearly_zero() -> None:
    assert bleu(["a b c d e"], [["a b c d e"]])[3] == pytest.approx(1.0)
    assert bleu(["v w x y z"], [["a b c d e"]])[3] < 1e-3


def test_cider_by_hand() -> None:
    scorer = Cider({"one": [["a", "dog"]], "two": [["a", "cat"]]})
    # "a" is in every document and weighs nothing; of four n-gram lengths two exist and agree.
    assert scorer.score("one", ["a", "dog"]) == pytest.approx(5.0)
    by_hand = 10 * math.exp(-1 / 72) * (0.5 + 1 / math.sqrt(2)) / 4
    assert scorer.score("one", ["a", "dog", "dog"]) == pytest.approx(by_hand)
    assert scorer.score("two", ["a", "dog"]) == 0.0
    assert scorer.score("two", []) == 0.0


def test_cider_of_the_reference_itself_is_ten_and_is_averaged_over_images() -> None:
    refs = [["one two three four five"], ["six seven eight nine ten"]]
    assert cider(["one two three four five", "nothing in common here now"], refs) == pytest.approx(5.0)


def test_the_numbers_are_those_of_pycocoevalcap() -> None:
    texts = (
        "A brown dog runs through the deep snow.",
        "Two boys kick a ball on the grass.",
        "A woman is riding a horse on the beach.",
    )
    refs = (
        ("A dog is running in the snow.", "A brown dog runs through snow.", "The dog runs in deep snow."),
        (
            "Two boys play soccer on the grass.",
            "Boys kick a red ball in a field.",
            "Two children are playing with a ball.",
        ),
        (
            "A man rides a bike down the street.",
            "A cyclist is riding on the road.",
            "A man in a helmet is riding a bike.",
        ),
    )
    # Computed once with pycocoevalcap 1.2 (Bleu(4), Cider(), Rouge()).
    expected = [0.8799999999648, 0.7483314773228141, 0.5613002368260916, 0.38558836642213973]
    assert bleu(texts, refs) == pytest.approx(expected, rel=1e-9)
    assert cider(texts, refs) == pytest.approx(2.2418157354762625, rel=1e-9)
    assert rouge_l(texts, refs) == pytest.approx(0.7313331504244011, rel=1e-9)


def test_rouge_l_by_hand() -> None:
    # The longest common subsequence "a dog runs" has 3 words: precision 3/4, recall 3/3.
    by_hand = (1 + 1.44) * 0.75 * 1.0 / (1.0 + 1.44 * 0.75)
    assert rouge_l(["a dog quickly runs"], [["a dog runs"]]) == pytest.approx(by_hand)


def test_invented_objects_are_counted() -> None:
    items = [Item("caption", (0,), (), "", frozenset({"A dog runs.", "A puppy in snow."}))]
    scores = caption_scores(["A dog and a cat in the snow."], items)
    assert scores["invented_objects"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("reply", "right"),
    [("Brown.", True), ("brown and white", False), ("on the Beach", True), ("", False), ("beach", True), ("no", False)],
)
def test_answers_are_compared_without_case_and_punctuation(reply: str, right: bool) -> None:
    assert is_right(reply, frozenset({"brown", "beach", "at the beach"})) is right


def test_accuracy_is_by_kind_and_pooled_over_attributes() -> None:
    items = [
        Item(kind, (0,), (), "?", frozenset({answer}))
        for kind, answer in (("yes/no", "yes"), ("yes/no", "no"), ("colour", "red"), ("order", "the dog"))
    ]
    scores = accuracy(["yes", "yes", "red", "the dog"], items)
    assert scores["yes/no"] == 0.5
    assert scores["order"] == 1.0
    assert scores["yes/no and attributes"] == pytest.approx(2 / 3)
