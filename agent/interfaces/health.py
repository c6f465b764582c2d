"""What an installation needs in order to work, checked part by part without pulling or changing anything."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, computed_field

from ..errors import RequestInvalid, fault_of
from ..model.artifacts import REGISTRY, ArtifactStore
from ..settings import Settings
from .health_models import Note, generator, model, planner

if TYPE_CHECKING:
    from ...tools.media.decode import Backend

Status = Literal["ok", "note", "fault"]

_OLDEST = (3, 11)
_ROOM = 2_000_000_000
"""Bytes: all pinned models and a few clips."""
_WAIT = 3.0
_IMPORTED = (
    "av", "c2pa", "chromadb", "cryptography", "diffusers", "imageio_ffmpeg", "langgraph.graph", "numpy", "openvino",
    "opentimelineio", "PIL", "pyclipper", "safetensors", "scenedetect", "torch", "transformers", "xgrammar",
)  # fmt: skip
"""What brings compiled libraries, or much code: where an installation breaks, importing one of these tells."""


class Check(BaseModel):
    """What was found of one part: ``ok``, ``note`` (works, but worth knowing), or ``fault`` with its remedy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    status: Status
    message: str
    remedy: str = ""


class Health(BaseModel):
    """Every check, in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checks: list[Check]

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to put a property into the JSON
    @property
    def healthy(self) -> bool:
        """Whether nothing that is needed fails."""
        return all(check.status != "fault" for check in self.checks)


def examine(settings: Settings) -> Iterator[Check]:
    """Check part after part, each as it is asked for; the decoders are tried on a clip that is written for that."""
    parts: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("python", _python),
        ("packages", _packages),
        ("imports", _imports),
        ("home", _home),
        ("disk", _disk),
        ("media", _media),
        ("gpu", _gpu),
        ("policy", _policy),
        ("database", _database),
        ("provenance", _provenance),
    )
    for name, part in parts:
        yield _checked(name, part, settings)
    for name in REGISTRY:
        yield _checked(f"model {name}", partial(model, name), settings)
    for name, part in (("planner", planner), ("generator", generator)):
        yield _checked(name, part, settings)


def _checked(name: str, part: Callable[[Settings], str], settings: Settings) -> Check:
    try:
        return Check(name=name, status="ok", message=part(settings))
    except Note as note:
        return Check(name=name, status="note", message=str(note))
    except Exception as error:  # a part may fail in any way; the others are checked all the same
        fault = fault_of(error)
        return Check(name=name, status="fault", message=fault.message, remedy=fault.remedy)


def _python(_settings: Settings) -> str:
    if sys.version_info < _OLDEST:
        raise RequestInvalid(f"Python {platform.python_version()} is too old.", "Install Python 3.11 or newer.")
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def _packages(_settings: Settings) -> str:
    """The versions that the distribution asks for."""
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in requires("gpt4video") or []]
    plain = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = []
    for one in plain:
        try:
            found = version(one.name)
        except PackageNotFoundError:
            found = ""
        if not found or not one.specifier.contains(found, prereleases=True):
            wrong.append(f"{one.name}{one.specifier} ({found or 'missing'})")
    if wrong:
        raise RequestInvalid(
            f"Packages are missing or of another version: {', '.join(wrong)}.", "Run: pip install --upgrade gpt4video"
        )
    return f"{len(plain)} packages of the versions that are wanted"


def _imports(_settings: Settings) -> str:
    for name in _IMPORTED:
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken library fails with whatever it likes
            raise RequestInvalid(
                f"{name} cannot be imported ({type(error).__name__}: {error}).",
                f"Reinstall it: pip install --force-reinstall {name.partition('.')[0]}",
            ) from None
    return f"{len(_IMPORTED)} libraries can be imported"


def _home(settings: Settings) -> str:
    home = settings.home
    remedy = "Give it to your user, or name another folder with --home or $GPT4VIDEO_HOME."
    if home.exists():
        try:
            with tempfile.TemporaryFile(dir=home):
                return f"{home} can be written"
        except OSError as error:
            raise RequestInvalid(f"The home folder {home} cannot be written ({error.strerror}).", remedy) from None
    parent = _standing(home)
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise RequestInvalid(f"The home folder {home} cannot be made in {parent}.", remedy)
    raise Note(f"{home} is not there yet; it is made when it is needed")


def _standing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(each for each in (path, *path.parents) if each.exists())


def _disk(settings: Settings) -> str:
    told = []
    for name, path in (("home", settings.home), ("models", ArtifactStore(settings.models).root)):
        free = shutil.disk_usage(_standing(path)).free
        if free < _ROOM:
            raise RequestInvalid(
                f"Only {free / 1e9:.1f} GB are free for {name} ({path}).", f"Free {_ROOM / 1e9:.0f} GB or more there."
            )
        told.append(f"{free / 1e9:.0f} GB free for {name}")
    return ", ".join(told)


def _media(_settings: Settings) -> str:
    """Write a clip with the ffmpeg that is used, and read it with each decoder."""
    import numpy as np

    from ...tools.media.decode import sample
    from ...tools.media.ffmpeg import ffmpeg_binary
    from ...tools.media.write import write_video

    decoders: list[Backend] = ["pyav"]
    if find_spec("decord"):  # there are no wheels of it for every machine
        decoders.insert(0, "decord")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_video(clip, np.full((4, 64, 64, 3), 128, np.uint8), 8.0)
        for decoder in decoders:
            sample(clip, [0.1], backends=[decoder])
    return f"{ffmpeg_binary()} writes, {' and '.join(decoders)} read"


def _gpu(_settings: Settings) -> str:
    import torch

    if not torch.cuda.is_available():
        raise Note(f"none; torch {torch.__version__} computes on {torch.get_num_threads()} threads of the CPU")
    return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"


def _policy(settings: Settings) -> str:
    from ...policies.config import PolicyFileInvalid, load_policy

    try:
        policy = load_policy(settings.policy)
    except PolicyFileInvalid as error:
        raise RequestInvalid(
            str(error), "Mend that line, or leave the file out: the shipped policy then holds."
        ) from None
    return f"{settings.policy or 'the shipped policy'}, version {policy.version}"


def _database(settings: Settings) -> str:
    if settings.database is not None:
        from ...memory.postgres import connect, shown

        connect(settings.database, timeout=_WAIT).close()
        return f"{shown(settings.database)} answers"
    from ...memory.database import SqliteDatabase

    path = settings.home / "library" / "library.sqlite"
    if not path.exists():
        raise Note(f"{path} is not there yet; it is made when it is needed")
    database = SqliteDatabase(path, timeout=_WAIT)
    try:
        with database.read() as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    finally:
        database.close()
    if found != "ok":
        raise RequestInvalid(f"The database {path} is damaged: {found}.", "Put back a copy of the home folder.")
    return f"SQLite, {path}"


def _provenance(settings: Settings) -> str:
    from ...tools.provenance.credentials import CHAIN
    from ...tools.provenance.provenance import Provenance

    if not settings.provenance:
        raise Note("switched off: what is made carries no signed manifest")
    folder = settings.home / "provenance"
    if settings.certificate is None and settings.certificate_key is None and not folder.is_dir():
        raise Note("no certificate yet; one is made when something is signed")
    Provenance(folder, certificate=settings.certificate, key=settings.certificate_key).prepare()
    return f"signs with {settings.certificate or folder / CHAIN}"
