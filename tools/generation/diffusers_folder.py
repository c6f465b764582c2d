"""A diffusers pipeline's folder, read before anything of it is loaded: what it is, whether it is whole and safe."""

from __future__ import annotations

import inspect
import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import BackendMissing
from .base import Capabilities

_LIBRARIES = ("diffusers", "transformers")
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}
_NO_WEIGHTS = ("scheduler", "tokenizer", "feature_extractor", "image_processor", "processor")
_LENGTHS = {"num_frames", "video_length", "frames"}
# Still-picture pipelines that become video pipelines with a motion adapter.
_ANIMATED = {"StableDiffusionPipeline": "AnimateDiffPipeline", "StableDiffusionXLPipeline": "AnimateDiffSDXLPipeline"}
_SHARD = re.compile(r"-\d{5}-of-\d{5}")


class PipelineFolder:
    """A folder that ``save_pretrained`` wrote.

    Args:
        path: the folder.
        motion_adapter: folder of an AnimateDiff motion adapter, which makes a still-picture pipeline one for video.

    Every attribute raises ``BackendMissing`` when the folder does not hold what it should.
    """

    def __init__(self, path: Path, motion_adapter: Path | None = None) -> None:
        self.path, self.motion_adapter = path, motion_adapter

    @cached_property
    def index(self) -> dict[str, Any]:
        """``model_index.json``."""
        if not self.path.is_dir():
            raise BackendMissing(
                f"There is no pipeline folder {self.path}.", "Give a folder saved by diffusers or a hub id."
            )
        path = self.path / "model_index.json"
        if not path.is_file():
            raise BackendMissing(
                f"{self.path} holds no model_index.json, so it is no diffusers pipeline.",
                "Give the folder that save_pretrained wrote; single files must be converted first.",
            )
        index = _read_json(path)
        if "_class_name" not in index:
            raise BackendMissing(f"{path} names no pipeline class.", "Download the pipeline again.")
        return index

    @cached_property
    def pipeline_class(self) -> type[Any]:
        """The class that the index names, if diffusers has it, no code comes with it, and it makes video."""
        name = self.index["_class_name"]
        if not isinstance(name, str):  # a list names a file of code that comes with the weights
            raise BackendMissing("The pipeline brings its own code, which is not run here.", "Choose another pipeline.")
        if self.motion_adapter is not None:
            name = _ANIMATED.get(name, name)
        found = class_named(name)
        if not parameters(found) & (_LENGTHS | {"video"}):
            hint = " or give a motion adapter" if name in _ANIMATED else ""
            raise BackendMissing(f"{name} makes pictures, not video.", f"Choose a video pipeline{hint}.")
        return found

    @property
    def denoiser(self) -> str:
        """The part that works in every step."""
        return "transformer" if self.has("transformer") else "unet"

    def has(self, part: str) -> bool:
        """Whether the pipeline has that part; optional ones may be left out."""
        entry = self.index.get(part)
        return isinstance(entry, list) and bool(entry) and entry[0] is not None

    def parts(self) -> dict[str, Path]:
        """Folders of the parts that have weights and that the pipeline class will load."""
        found = {part: self.path / part for part in self.index if self.has(part) and part in self._expected}
        weighty = {part: path for part, path in found.items() if not part.startswith(_NO_WEIGHTS)}
        return weighty | ({"motion_adapter": self.motion_adapter} if self.motion_adapter else {})

    @cached_property
    def _expected(self) -> set[str]:
        return set(inspect.signature(self.pipeline_class.__init__).parameters)

    def config(self, part: str) -> dict[str, Any]:
        """A part's configuration, with what older files leave out at its class's defaults; {} where it has none."""
        folder = self.parts().get(part, self.path / part)
        path = folder / "config.json"
        if not path.is_file():
            return {}
        config = _read_json(path)
        return _defaults(config.get("_class_name", "")) | config

    def weight_files(self, part: str) -> list[Path]:
        """The safetensors of a part that will be loaded: those of one variant."""
        files = sorted(self.parts()[part].glob("*.safetensors"))
        return [file for file in files if _variant(file) == self.variant]

    @cached_property
    def variant(self) -> str | None:
        """The variant to load (``fp16``): None unless some part has no other weights."""
        wanted = {_variant(file) for path in self.parts().values() if (file := _preferred(path)) is not None}
        named = sorted(name for name in wanted if name)
        return named[0] if named and None not in wanted else None

    def check(self) -> None:
        """Raise ``BackendMissing`` unless every part is there, whole, of diffusers or transformers, and safetensors."""
        for part, entry in self.index.items():
            if part.startswith("_") or not isinstance(entry, list) or not self.has(part):
                continue
            if part == "motion_adapter" and self.motion_adapter:
                continue
            if entry[0] not in _LIBRARIES and not _is_pipeline_module(entry[0]):
                raise BackendMissing(
                    f"The pipeline's part {part!r} needs code from {entry[0]!r}, which is not run here.",
                    "Only parts of diffusers and transformers are loaded; choose another pipeline.",
                )
            if not part.isidentifier():  # "../elsewhere" would leave the folder
                raise BackendMissing(f"The pipeline's part {part!r} has no proper name.", "Choose another pipeline.")
            if part in self._expected:
                _check_part(self.path / part, part)
        if self.motion_adapter is not None:
            _check_part(self.motion_adapter, "motion_adapter")
        elif "motion_adapter" in self._expected:
            self._check_motion()

    def _check_motion(self) -> None:
        if not self.has("motion_adapter") and self.config("unet").get("_class_name") != "UNetMotionModel":
            raise BackendMissing(
                f"{self.pipeline_class.__name__} needs a motion adapter, and the folder holds none.",
                "Give the folder of a motion adapter for this model.",
            )


