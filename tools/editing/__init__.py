"""Non-destructive editing: typed operations and their rendering through ffmpeg."""
