"""The assistant: a state machine that plans with a multimodal LLM and runs tools under policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assistant import VideoAgent
    from .asynchronous import AsyncVideoAgent
    from .graph import build_graph
    from .turns import Answer

__all__ = ["Answer", "AsyncVideoAgent", "VideoAgent", "build_graph"]

_HOME = {
    "Answer": "turns",
    "AsyncVideoAgent": "asynchronous",
    "VideoAgent": "assistant",
    "build_graph": "graph",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: the command line must start fast."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    """The public names, whether they were used yet or not."""
    return sorted(__all__)