def class_named(name: str) -> type[Any]:
    """A pipeline class of diffusers; ``BackendMissing`` when it has none of that name."""
    import diffusers

    found = getattr(diffusers, name, None) if name.isidentifier() else None
    if not (inspect.isclass(found) and issubclass(found, diffusers.DiffusionPipeline)):
        raise BackendMissing(
            f"Diffusers {diffusers.__version__} has no pipeline class {name!r}.", "Update diffusers or choose another."
        )
    return found


def parameters(pipeline: type[Any]) -> set[str]:
    """Names of what the pipeline's call takes."""
    return set(inspect.signature(pipeline.__call__).parameters)


def capabilities_of(pipeline: type[Any]) -> Capabilities:
    """What a pipeline can start from, told from its call's signature rather than from its name.

    A call that takes a clip but no length is video-to-video; one that takes a picture and no clip needs that picture.
    """
    takes = parameters(pipeline)
    needs_video = "video" in takes and not takes & _LENGTHS
    needs_image = "image" in takes and "video" not in takes
    return Capabilities(
        text="prompt" in takes and not needs_video and not needs_image, image="image" in takes, video="video" in takes
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackendMissing(f"{path} cannot be read: {error}", "Download the pipeline again.") from error
    if not isinstance(content, dict):
        raise BackendMissing(f"{path} is no configuration.", "Download the pipeline again.")
    return content


def _defaults(class_name: object) -> dict[str, Any]:
    import diffusers

    found = getattr(diffusers, class_name, None) if isinstance(class_name, str) and class_name.isidentifier() else None
    if not inspect.isclass(found):
        return {}
    taken = inspect.signature(found.__init__).parameters.values()
    return {each.name: each.default for each in taken if each.default is not inspect.Parameter.empty}


def _variant(file: Path) -> str | None:
    """``fp16`` of ``model.fp16.safetensors`` and of ``model.fp16-00001-of-00002.safetensors``; None without one."""
    return _SHARD.sub("", file.name.removesuffix(".safetensors")).partition(".")[2] or None


def _preferred(folder: Path) -> Path | None:
    files = sorted(folder.glob("*.safetensors"), key=lambda file: (_variant(file) is not None, file.name))
    return files[0] if files else None


def _is_pipeline_module(library: object) -> bool:
    from diffusers import pipelines

    return isinstance(library, str) and library.isidentifier() and hasattr(pipelines, library)


def _check_part(folder: Path, part: str) -> None:
    files = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not files:
        raise BackendMissing(f"The pipeline's part {part!r} is missing.", "Download the pipeline again, whole.")
    if part.startswith(_NO_WEIGHTS):
        return
    if "config.json" in files and "auto_map" in _read_json(folder / "config.json"):
        raise BackendMissing(f"The part {part!r} brings its own code, which is not run here.", "Choose another.")
    for name in (name for name in files if name.endswith(".safetensors.index.json")):
        missing = sorted({str(each) for each in _read_json(folder / name).get("weight_map", {}).values()} - files)
        if missing:
            raise BackendMissing(f"The part {part!r} lacks {missing[0]}.", "Download the pipeline again, whole.")
    if any(name.endswith(".safetensors") for name in files):
        return
    if any(Path(name).suffix in _PICKLES for name in files):
        raise BackendMissing(
            f"The weights of {part!r} are pickled, and a pickle can run any code when it is read.",
            "Get the safetensors version of this pipeline.",
        )
    raise BackendMissing(f"The weights of {part!r} are missing.", "Download the pipeline again, whole.")
