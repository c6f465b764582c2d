"""Recipe: both parts of the brain from one data folder: the model that sees, then the planner.

``gpt4video train all --data DIR --models DIR --out OUT --device cuda --minutes 15``

``--data`` holds ``captions/flickr8k`` (see :mod:`.see_data`), ``captions/coco_captions_30k.txt``, ``wording/`` and
``safety/`` (see :mod:`.planner_data`). Writes ``OUT/see`` and ``OUT/planner``, in the form of
``agent/model/weights/``. Each part can be run alone, with more options: ``gpt4video train see`` and ``train plan``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import planner, see

_SMALL = ["--batch", "16", "--variants", "4", "--moves", "700", "--warm-minutes", "14", "--restrict-head"]
"""What a machine without a GPU adds to the recipe of the model that sees."""


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="gpt4video train all", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--models", type=Path, required=True, help="folder with llm/ and vision/ (the pinned files)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--minutes", type=float, required=True, help="wall time in all; half of it for each part")
    options = parser.parse_args(arguments)
    common = ["--models", str(options.models), "--device", options.device, "--minutes", str(options.minutes / 2)]
    small = _SMALL if options.device == "cpu" else []
    see.main(
        ["--data", str(options.data / "captions" / "flickr8k"), "--out", str(options.out / "see"), *common, *small]
    )
    planner.main(["--data", str(options.data), "--out", str(options.out / "planner"), *common])


if __name__ == "__main__":
    main()
