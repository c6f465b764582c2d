"""The embedded text-to-video model: its network, its sampling and its diffusers pipeline."""
