"""Take a folder of videos in, and ask about them.

    python examples/ask.py FOLDER "find the bicycle and play it backwards"

The library lies in $GPT4VIDEO_HOME, or in your data folder.
"""

from __future__ import annotations

import sys

from gpt4video.agent import VideoAgent


def main(folder: str, request: str) -> None:
    """Take in, ask, and say yes to whatever needs approval after showing it."""
    with VideoAgent() as agent:
        report = agent.ingest([folder])
        print(f"{len(report.clips)} taken in, {len(report.skipped)} known, {len(report.failed)} failed")
        answer = agent.ask(request)
        while answer.status == "waiting" and answer.approval is not None:
            print(f"needs approval: {answer.approval['reason']}; prompt: {answer.approval['prompt']}")
            answer = agent.approve()
        print(f"{answer.status}: {answer.answer}")
        for clip in answer.clips:
            print(clip["id"], clip["path"])


if __name__ == "__main__":
    main(*sys.argv[1:3])
