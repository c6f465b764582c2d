"""Base weights with an adapter added, converted once and cached as safetensors.

The GGUF base is unpacked to float32, the adapter is added there, and the sum is rounded once, to eight bits. What is
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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelUnavailable

if TYPE_CHECKING:
    from torch import Tensor

_FORMAT = "3"
"""Part of the cache key: raised when what is cached changes its form."""
_KEPT = 2
"""Conversions that are kept for each name of an adapter: the one in use and the one before."""
_SEEN = ".lora_A.default.weight"


def merged_weights(model: Path, adapter: Path | None, cache: Path) -> tuple[Path, str]:
    """The folder that holds base + adapter (``llm.safetensors``, ``llm.json``, ``tokenizer.json``), and its hash.

    Args:
        model: a GGUF file, a folder that holds one, or a folder in transformers' own format.
        adapter: a folder in peft's format (``adapter_model.safetensors``, ``adapter_config.json``) or one that
            :meth:`.gpt4video_model.GPT4VideoModel.save_pretrained` wrote; None takes the base alone.
        cache: where merged weights are kept (a byte a parameter).

    Raises:
        ModelUnavailable: files are missing, broken or not what they should be.
    """
    files = [*_base_files(model), *([] if adapter is None else _adapter_files(adapter))]
    key = hashlib.sha256("".join([_FORMAT, *map(_sha256, files)]).encode()).hexdigest()
    folder = cache / f"{adapter.name if adapter else 'base'}-{key[:16]}"
    if not (folder / "llm.json").is_file():
        _convert(model, adapter, folder)
    return folder, key


def forget(folder: Path, error: Exception) -> ModelUnavailable:
    """Remove a merged folder that cannot be read; returns the error to raise."""
    shutil.rmtree(folder, ignore_errors=True)
    return ModelUnavailable(f"The converted model in {folder} is broken: {error}.", "Try again.")


def open_transformers(folder: Path) -> tuple[Any, Any]:
    """A merged folder as transformers' Llama in bfloat16 and its tokenizer; raises ``ModelUnavailable``."""
    import torch
    from safetensors.torch import load_file
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from .int8 import Rows8, unpacked

    try:
        facts = json.loads((folder / "llm.json").read_text(encoding="utf-8"))
        kept = unpacked(load_file(folder / "llm.safetensors")).items()
        weights = {name: part.dense() if isinstance(part, Rows8) else part.to(torch.bfloat16) for name, part in kept}
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        tied = "lm_head.weight" not in weights
        network = _empty(LlamaForCausalLM, LlamaConfig(**facts["config"], tie_word_embeddings=tied))
        missing, unknown = network.load_state_dict(weights, strict=False, assign=True)
        if unknown or set(missing) - ({"lm_head.weight"} if tied else set()):
            raise ValueError(f"tensors do not fit: {[*missing, *unknown][:3]}")
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise forget(folder, error) from error
    network.tie_weights()
    tokenizer.add_special_tokens({"eos_token": tokenizer.convert_ids_to_tokens(facts["end"])})
    return network.requires_grad_(False).eval(), tokenizer


def _empty(kind: Any, config: Any) -> Any:
    """A network whose weights take no memory until they are assigned; its buffers are real."""
    import torch
    from transformers.initialization import no_init_weights

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with no_init_weights():
            return kind(config)
    finally:
        torch.set_default_dtype(before)


def _base_files(model: Path) -> list[Path]:
    if model.is_file():
        return [model]
    found = sorted(model.glob("*.gguf")) or sorted([*model.glob("*.safetensors"), *model.glob("*.json")])
    if not found:
        raise ModelUnavailable(f"There is no language model in {model}.", "Run 'gpt4video models pull llm'.")
    return found[:1] if found[0].suffix == ".gguf" else found


def _adapter_files(adapter: Path) -> list[Path]:
    if (adapter / "config.json").is_file():
        return [adapter / "config.json"]  # it holds the hashes of the others, which reading them checks
    files = [adapter / "adapter_config.json", adapter / "adapter_model.safetensors"]
    for file in files:
        if not file.is_file():
            raise ModelUnavailable(f"The adapter lacks {file}.", "Reinstall, or train it anew ('gpt4video train').")
    wanted = json.loads(files[0].read_text(encoding="utf-8")).get("sha256")
    if wanted and wanted != _sha256(files[1]):
        raise ModelUnavailable(f"{files[1]} is not the file that its configuration names.", "Reinstall the package.")
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert(model: Path, adapter: Path | None, folder: Path) -> None:
    """Unpack, merge, round and write; a crash leaves no half-written folder."""
    from safetensors.torch import save_file

    from .int8 import packed
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
        save_file(packed(weights), part / "llm.safetensors")
        tokenizer.backend_tokenizer.save(str(part / "tokenizer.json"))
        facts = {
            "shape": LlamaShape.of(network.config).plain(),
            "config": _sizes(network.config),
            "begin": tokenizer.bos_token_id,
            "end": tokenizer.eos_token_id,
            "vocabulary": int(weights["model.embed_tokens.weight"].shape[0]),
        }
        (part / "llm.json").write_text(json.dumps(facts), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
    _prune(folder)


def _prune(newest: Path) -> None:
    """Remove what earlier weights of the same name were converted to, all but the last of them."""
    name = newest.name.rpartition("-")[0]
    others = [path for path in newest.parent.glob(f"{name}-*") if path.name.rpartition("-")[0] == name]
    for folder in sorted(others, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


def _sizes(config: Any) -> dict[str, Any]:
    """What a ``LlamaConfig`` needs to be made again."""
    names = (
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "head_dim", "max_position_embeddings", "rms_norm_eps", "rope_parameters",
    )  # fmt: skip
    return {name: getattr(config, name) for name in names if getattr(config, name, None) is not None}


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
    """Add a LoRA adapter to float32 weights in place: ``W + alpha / r * B @ A``."""
    from safetensors import SafetensorError

    try:
        scale, pairs = _peft(adapter) if (adapter / "adapter_config.json").is_file() else _own(adapter)
        for target, (down, up) in pairs.items():
            weights[target] += scale * (up.float() @ down.float())
    except (SafetensorError, KeyError, RuntimeError) as error:
        message = f"The adapter in {adapter} does not fit the language model: {error}."
        raise ModelUnavailable(message, "Train it anew for this model, or reinstall.") from error


def _peft(adapter: Path) -> tuple[float, dict[str, tuple[Tensor, Tensor]]]:
    from safetensors.torch import load_file

    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(adapter / "adapter_model.safetensors")
    pairs = {
        name.removeprefix("base_model.model.").replace("lora_A.", ""): (
            tensor,
            tensors[name.replace("lora_A", "lora_B")],
        )
        for name, tensor in tensors.items()
        if name.endswith("lora_A.weight")
    }
    return config["lora_alpha"] / config["r"], pairs


def _own(folder: Path) -> tuple[float, dict[str, tuple[Tensor, Tensor]]]:
    from .weight_files import read_folder

    config, tensors = read_folder(folder)
    pairs = {
        name.removeprefix("llm.").replace(_SEEN, ".weight"): (tensor, tensors[name.replace("lora_A", "lora_B")])
        for name, tensor in tensors.items()
        if name.endswith(_SEEN)
    }
    return config["lora"]["alpha"] / config["lora"]["rank"], pairs
