"""Any image-text-to-text model of transformers as a LangChain chat model: plans, and looks at frames.

Frames are handed over as pictures, in order: that is what every such model takes, with or without a video processor.
"""

from __future__ import annotations

import base64
import binascii
import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from ..errors import ModelUnavailable

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForLLMRun

_ROLES = {"human": "user", "ai": "assistant", "system": "system"}
_DATA = "data:image/"


class VisionLanguageChat(BaseChatModel):
    """A chat model of which the weights load on first use; one reply at a time, greedily.

    Attributes:
        source: a folder in transformers' format (safetensors), or a hub id; no code of the repository is run.
        longest: tokens of a reply.

    Raises (when asked):
        ModelUnavailable: the files are missing, broken, of a model that takes no pictures, or do not fit in memory.
    """

    source: str
    longest: int = 400
    _loaded: tuple[Any, Any] | None = PrivateAttr(default=None)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "gpt4video-vlm"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del run_manager, kwargs  # LangChain hands them over; replies are neither streamed nor steered
        turns = [{"role": _ROLES.get(one.type, "user"), "content": _parts(one.content)} for one in messages]
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self.source)
            text = self._reply(*self._loaded, turns)
        for word in stop or []:
            text = text.partition(word)[0]
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def _reply(self, model: Any, processor: Any, turns: list[dict[str, Any]]) -> str:
        import torch

        try:
            inputs = processor.apply_chat_template(
                turns, tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
            ).to(model.device)
            with torch.inference_mode():
                written = model.generate(**inputs, max_new_tokens=self.longest, do_sample=False)
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise ModelUnavailable(
                f"{self.source} ran out of memory.", "Use a smaller model, or fewer or smaller frames."
            ) from error
        return str(processor.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)).strip()


def _parts(content: str | Sequence[Any]) -> list[dict[str, Any]]:
    """LangChain's content as transformers' chat templates take it."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    parts: list[dict[str, Any]] = []
    for part in content:
        if isinstance(part, str):
            parts.append({"type": "text", "text": part})
        elif part.get("type") == "image_url":
            parts.append({"type": "image", "image": _picture(part["image_url"]["url"])})
        elif part.get("type") == "text":
            parts.append({"type": "text", "text": part["text"]})
        else:
            raise ValueError(f"a content part of type {part.get('type')!r} is neither text nor a picture")
    return parts


def _picture(url: str) -> Any:
    from PIL import Image

    if not url.startswith(_DATA):
        raise ValueError("only pictures inside the message (data:image/...) are read, nothing is fetched")
    try:
        return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2], validate=True))).convert("RGB")
    except (binascii.Error, OSError) as error:
        raise ValueError(f"a picture in the message cannot be read: {error}") from error


def _load(source: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForImageTextToText

    device = "cuda" if torch.cuda.is_available() else "cpu"
    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": Path(source).is_dir()}
    try:
        processor = _processor(source, options)
        model = AutoModelForImageTextToText.from_pretrained(source, dtype="auto", use_safetensors=True, **options)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise ModelUnavailable(
            f"{source} cannot be loaded as an image-text-to-text model: {' '.join(str(error).split())[:300]}",
            "Name a folder with config.json, safetensors, tokenizer and image processor, or a hub id of such a model.",
        ) from error
    try:
        return model.to(device).eval(), processor
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ModelUnavailable(f"{source} does not fit in memory.", "Use a smaller model.") from error


def _processor(source: str, options: dict[str, Any]) -> Any:
    from transformers import AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(source, **options)
    except ImportError as error:
        if "torchvision" not in str(error).lower():
            raise
        processor = _without_video(source, options)
    if not getattr(processor, "chat_template", None):
        raise ValueError("it has no chat template")
    return processor


def _without_video(source: str, options: dict[str, Any]) -> Any:
    """The processor but for its video part, which needs torchvision; frames go through the image part."""
    from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    kind: Any = PROCESSOR_MAPPING[type(AutoConfig.from_pretrained(source, **options))]

    class ImagesOnly(kind):  # type: ignore[misc]
        def check_argument_for_proper_class(self, name: str, given: Any) -> Any:
            return type(given) if given is None else super().check_argument_for_proper_class(name, given)

    tokenizer = AutoTokenizer.from_pretrained(source, **options)
    pictures = AutoImageProcessor.from_pretrained(source, **options)
    return ImagesOnly(
        image_processor=pictures, tokenizer=tokenizer, video_processor=None, chat_template=tokenizer.chat_template
    )
