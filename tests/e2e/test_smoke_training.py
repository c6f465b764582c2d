"""The recipe of the model that sees, in small, on drawn pictures and with the real language model and encoder."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

from gpt4video.agent.model.artifacts import ArtifactStore
from gpt4video.agent.model.gpt4video_model import load_abstractor


def test_the_smoke_recipe_runs_from_one_command(tmp_path: Path) -> None:
    store = ArtifactStore()
    models = store.folder("vision").parent
    assert store.folder("llm").parent == models
    command = [
        Path(sys.executable).parent / "gpt4video", "train", "see", "--smoke",
        "--models", models, "--out", tmp_path,
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    with (tmp_path / "log.csv").open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file) if row.get("loss")]
    assert len(losses) == 12
    assert sum(losses[-4:]) < sum(losses[:4])
    found = json.loads((tmp_path / "evaluation.json").read_text())
    assert {"bleu_4", "cider"} <= set(found["captions"])
    assert load_abstractor(tmp_path)[1].lora.targets == ("q_proj", "k_proj", "v_proj", "o_proj")
    assert (tmp_path / "loss.png").is_file()
