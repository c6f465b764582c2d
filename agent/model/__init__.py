"""The GPT4Video network and the pinned model files."""
