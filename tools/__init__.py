"""What the assistant can do: understand, search, edit and generate video.

A tool has typed arguments, a typed result and typed errors (:mod:`gpt4video.tools.base`). The folders
hold one tool each; :mod:`gpt4video.tools.media` is the only door to decoders and ffmpeg.
"""
