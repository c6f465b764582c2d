"""A tiny Llama with random weights, its tokenizer, and a bank of random features: the seeing model in miniature."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gpt4video.agent.model.abstractor import AbstractorConfig
from gpt4video.agent.model.gpt4video_model import GPT4VideoConfig, GPT4VideoModel, LoraShape
from gpt4video.agent.training.see_bank import Bank
from gpt4video.agent.training.see_data import Move, Photo

CAPTIONS = (
    ("A brown dog runs through the snow.", "A dog is running in snow.", "The brown dog runs."),
    ("Two boys play with a red ball on grass.", "Two boys are playing in a field.", "Boys kick a ball."),
    ("A woman in a blue hat rides a bike.", "A woman is riding down the street.", "A lady on a bicycle."),
    ("A man is sitting on a bench.", "A man sits in the park.", "A man in a black jacket rests."),
)
WIDTH, FEATURES = 32, 24


def tiny_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator([c for captions in CAPTIONS for c in captions], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<end>", pad_token="<end>")


def tiny_llm(seed: int = 0) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=400, hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True,
        bos_token_id=0, eos_token_id=0, pad_token_id=0, initializer_range=0.3,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def tiny_config(**changes: Any) -> GPT4VideoConfig:
    shape = {
        "feature_width": FEATURES, "output_width": WIDTH, "width": 32, "layers": 2, "heads": 4,
        "spatial_queries": 4, "temporal_queries": 3, "dropout": 0.0, "output_scale": 0.1, **changes,
    }  # fmt: skip
    return GPT4VideoConfig(AbstractorConfig(**shape), LoraShape(rank=4, alpha=8), "tiny", "tiny")


def tiny_model(seed: int = 0) -> GPT4VideoModel:
    llm = tiny_llm(seed)
    return GPT4VideoModel(llm, tiny_tokenizer(), tiny_config())


def tiny_bank() -> Bank:
    """Four photos whose features are distinct noise; two variants each; moves whose features shift over the grid."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(4, 7, 7, FEATURES))
    frames = [base[i] + 0.05 * rng.normal(size=base[i].shape) for i in range(4) for _ in range(2)]
    photos = [
        Photo(f"{i}.jpg", captions, (2 * i,), (2 * i + 1,), ("thing",) if i % 2 else ())
        for i, captions in enumerate(CAPTIONS)
    ]
    moves = []
    for direction, step in (("left", 1), ("right", -1)):
        first = len(frames)
        frames += [np.roll(base[0], step * t, axis=1) for t in range(8)]
        moves.append(Move(tuple(range(first, first + 8)), direction, photos[0]))
    first = len(frames)
    frames += [base[1]] * 8
    moves.append(Move(tuple(range(first, first + 8)), "still", None, "star", "red"))
    grid = torch.tensor(np.stack(frames), dtype=torch.float16).reshape(len(frames), 49, FEATURES)
    return Bank(grid, {"train": photos, "dev": photos}, {"train": moves, "dev": moves})
