"""The embedded text-to-video model: its network, its sampling, its diffusers pipeline and its backend."""

from .backend import EmbeddedGenerator

__all__ = ["EmbeddedGenerator"]
