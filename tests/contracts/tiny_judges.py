"""Tiny guard models saved to disk, and a moderation server: what the judges meet in tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

from gpt4video.policies.judges import MODERATED

from ..unit.policy_doubles import CONFIG

TEXT = CONFIG.text
MARKS = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>"]
_BEGIN = "Task: Check.\n<BEGIN UNSAFE CONTENT CATEGORIES>\nS1: Violent Crimes.\nS9: Hate.\nS10: Self-Harm.\n"
_END = "<END UNSAFE CONTENT CATEGORIES>\n<BEGIN CONVERSATION>\n{% for m in messages %}"
_ASK = "{% endfor %}<END CONVERSATION><|eot_id|><|start_header_id|>assistant<|end_header_id|>"
STRINGS = f"{_BEGIN}{_END}{{{{ m.role }}}}: {{{{ m.content | trim }}}}\n{_ASK}"
PARTS = (
    f"{_BEGIN}{_END}{{% for c in m.content | selectattr('type', 'equalto', 'text') %}}{{{{ m.role }}}}: "
    f"{{{{ c.text | trim }}}}\n{{% endfor %}}{_ASK}"
)


def letters(template: str | None = None, words: tuple[str, ...] = ()) -> Any:
    """A tokenizer that knows letters, turn marks and whole words of its own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *MARKS, *words]
    bare = Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(known)}, merges=[]))
    bare.pre_tokenizer, bare.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bare,
        bos_token=MARKS[0],
        eos_token=MARKS[3],
        additional_special_tokens=[MARKS[1], *MARKS[2::2]],
    )
    tokenizer.chat_template = template
    return tokenizer


def _says(model: Any, tokens: list[int], surely: float) -> None:
    """Make each of the tokens be followed by the next, whatever came before."""
    import torch

    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        for place, (token, after) in enumerate(pairwise(tokens)):
            model.model.embed_tokens.weight[token] = torch.eye(model.config.hidden_size)[place]
            model.lm_head.weight[after] = torch.eye(model.config.hidden_size)[place] * surely


def llama_guard(folder: Path, says: str | None = None, template: str | None = STRINGS) -> Path:
    """A tiny Llama with random weights that writes what it is made to, or noise."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = letters(template)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=4096, tie_word_embeddings=False,
            bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        )
    )  # fmt: skip
    if says is not None:
        last = tokenizer.convert_tokens_to_ids("<|end_header_id|>" if template else "Ċ")
        answer = tokenizer(says, add_special_tokens=False)["input_ids"]
        _says(model, [last, *answer, tokenizer.eos_token_id], 20.0)
    # As the published models have it: sampling is their default.
    model.generation_config.update(do_sample=True, temperature=0.6, top_p=0.9)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def shieldgemma(folder: Path, word: str | None = None, words: tuple[str, ...] = ("Yes", "No")) -> Path:
    """A tiny Gemma 2 with random weights that leans to a word; "nan" breaks its numbers."""
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM

    tokenizer = letters(words=words)
    torch.manual_seed(0)
    model = Gemma2ForCausalLM(
        Gemma2Config(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=1, head_dim=16, max_position_embeddings=4096,
            tie_word_embeddings=False, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        )
    )  # fmt: skip
    if word == "nan":
        torch.nn.init.constant_(model.lm_head.weight, float("nan"))
    elif word is not None:
        _says(model, tokenizer.convert_tokens_to_ids(["Ċ", word]), 5.0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def moderated(**flags: float) -> dict[str, Any]:
    """A reply in the documented format; ``flags`` are what is found, with its score."""
    found = {name.replace("__", "/").replace("_", "-"): score for name, score in flags.items()}
    result = {
        "flagged": bool(found),
        "categories": {name: name in found for name in MODERATED},
        "category_scores": {name: found.get(name, 0.01) for name in MODERATED},
        "category_applied_input_types": {name: ["text"] for name in MODERATED},
    }
    return {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]}


def by_word(body: dict[str, Any]) -> tuple[int, str]:
    return 200, json.dumps(moderated(violence=0.97) if "zorgle" in body["input"] else moderated())


class ModerationServer(ThreadingHTTPServer):
    """An HTTP server that answers ``POST /v1/moderations`` and keeps what it was asked, with the key."""

    daemon_threads = True

    def __init__(self, answer: Callable[[dict[str, Any]], tuple[int, str]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.asked = answer, list[tuple[str, str, dict[str, Any]]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ModerationServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        status, text = self.server.answer(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Retry-After-Ms", "1")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None: ...


@contextmanager
def moderation_server(answer: Callable[[dict[str, Any]], tuple[int, str]] = by_word) -> Iterator[ModerationServer]:
    server = ModerationServer(answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
