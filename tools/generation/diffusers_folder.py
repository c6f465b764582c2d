"""Checks a diffusers pipeline before anything of it is loaded: what it is, whether it is whole, whether it is safe."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from ..errors import BackendMissing
from .base import Capabilities

_LIBRARIES = ("diffusers", "transformers")
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}
_NO_WEIGHTS = ("scheduler", "tokenizer", "feature_extractor", "image_processor", "processor")


def read_index(folder: Path) -> dict[str, Any]:
    """``model_index.json`` of a pipeline folder; ``BackendMissing`` when there is none or it is no such index."""
    if not folder.is_dir():
        raise BackendMissing(f"There is no pipeline folder {folder}.", "Give a folder saved by diffusers or a hub id.")
    path = folder / "model_index.json"
    if not path.is_file():
        raise BackendMissing(
            f"{folder} holds no model_index.json, so it is no diffusers pipeline.",
            "Give the folder that save_pretrained wrote; single files must be converted first.",
        )
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackendMissing(f"{path} cannot be read: {error}", "Download the pipeline again.") from error
    if not isinstance(index, dict) or "_class_name" not in index:
        raise BackendMissing(f"{path} names no pipeline class.", "Download the pipeline again.")
    return index


def check_components(folder: Path, index: dict[str, Any]) -> None:
    """Raise ``BackendMissing`` unless every part is there, is diffusers' or transformers', and has safetensors."""
    for part, entry in index.items():
        if part.startswith("_") or not isinstance(entry, list):
            continue
        library = entry[0] if entry else None
        if library is None:
            continue
        if library not in _LIBRARIES and not _is_pipeline_module(library):
            raise BackendMissing(
                f"The pipeline's part {part!r} needs code from {library!r}, which is not run here.",
                "Only parts of diffusers and transformers are loaded; choose another pipeline.",
            )
        _check_part(folder / part, part)


def _is_pipeline_module(library: object) -> bool:
    from diffusers import pipelines

    return isinstance(library, str) and library.isidentifier() and hasattr(pipelines, library)


def _check_part(folder: Path, part: str) -> None:
    files = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not files:
        raise BackendMissing(f"The pipeline's part {part!r} is missing.", "Download the pipeline again, whole.")
    if part.startswith(_NO_WEIGHTS):
        return
    if any(name.endswith(".safetensors") for name in files):
        return
    if any(Path(name).suffix in _PICKLES for name in files):
        raise BackendMissing(
            f"The weights of {part!r} are pickled, and a pickle can run any code when it is read.",
            "Get the safetensors version of this pipeline.",
        )
    raise BackendMissing(f"The weights of {part!r} are missing.", "Download the pipeline again, whole.")


def pipeline_class(index: dict[str, Any]) -> type[Any]:
    """The class that the index names, if diffusers has it and it makes video; else ``BackendMissing``."""
    import diffusers

    name = index["_class_name"]
    if not isinstance(name, str):  # a list names a file of code that comes with the weights
        raise BackendMissing("The pipeline brings its own code, which is not run here.", "Choose another pipeline.")
    found = getattr(diffusers, name, None) if name.isidentifier() else None
    if not (inspect.isclass(found) and issubclass(found, diffusers.DiffusionPipeline)):
        raise BackendMissing(
            f"Diffusers {diffusers.__version__} has no pipeline class {name!r}.", "Update diffusers or choose another."
        )
    if not parameters(found) & {"num_frames", "video_length", "frames", "video"}:
        raise BackendMissing(f"{name} makes pictures, not video.", "Choose a video pipeline.")
    return found


def parameters(pipeline: type[Any]) -> set[str]:
    """Names of what the pipeline's call takes."""
    return set(inspect.signature(pipeline.__call__).parameters)


def capabilities_of(pipeline: type[Any]) -> Capabilities:
    """What a pipeline can start from, told from its call's signature rather than from its name.

    A call that takes a clip but no length is video-to-video; one that takes a picture and no clip needs that picture.
    """
    takes = parameters(pipeline)
    sizes_itself = bool(takes & {"num_frames", "video_length", "frames"})
    needs_video = "video" in takes and not sizes_itself
    needs_image = "image" in takes and "video" not in takes
    return Capabilities(
        text="prompt" in takes and not needs_video and not needs_image,
        image="image" in takes,
        video="video" in takes,
    )


def weight_bytes(folder: Path) -> int:
    """Size of all safetensors files of a pipeline."""
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
