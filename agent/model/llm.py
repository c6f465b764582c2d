"""The planner's language model in its fast form: merged weights, tokenizer, and a forward pass for one sequence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .merged import forget, merged_weights

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from .llama import Llama


@dataclass(frozen=True)
class LoadedLLM:
    """A network with its tokenizer.

    Attributes:
        revision: first letters of the hash over base and adapter.
        begin: id of the token that opens a prompt.
        end: id of the token that ends a text.
        vocabulary: number of token ids the output head has.
        folder: where the merged weights lie (``llm.safetensors``, ``llm.json``, ``tokenizer.json``).
    """

    network: Llama
    tokenizer: Tokenizer
    revision: str
    begin: int
    end: int
    vocabulary: int
    folder: Path

    def encode(self, text: str) -> list[int]:
        """Text -> ids, no marks added; lone surrogates count as question marks."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        return list(self.tokenizer.encode(clean, add_special_tokens=False).ids)

    def decode(self, ids: list[int]) -> str:
        """Ids -> text without marks."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))


def load_llm(model: Path, adapter: Path | None, cache: Path, *, room: int = 2048) -> LoadedLLM:
    """Load base + adapter, from the cache if they were met before.

    Args:
        model: a GGUF file, a folder that holds one, or a folder in transformers' own format.
        adapter: a folder with ``adapter_model.safetensors`` and ``adapter_config.json``; None takes the base alone.
        cache: where the merged weights are kept (a byte a parameter).
        room: how many tokens a prompt and its answer may have together.

    Raises :class:`~gpt4video.agent.errors.ModelUnavailable` when files are missing, broken or not what they should be.
    """
    folder, key = merged_weights(model, adapter, cache)
    try:
        return _open(folder, key[:12], room)
    except (OSError, ValueError, KeyError) as error:
        raise forget(folder, error) from error


def _open(folder: Path, revision: str, room: int) -> LoadedLLM:
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    from .int8 import unpacked
    from .llama import Llama, LlamaShape

    facts = json.loads((folder / "llm.json").read_text(encoding="utf-8"))
    network = Llama(LlamaShape(**facts["shape"]), unpacked(load_file(folder / "llm.safetensors")), room=room)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return LoadedLLM(network, tokenizer, revision, facts["begin"], facts["end"], facts["vocabulary"], folder)
