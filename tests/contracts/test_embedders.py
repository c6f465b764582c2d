"""What every text embedder must do, and what MiniLM must be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gpt4video.memory.embedder import HashEmbedder, MiniLmEmbedder, TokenEmbedder
from gpt4video.memory.errors import ModelUnusable

TEXTS = ["a dog runs over the grass", "a dog is running on grass", "stock prices fell on Monday", ""]


@pytest.fixture(scope="module")
def minilm(model_path: Callable[[str], Path]) -> MiniLmEmbedder:
    return MiniLmEmbedder(model_path("text"))


@pytest.fixture(params=["hash", "minilm"])
def embedder(request: pytest.FixtureRequest) -> TokenEmbedder:
    chosen: TokenEmbedder = HashEmbedder() if request.param == "hash" else request.getfixturevalue("minilm")
    return chosen


def test_vectors_have_length_one_and_the_stated_dimension(embedder: TokenEmbedder) -> None:
    vectors = embedder.embed_texts(TEXTS)
    assert vectors.shape == (4, embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(embedder: TokenEmbedder) -> None:
    assert embedder.embed_texts([]).shape == (0, embedder.dimension)
    states, mask = embedder.token_states([])
    assert len(states) == len(mask) == 0


def test_a_text_has_one_vector_whatever_comes_with_it(embedder: TokenEmbedder) -> None:
    alone = embedder.embed_texts([TEXTS[0]])[0]
    among = embedder.embed_texts([*TEXTS, TEXTS[0], "word " * 100])
    assert among[0] @ alone > 0.999
    assert among[4] @ alone > 0.999


def test_texts_that_say_the_same_are_nearer_than_others(embedder: TokenEmbedder) -> None:
    one, same, other, _ = embedder.embed_texts(TEXTS)
    assert one @ same > one @ other + 0.2


def test_odd_text_is_embedded_not_refused(embedder: TokenEmbedder) -> None:
    vectors = embedder.embed_texts(["\ud800 lone", "\0", "🎬" * 40, "x" * 20_000, "word " * 20_000])
    assert np.isfinite(vectors).all()


def test_token_states_stand_where_the_mask_says(embedder: TokenEmbedder) -> None:
    states, mask = embedder.token_states(["dog", "a small dog in the snow"])
    assert states.shape == (*mask.shape, embedder.dimension)
    assert mask.dtype == np.bool_
    assert mask[0].sum() < mask[1].sum() == mask.shape[1]
    assert (states[~mask] == 0).all()
    assert (np.abs(states[mask]).sum(1) > 0).all()


def test_minilm_is_the_network_that_transformers_knows(model_path: Callable[[str], Path]) -> None:
    import torch
    from gpt4video.memory.minilm import MiniLmEncoder
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    weights = load_file(model_path("text") / "model.safetensors")
    config = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
    reference = BertModel(config, add_pooling_layer=False).eval()
    missing, _ = reference.load_state_dict(weights, strict=False)
    assert missing == []
    ids = torch.randint(1000, 20000, (2, 9))
    mask = torch.ones(2, 9, dtype=torch.bool)
    mask[1, 5:] = False
    with torch.inference_mode():
        expected = reference(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        ours = MiniLmEncoder(weights, torch.float32)(ids, mask)
    torch.testing.assert_close(ours[mask], expected[mask], atol=1e-4, rtol=1e-4)


def test_minilm_reads_everyday_english(minilm: MiniLmEmbedder) -> None:
    bicycle, *others = minilm.embed_texts(["a person rides a bicycle", "a cyclist on the road", "a bowl of soup"])
    assert bicycle @ others[0] > 0.5 > bicycle @ others[1]


def test_a_folder_without_the_model_is_said_on_use(tmp_path: Path, model_path: Callable[[str], Path]) -> None:
    for content in (None, b"not safetensors"):
        if content is not None:
            (tmp_path / "model.safetensors").write_bytes(content)
        with pytest.raises(ModelUnusable) as error:
            MiniLmEmbedder(tmp_path).embed_texts(["x"])
        assert error.value.audience == "user"
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").symlink_to(model_path("text") / "model.safetensors")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnusable):
        MiniLmEmbedder(tmp_path).embed_texts(["x"])


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"embeddings.word_embeddings.weight": torch.zeros(5, 768)}, tmp_path / "model.safetensors")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnusable):
        MiniLmEmbedder(tmp_path).embed_texts(["x"])
