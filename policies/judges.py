"""Stronger judges of words, for those who have them: guard models and moderation services, behind the same protocol.

A judge says what it finds or raises; the chain turns what it raises into a block. It never softens another policy's
verdict: it is asked beside the text policy, and the first block decides.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, StrictBool, ValidationError

from .base import Stage, Subject, Verdict
from .config import JudgeConfig, TextConfig
from .text import Finding

_ATTEMPTS = 3
_TIMEOUT = 15.0
_ASKED = "What did you find or make?"
"""Stands for the request where only the answer is known: guard models judge an answer as the reply to something."""


class JudgeFailed(RuntimeError):
    """A judge could not judge; the message names the fault and the remedy."""


class Judge(ABC):
    """Judges requests, prompts and answers by what :meth:`opinion` finds.

    Earlier turns are read together with the last one, so that harm split over turns is seen; turns that are refused on
    their own are left out, or one of them would refuse the rest of the conversation.

    Args:
        config: how many turns are read together, and how long a text may be.
    """

    name: ClassVar[str]
    stages: ClassVar[frozenset[Stage]] = frozenset({"input", "prompt", "output"})

    def __init__(self, config: TextConfig) -> None:
        self._turns, self._longest = config.turns, config.max_characters
        # A turn comes again with each of those after it; failures are not remembered.
        self._remembered = lru_cache(maxsize=256)(self.opinion)

    @abstractmethod
    def opinion(self, text: str, asked: str) -> Finding:
        """What is wrong with a text.

        Args:
            text: a request or a prompt; an answer where ``asked`` says to what.
            asked: the request that was answered; empty for a request.

        Raises:
            JudgeFailed: no opinion could be had. Any other error means the same to the chain.
        """

    def judge(self, subject: Subject) -> Verdict:
        """Judge the text of a subject; raises as :meth:`opinion` does."""
        text = _sendable(subject.text)
        if len(text) > self._longest:
            raise JudgeFailed(f"the text is longer than {self._longest} characters; please shorten it")
        past = [_sendable(turn)[: self._longest] for turn in subject.history]
        if subject.stage == "output":
            finding = self._examine(text, past[-1] if past and past[-1] else _ASKED)
        else:
            finding = self._examine(text)
            if not finding.blocks and text and self._turns:
                finding = self._with_history(text, past[-self._turns :], finding)
        return finding.verdict(subject.stage, self.name)

    def _with_history(self, text: str, past: list[str], alone: Finding) -> Finding:
        harmless = [turn for turn in past if turn and not self._examine(turn).blocks]
        if not harmless:
            return alone
        whole = self._examine("\n".join([*harmless, text])[-self._longest :])
        return whole if whole.blocks else alone

    def _examine(self, text: str, asked: str = "") -> Finding:
        return self._remembered(text, asked) if text else Finding(False)


def _sendable(text: str) -> str:
    """Text that tokenizers and servers take: lone surrogates are no characters."""
    return text.encode("utf-8", "replace").decode().strip()


MODERATED: dict[str, str] = {
    "sexual": "sexual",
    "sexual/minors": "minors",
    "violence": "violence",
    "violence/graphic": "gore",
    "self-harm": "self_harm",
    "self-harm/intent": "self_harm",
    "self-harm/instructions": "self_harm",
    "hate": "hate",
    "hate/threatening": "hate",
    "harassment": "privacy",
    "harassment/threatening": "privacy",
    "illicit": "illegal",
    "illicit/violent": "illegal",
}
"""Categories of the moderation endpoint -> ours, where bullying and harassment belong to privacy."""


class _Moderated(BaseModel):
    """What the endpoint says of one text; categories a model does not know are null."""

    flagged: StrictBool
    categories: dict[str, StrictBool | None]
    category_scores: dict[str, Annotated[float, Field(allow_inf_nan=False)] | None]


class _Reply(BaseModel):
    results: Annotated[list[_Moderated], Field(min_length=1)]


class ModerationJudge(Judge):
    """Asks an OpenAI-compatible moderation endpoint (``POST BASE_URL/moderations``). What it flags is blocked.

    Args:
        base_url: such as ``https://api.openai.com/v1``; the key is read from ``OPENAI_API_KEY``, for servers that want
            one.
        model: such as ``omni-moderation-latest``.
        config: as for :class:`Judge`.
        timeout: seconds of one attempt; there are three, with growing pauses between them.
    """

    name: ClassVar[str] = "moderation"

    def __init__(self, base_url: str, model: str, config: TextConfig, timeout: float = _TIMEOUT) -> None:
        super().__init__(config)
        self._url, self._model, self._timeout = base_url.rstrip("/"), model, timeout
        self._lock = threading.Lock()
        self._client: Any = None

    def opinion(self, text: str, asked: str) -> Finding:
        """As :meth:`Judge.opinion`. An answer is judged for itself: the endpoint knows no requests."""
        del asked
        results = self._parse(self._post(text))
        found = {name for one in results for name, hit in one.categories.items() if hit}
        blocks = bool(found) or any(one.flagged for one in results)
        scores = {
            name: max(one.category_scores.get(name) or 0.0 for one in results)
            for name in found or {name for one in results for name in one.category_scores}
        }
        if not blocks:
            return Finding(False, score=max(scores.values(), default=0.0))
        gravest = max(sorted(found), key=lambda name: scores[name], default="")
        return Finding(True, MODERATED.get(gravest, ""), scores.get(gravest) or 1.0)

    def _post(self, text: str) -> str:
        """The body of the reply, whatever it is."""
        try:
            import openai
        except ImportError as error:
            raise JudgeFailed("It needs the package openai: pip install 'gpt4video[chat]'") from error
        with self._lock:
            if self._client is None:
                self._client = openai.OpenAI(
                    base_url=self._url, api_key=os.environ.get("OPENAI_API_KEY") or "none",
                    timeout=self._timeout, max_retries=_ATTEMPTS - 1,
                )  # fmt: skip
        try:
            reply = self._client.moderations.with_raw_response.create(model=self._model, input=text)
        except openai.APITimeoutError as error:
            raise JudgeFailed(
                f"{self._url} did not answer within {self._timeout:g} s, {_ATTEMPTS} times. Check its load"
            ) from error
        except openai.APIConnectionError as error:
            raise JudgeFailed(f"{self._url} cannot be reached. Check the address and that the server runs") from error
        except openai.APIStatusError as error:
            raise JudgeFailed(self._refused(error.status_code)) from error
        return str(reply.http_response.text)

    def _refused(self, status: int) -> str:
        remedies = {
            401: "Set OPENAI_API_KEY to a key of that server",
            403: "Check what the key in OPENAI_API_KEY may do",
            404: f"Check the address and that the server serves {self._model!r} at /moderations",
            429: "Wait, or raise the limits of the account",
        }
        remedy = remedies.get(status, "See the log of the server")
        return f"{self._url} answered with status {status} to {self._model!r}. {remedy}"

    def _parse(self, body: str) -> list[_Moderated]:
        try:
            return _Reply.model_validate_json(body).results
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the reply"
            raise JudgeFailed(
                f"{self._url} answered, but not in the moderation format ({place}: {first['msg']}). "
                "Check that the address is that of a moderation endpoint"
            ) from error


def make_judge(entry: JudgeConfig, config: TextConfig) -> Judge:
    """The judge that an entry of the policy file names; models are loaded and servers asked when first needed."""
    from .judge_models import LlamaGuardJudge, ShieldGemmaJudge

    kind, _, where = entry.judge.partition(":")
    if kind == "moderation":
        url, _, model = where.partition("#")
        return ModerationJudge(url, model, config)
    if kind == "shieldgemma":
        return ShieldGemmaJudge(where, config, 0.5 if entry.threshold is None else entry.threshold)
    if kind == "llama-guard":
        return LlamaGuardJudge(where, config)
    raise ValueError(f"there is no judge {kind!r}")
