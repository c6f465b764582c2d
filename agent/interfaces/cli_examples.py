"""Examples that close the help of a command."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "ask": (
        'gpt4video ask "cut the first two seconds and play it backwards" --clip holiday.mp4',
        'gpt4video ask "find the shot with the bicycle" --thread trip',
        'gpt4video ask "make a clip of a red ball that bounces" --yes --json',
    ),
    "chat": (
        "gpt4video chat --clip holiday.mp4",
        "gpt4video chat --thread trip --background",
        "gpt4video chat --planner openai:http://127.0.0.1:8000/v1#qwen",
    ),
    "search": (
        'gpt4video search "a dog on the beach" -k 5',
        'gpt4video search "who says good morning" --json',
        "gpt4video search --image photo.jpg",
    ),
    "ingest": ("gpt4video ingest holiday.mp4 clips/", 'gpt4video ingest "archive/*.mov" --json'),
    "project": (
        "gpt4video project add film holiday.mp4",
        "gpt4video project show film",
        "gpt4video project render film",
        "gpt4video project undo film",
    ),
    "eval": ("gpt4video eval safety --json", "gpt4video eval generate --most 2 --picture clips.png"),
    "train": ("gpt4video train guard", "gpt4video train guard -- --help"),
    "serve": (
        "gpt4video serve",
        "gpt4video serve --host 0.0.0.0 --tokens tokens.txt --allow-host video.example.org",
    ),
    "mcp": ("gpt4video mcp", "gpt4video mcp --http 127.0.0.1:8000"),
    "doctor": ("gpt4video doctor", "gpt4video doctor --policy own.yaml --json"),
}


def examples(command: str) -> str | None:
    """The last section of a command's help, where it has one; blank lines keep each example on a line of its own."""
    return "\n\n".join(("Examples:", *EXAMPLES[command])) if command in EXAMPLES else None
