"""Manifests: signed into every format, carried along a chain, and worth nothing once a byte is changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from gpt4video.tools.errors import MediaBroken, MediaMissing, MediaRejected, SigningFailed
from gpt4video.tools.media.decode import sample
from gpt4video.tools.media.probe import probe
from gpt4video.tools.provenance import library
from gpt4video.tools.provenance.manifest import Ingredient, actions, prompt_hash
from gpt4video.tools.provenance.provenance import Provenance
from gpt4video.tools.provenance.report import report_of
from media_factory import index_clip, read_indices
from PIL import Image

PROMPT = "a fox that nobody may know of"
MakeFile = Callable[[str], Path]


@pytest.fixture
def provenance(tmp_path: Path) -> Provenance:
    return Provenance(tmp_path / "home" / "provenance")


@pytest.fixture
def make(tmp_path: Path) -> MakeFile:
    def draw(name: str) -> Path:
        path = tmp_path / name
        if path.suffix == ".png":
            Image.new("RGB", (32, 24), (200, 30, 30)).save(path)
            return path
        return index_clip(path)

    return draw


def generated(provenance: Provenance, path: Path) -> Path:
    notes = provenance.sign(
        path, action="generate", model="drawn@1", prompt=PROMPT, arguments={"prompt": PROMPT, "seed": 7, "like": "$1"}
    )
    assert notes == []
    return path


def trimmed(provenance: Provenance, path: Path, *parents: Path) -> list[str]:
    return provenance.sign(
        path,
        action="trim+text",
        ingredients=[Ingredient(parent, f"clip {parent.stem}") for parent in parents],
        arguments={
            "operations": [
                {"op": "trim", "start": {"fraction": 0.0, "offset": 1.0}},
                {"op": "text", "text": "a person's words", "position": "top"},
            ]
        },
    )


def flipped(path: Path, at: int) -> Path:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    changed = path.with_name(f"changed-{path.name}")
    changed.write_bytes(data)
    return changed


@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif", "frame.png"])
def test_every_format_that_is_made_here_is_signed(provenance: Provenance, make: MakeFile, name: str) -> None:
    path = generated(provenance, make(name))
    report = provenance.read(path)
    assert report.status == "valid"
    assert report.signer.startswith("GPT4Video installation")
    (action,) = report.manifests[report.active].actions
    assert (action.name, action.source_type) == ("c2pa.created", "trainedAlgorithmicMedia")
    assert (action.model, action.prompt_sha256) == ("drawn@1", prompt_hash(PROMPT))
    assert action.arguments == {"seed": 7}
    assert action.software.startswith("GPT4Video ")
    assert PROMPT.encode() not in path.read_bytes()
    assert [left.name for left in path.parent.iterdir() if left.is_file()] == [name], "nothing is left beside it"


def test_a_signed_clip_is_the_same_clip(provenance: Provenance, make: MakeFile) -> None:
    path = generated(provenance, make("clip.mp4"))
    assert probe(path).frames == 30
    assert read_indices(sample(path, count=30).images) == [*range(30)]


def test_the_chain_is_kept_over_two_edits(provenance: Provenance, make: MakeFile) -> None:
    first, second, third = (make(name) for name in ("one.mp4", "two.mp4", "three.mp4"))
    generated(provenance, first)
    assert trimmed(provenance, second, first) == []
    assert trimmed(provenance, third, second) == []
    first.unlink()
    second.unlink()
    report = provenance.read(third)
    assert report.status == "valid"
    manifest = report.manifests[report.active]
    names = [action.name for action in manifest.actions]
    assert names == ["c2pa.opened", "c2pa.trimmed", "c2pa.addedText"]
    assert manifest.actions[1].arguments == {"start": {"fraction": 0.0, "offset": 1.0}}
    assert manifest.actions[2].arguments == {"position": "top"}
    told = []
    while manifest.ingredients:
        (ingredient,) = manifest.ingredients
        told.append((ingredient.title, ingredient.relationship, ingredient.status))
        manifest = report.manifests[ingredient.manifest]
    assert told == [("clip two", "parentOf", "valid"), ("clip one", "parentOf", "valid")]
    assert manifest.actions[0].name == "c2pa.created"
    assert b"a person's words" not in third.read_bytes()


def test_clips_that_are_joined_are_ingredients_with_or_without_a_manifest(
    provenance: Provenance, make: MakeFile
) -> None:
    joined = make("joined.mp4")
    assert trimmed(provenance, joined, generated(provenance, make("signed.mp4")), make("bare.mkv")) == []
    report = provenance.read(joined)
    found = {each.title: (each.relationship, each.status) for each in report.manifests[report.active].ingredients}
    assert found == {"clip signed": ("parentOf", "valid"), "clip bare": ("componentOf", "none")}


def test_a_clip_made_like_another_names_it_as_input(provenance: Provenance, make: MakeFile) -> None:
    like, path = make("like.mp4"), make("made.mp4")
    provenance.sign(path, action="generate", ingredients=[Ingredient(like, "clip like")], model="m", prompt=PROMPT)
    report = provenance.read(path)
    assert [each.relationship for each in report.manifests[report.active].ingredients] == ["inputTo"]
    assert report.status == "valid"


def test_a_changed_picture_is_told(provenance: Provenance, make: MakeFile) -> None:
    path = generated(provenance, make("clip.mp4"))
    data = path.read_bytes()
    for at in (data.index(b"mdat") + 60, data.index(b"moov") + 60):
        report = provenance.read(flipped(path, at))
        assert report.status == "tampered"
        assert "assertion.bmffHash.mismatch" in report.codes


@pytest.mark.parametrize(("name", "at"), [("clip.gif", -40), ("frame.png", -20)])
def test_a_changed_gif_or_png_is_told(provenance: Provenance, make: MakeFile, name: str, at: int) -> None:
    assert provenance.read(flipped(generated(provenance, make(name)), at)).status == "tampered"


@pytest.mark.parametrize("what", [b"c2pa.created", b"org.gpt4video.model", b"GPT4Video installation"])
def test_a_changed_manifest_is_told(provenance: Provenance, make: MakeFile, what: bytes) -> None:
    path = generated(provenance, make("clip.mp4"))
    changed = flipped(path, path.read_bytes().rindex(what) + 6)
    assert provenance.read(changed).status == "tampered"


def test_a_changed_manifest_of_an_ingredient_is_told(provenance: Provenance, make: MakeFile) -> None:
    path = make("edited.mp4")
    trimmed(provenance, path, generated(provenance, make("clip.mp4")))
    report = provenance.read(flipped(path, path.read_bytes().index(b"c2pa.created") + 6))
    assert report.status == "tampered"
    assert "ingredient.manifest.mismatch" in report.codes


def test_an_edit_of_a_tampered_clip_says_that_it_was(provenance: Provenance, make: MakeFile) -> None:
    signed = generated(provenance, make("clip.mp4"))
    changed = flipped(signed, signed.read_bytes().index(b"mdat") + 60)
    path = make("edited.mp4")
    trimmed(provenance, path, changed)
    report = provenance.read(path)
    assert report.status == "valid", "what is said of it is true"
    assert [each.status for each in report.manifests[report.active].ingredients] == ["tampered"]


def test_an_ingredient_whose_manifest_is_garbage_does_not_stop_the_work(provenance: Provenance, make: MakeFile) -> None:
    signed = generated(provenance, make("clip.mp4"))
    broken = flipped(signed, signed.read_bytes().rindex(b"GPT4Video installation") - 60)
    data = bytearray(broken.read_bytes())
    at = data.rindex(b"c2pa.signature")
    data[at + 60 : at + 700] = bytes(640)
    broken.write_bytes(data)
    path = make("edited.mp4")
    notes = trimmed(provenance, path, broken)
    assert len(notes) == 1
    assert "damaged" in notes[0]
    assert provenance.read(path).status == "valid"
    assert provenance.read(broken).status == "tampered"


def test_a_file_without_a_manifest_has_none(provenance: Provenance, make: MakeFile, tmp_path: Path) -> None:
    for name in ("clip.mp4", "clip.gif", "frame.png", "clip.mkv"):
        report = provenance.read(make(name))
        assert (report.status, report.manifests, report.signer) == ("none", {}, "")
    assert not (tmp_path / "home").exists(), "reading makes no certificate"


def test_files_that_cannot_be_read_are_typed_errors(provenance: Provenance, make: MakeFile, tmp_path: Path) -> None:
    cut = generated(provenance, make("clip.mp4"))
    cut.write_bytes(cut.read_bytes()[:-400])
    (tmp_path / "notes.mp4").write_text("no video at all")
    for path, error in (
        (tmp_path / "missing.mp4", MediaMissing),
        (tmp_path, MediaMissing),
        (tmp_path / "notes.mp4", MediaRejected),
        (cut, MediaBroken),
    ):
        with pytest.raises(error) as caught:
            provenance.read(path)
        assert caught.value.remedy


def test_a_format_without_room_for_a_manifest_is_left_alone_with_a_note(provenance: Provenance, make: MakeFile) -> None:
    path = make("clip.mkv")
    before = path.read_bytes()
    (note,) = provenance.sign(path, action="trim")
    assert "matroska" in note
    assert path.read_bytes() == before


def test_a_failed_signature_leaves_the_file(
    provenance: Provenance, make: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make("clip.mp4")
    before = path.read_bytes()
    monkeypatch.setattr(library, "SPARE_BYTES", -1)  # as on a full disk: the child may not write so much
    with pytest.raises(SigningFailed, match="free space"):
        provenance.sign(path, action="generate")
    assert path.read_bytes() == before
    assert not [left for left in path.parent.iterdir() if left.name.endswith(".part")]


def test_the_child_has_no_network(tmp_path: Path) -> None:
    code = (
        "import socket; from gpt4video.tools.media.confine import confine; confine(1 << 32, 1 << 20)\n"
        "try:\n    socket.socket()\nexcept PermissionError:\n    print('refused')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "refused" or sys.platform != "linux"


def test_a_strangers_manifest_store_of_any_shape_is_data() -> None:
    assertions = [{"label": "c2pa.actions", "data": data} for data in ([1], {"actions": 3}, None)]
    odd = {
        "active_manifest": "a",
        "manifests": {
            "a": {
                "assertions": assertions,
                "ingredients": [{"title": "evil\x1b[2J", "active_manifest": "a"}, "text"],
                "claim_generator_info": "text",
            },
            "b": None,
        },
        "validation_results": [],
        "validation_state": "Invalid",
    }
    report = report_of(json.loads(json.dumps(odd)))
    assert report.status == "invalid"
    assert report.manifests["a"].ingredients[0].title == "evil�[2J"


@pytest.mark.parametrize(
    ("state", "own", "inherited", "status"),
    [
        ("Trusted", [], [], "valid"),
        ("Valid", ["signingCredential.untrusted"], ["signingCredential.untrusted"], "untrusted"),
        ("Valid", [], [], "untrusted"),
        ("Invalid", ["signingCredential.expired"], [], "invalid"),
        ("Invalid", ["claimSignature.outsideValidity", "signingCredential.untrusted"], [], "invalid"),
        ("Invalid", ["signingCredential.untrusted", "assertion.dataHash.mismatch"], [], "tampered"),
        ("Invalid", [], ["ingredient.manifest.mismatch"], "tampered"),
        ("Invalid", [], [], "invalid"),
        ("", [], [], "invalid"),
        ("Splendid", [], [], "invalid"),
    ],
)
def test_the_verdict_is_never_better_than_the_librarys(
    state: str, own: list[str], inherited: list[str], status: str
) -> None:
    store = {
        "validation_state": state,
        "validation_results": {
            "activeManifest": {"failure": [{"code": code} for code in own]},
            "ingredientDeltas": [{"validationDeltas": {"failure": [{"code": code} for code in inherited]}}],
        },
    }
    assert report_of(store).status == status


def test_only_numbers_and_fixed_words_of_arguments_are_told() -> None:
    (made,) = actions("generate", 0, arguments={"prompt": PROMPT, "seconds": 2.0, "style": ["a", "b"], "like": None})
    assert made["parameters"]["org.gpt4video.arguments"] == {"seconds": 2.0}
    assert PROMPT not in str(made)


def test_copies_keep_their_manifest(provenance: Provenance, make: MakeFile, tmp_path: Path) -> None:
    path = generated(provenance, make("clip.mp4"))
    name = tmp_path / os.fsdecode(b"odd \xff name.bin")
    shutil.copyfile(path, name)
    assert provenance.read(name).status == "valid", "the name says nothing"
