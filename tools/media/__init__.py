"""The only door to media files: probe, decode in a child process, and ffmpeg."""
