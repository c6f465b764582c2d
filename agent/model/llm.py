"""Loads the planner's language model: base weights, LoRA merged in, converted once and cached as safetensors.

The GGUF base is unpacked to float32, the adapter is added there, and the sum is rounded once, to bfloat16. What is
cached is keyed by the hashes of both, so a new adapter or base never meets an old cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelUnavailable

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from .llama import Llama

_FORMAT = "1"
"""Part of the cache key: raised when what is cached changes its form."""


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
        cache: where the merged weights are kept (2 bytes a parameter).
        room: how many tokens a prompt and its answer may have together.

    Raises :class:`~gpt4video.agent.errors.ModelUnavailable` when files are missing, broken or not what they should be.
    """
    files = [*_base_files(model), *([] if adapter is None else _adapter_files(adapter))]
    key = hashlib.sha256("".join([_FORMAT, *map(_sha256, files)]).encode()).hexdigest()
    folder = cache / f"planner-{key[:16]}"
    if not (folder / "llm.json").is_file():
        _convert(model, adapter, folder)
    try:
        return _open(folder, key[:12], room)
    except (OSError, ValueError, KeyError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ModelUnavailable(f"The converted model in {folder} is broken: {error}.", "Try again.") from error


def _base_files(model: Path) -> list[Path]:
    if model.is_file():
        return [model]
    found = sorted(model.glob("*.gguf")) or sorted([*model.glob("*.safetensors"), *model.glob("*.json")])
    if not found:
        raise ModelUnavailable(f"There is no language model in {model}.", "Run 'gpt4video models pull llm'.")
    return found[:1] if found[0].suffix == ".gguf" else found


def _adapter_files(adapter: Path) -> list[Path]:
    files = [adapter / "adapter_config.json", adapter / "adapter_model.safetensors"]
    for file in files:
        if not file.is_file():
            raise ModelUnavailable(
                f"The planner's adapter lacks {file}.", "Reinstall, or run 'gpt4video train planner'."
            )
    wanted = json.loads(files[0].read_text(encoding="utf-8")).get("sha256")
    if wanted and wanted != _sha256(files[1]):
        raise ModelUnavailable(f"{files[1]} is not the file that its configuration names.", "Reinstall the package.")
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert(model: Path, adapter: Path | None, folder: Path) -> None:
    """Unpack, merge, round and write; a crash leaves no half-written folder."""
    import torch
    from safetensors.torch import save_file

    from .llama import LlamaShape

    network, tokenizer = _read_base(model)
    weights = {name: tensor.float() for name, tensor in network.state_dict().items()}
    if network.config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
    if adapter is not None:
        merge(weights, adapter)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as parent:
        part = Path(parent) / "part"
        part.mkdir()
        save_file(
            {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in weights.items()}, part / "llm.safetensors"
        )
        tokenizer.backend_tokenizer.save(str(part / "tokenizer.json"))
        facts = {
            "shape": LlamaShape.of(network.config).plain(),
            "begin": tokenizer.bos_token_id,
            "end": tokenizer.eos_token_id,
            "vocabulary": int(weights["model.embed_tokens.weight"].shape[0]),
        }
        (part / "llm.json").write_text(json.dumps(facts), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)


def _read_base(model: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    files = _base_files(model)
    gguf = {"gguf_file": files[0].name} if files[0].suffix == ".gguf" else {}
    folder = str(files[0].parent)
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False, **gguf}
    try:
        # The GGUF reader draws its own progress bar, which no setting turns off.
        with contextlib.redirect_stderr(io.StringIO()):
            network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **options)
            tokenizer = AutoTokenizer.from_pretrained(folder, **options)
    except (OSError, ValueError, KeyError) as error:
        raise ModelUnavailable(f"The language model in {folder} cannot be read: {error}.", "Pull it again.") from error
    return network, tokenizer


def merge(weights: dict[str, Tensor], adapter: Path) -> None:
    """Add a LoRA adapter (peft's format) to float32 weights in place: ``W + alpha / r * B @ A``."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    scale = config["lora_alpha"] / config["r"]
    try:
        tensors = load_file(adapter / "adapter_model.safetensors")
        for name in [name for name in tensors if name.endswith("lora_A.weight")]:
            target = name.removeprefix("base_model.model.").replace("lora_A.", "")
            delta = tensors[name.replace("lora_A", "lora_B")].float() @ tensors[name].float()
            weights[target] += scale * delta
    except (SafetensorError, KeyError, RuntimeError) as error:
        message = f"The adapter in {adapter} does not fit the language model: {error}."
        raise ModelUnavailable(message, "Train it anew for this model, or reinstall.") from error


def _open(folder: Path, revision: str, room: int) -> LoadedLLM:
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    from .llama import Llama, LlamaShape

    facts = json.loads((folder / "llm.json").read_text(encoding="utf-8"))
    network = Llama(LlamaShape(**facts["shape"]), load_file(folder / "llm.safetensors"), room=room)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return LoadedLLM(network, tokenizer, revision, facts["begin"], facts["end"], facts["vocabulary"], folder)
