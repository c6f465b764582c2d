"""Whisper's architecture with tiny random weights, in CTranslate2's format, as a user's folder would hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_MARKS = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>"]
_MARKS += ["<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
_TIMES = [f"<|{n * 0.02:.2f}|>" for n in range(1501)]


def _tokenizer() -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *_MARKS, *_TIMES]
    bare = Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=[]))
    bare.pre_tokenizer, bare.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    bare.add_special_tokens([AddedToken(mark, special=True) for mark in _MARKS])
    bare.add_tokens([AddedToken(time, special=False) for time in _TIMES])
    return bare


def whisper(folder: Path, *, sure: float = 1.0) -> Path:
    """A model that says letters at random; ``sure`` scales how certain it is of them. Speak English to it."""
    import torch
    from ctranslate2.converters import TransformersConverter
    from transformers import PreTrainedTokenizerFast, WhisperConfig, WhisperForConditionalGeneration

    tokenizer = _tokenizer()
    place = tokenizer.token_to_id
    torch.manual_seed(0)
    end = place("<|endoftext|>")
    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(), d_model=32, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
        bos_token_id=end, eos_token_id=end, pad_token_id=end, decoder_start_token_id=place("<|startoftranscript|>"),
        suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        model.proj_out.weight.mul_(sure)
    source = folder / "source"
    model.save_pretrained(source)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", unk_token="<|endoftext|>", pad_token="<|endoftext|>"
    ).save_pretrained(source)
    converted = folder / "model"
    TransformersConverter(str(source)).convert(str(converted), force=True)
    tokenizer.save(str(converted / "tokenizer.json"))
    return converted
