"""Any video pipeline of diffusers behind the ``Generator`` protocol, chosen by what its call takes, not by its name."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import BackendMissing, GenerationFailed, OutOfResources, ToolError
from .base import (
    Capabilities,
    Estimate,
    GeneratedFrames,
    GenerationRequest,
    Progress,
    check_capabilities,
    no_progress,
)
from .diffusers_call import Pulse, as_frames, call_arguments, step_callbacks
from .diffusers_families import Family, Mode, classes_by_mode, family_of
from .diffusers_folder import PipelineFolder
from .diffusers_load import load, quiet, sibling
from .diffusers_memory import Weights, activation_bytes, demand, estimate, tokens_of, weights_of
from .diffusers_options import LoadOptions, precision_of
from .diffusers_shape import Geometry, Shape, geometry_of, shape_of

__all__ = ["DiffusersGenerator", "LoadOptions", "as_frames"]

_STEPS = 50


class DiffusersGenerator:
    """A pipeline folder, or a hub id that diffusers downloads.

    One folder serves whatever diffusers has a class for that runs on its parts: a text-to-video Wan makes clips like
    a clip too, an LTX also starts from a picture.

    Args:
        where: folder saved by ``save_pretrained``, or a hub id such as ``Wan-AI/Wan2.1-T2V-1.3B-Diffusers``.
        options: how to load it.

    Only safetensors are read, and no code that comes with weights is run.
    """

    def __init__(self, where: str | Path, options: LoadOptions | None = None) -> None:
        self._where, self._options = str(where), options or LoadOptions()
        self._lock = threading.Lock()
        self._rate: float | None = None  # seconds a step and token, of the last clip

    @classmethod
    def of(cls, text: str) -> DiffusersGenerator:
        """From ``DIR_OR_HUB_ID``, with options as in a URL: ``models/wan?offload=model&lora=style.safetensors``.

        Raises ``BadArguments`` for options that do not exist or make no sense.
        """
        where, _, query = text.partition("?")
        return cls(where, LoadOptions.parse(query))

    @property
    def name(self) -> str:
        """``diffusers:``, the folder or hub id with its revision, and the options that change what is made."""
        label, revision = self._options.label, self._options.revision
        return f"diffusers:{self._where}" + (f"@{revision}" if revision else "") + (f"+{label}" if label else "")

    @cached_property
    def capabilities(self) -> Capabilities:
        """Read from the signatures of the classes that can run the folder's parts."""
        modes, longest = self._modes, self._geometry.max_frames
        return Capabilities(
            text="text" in modes,
            image="image" in modes,
            video="video" in modes,
            max_seconds=longest / self._family.fps if longest else None,
        )

    @cached_property
    def _folder(self) -> PipelineFolder:
        """The pipeline's folder, downloaded when a hub id was given: configuration and safetensors only."""
        path = Path(self._where)
        if not (path.exists() or path.is_absolute() or self._where.count("/") != 1):
            from huggingface_hub import snapshot_download

            try:
                wanted = ["*.json", "*.txt", "*.model", "*.safetensors"]
                path = Path(snapshot_download(self._where, revision=self._options.revision, allow_patterns=wanted))
            except Exception as error:  # whatever hub and network raise: there is no common base
                raise BackendMissing(
                    f"The pipeline {self._where} is neither a folder nor to be had from the hub: {error}",
                    "Check the name and the network, or download it by hand and give the folder.",
                ) from error
        return PipelineFolder(path, self._options.motion_adapter)

    @cached_property
    def _family(self) -> Family:
        return family_of(self._folder.pipeline_class.__name__)

    @cached_property
    def _modes(self) -> dict[Mode, type[Any]]:
        self._folder.check()
        return classes_by_mode(self._folder)

    @cached_property
    def _geometry(self) -> Geometry:
        return geometry_of(self._folder, self._folder.pipeline_class, self._family)

    @cached_property
    def _weights(self) -> dict[str, Weights]:
        self._folder.check()
        weights = weights_of(self._folder, precision_of(self._options), self._family)
        lora = self._options.lora
        if lora is not None and lora.is_file():
            weights["lora"] = Weights(lora.stat().st_size, 0)
        return weights

    @cached_property
    def _pipeline(self) -> Any:
        return load(self._folder, self._family, self._options)

    def _shape(self, request: GenerationRequest) -> tuple[Mode, Shape]:
        check_capabilities(self.name, self.capabilities, request)
        mode: Mode = "video" if request.video is not None else "image" if request.image is not None else "text"
        return mode, shape_of(request, self._geometry, self._family, mode)

    def estimate(self, request: GenerationRequest) -> Estimate:
        """What the request would take, from configuration and file headers: nothing is loaded.

        The rule is in ``diffusers_memory``. Seconds are told once a clip was made by this generator, from its speed.
        Raises ``BadArguments`` and ``BackendMissing`` as :meth:`generate` does.
        """
        _, shape = self._shape(request)
        working = activation_bytes(self._folder, self._geometry, shape, self._options, self._family)
        loaded = "_pipeline" in self.__dict__
        told = estimate(self._weights, working, shape, self._options, loaded=loaded)
        work = (request.steps or _STEPS) * tokens_of(self._geometry, shape)
        return replace(told, seconds=None if self._rate is None else self._rate * work)

    def generate(self, request: GenerationRequest, progress: Progress = no_progress) -> GeneratedFrames:
        """Run the pipeline; sizes and lengths are rounded to what it can make, which the notes say."""
        mode, shape = self._shape(request)
        with self._lock:
            demand(self.estimate(request), self.name, self._options)
            progress(0.0, "loading the model")
            pipeline = self._ready(mode)
            arguments, notes = call_arguments(pipeline, request, shape, self._options)
            began = time.monotonic()
            frames = as_frames(self._run(pipeline, arguments, request.steps, Pulse(progress)))
            work = (request.steps or _STEPS) * tokens_of(self._geometry, shape)
            self._rate = (time.monotonic() - began) / work
        progress(1.0, "done")
        if len(frames) != shape.frames:
            notes.append(f"The pipeline made {len(frames)} frames where {shape.frames} were asked of it.")
        return GeneratedFrames(frames, shape.fps, self.name, request.seed, (*shape.notes, *notes))

    def _ready(self, mode: Mode) -> Any:
        """The pipeline under the class that starts from what was given."""
        try:
            self.__dict__["_pipeline"] = sibling(self._pipeline, self._modes[mode], self._options)
        except ToolError:
            raise
        except Exception as error:  # parts of another make than their configuration says
            raise BackendMissing(
                f"The parts of {self._where} do not run as {self._modes[mode].__name__}: {error}",
                "Use a pipeline that was saved for this.",
            ) from error
        return self._pipeline

    def _run(self, pipeline: Any, arguments: dict[str, Any], steps: int | None, pulse: Pulse) -> Any:
        import torch

        try:
            with quiet(), pulse.between_layers(pipeline):
                return pipeline(**arguments, **step_callbacks(pipeline, steps, pulse)).frames
        except ToolError:
            raise  # from progress: the user stopped it
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise OutOfResources(
                f"There is not enough memory to run {self.name}.",
                "Ask for a smaller or shorter clip, or use tiling or offloading.",
            ) from error
        except Exception as error:  # pipelines raise anything from ValueError to KeyError
            raise GenerationFailed(
                f"{self.name} failed: {error}", "Try another size, length or prompt for this pipeline."
            ) from error
        finally:  # a call that was broken off has not put its parts back
            pipeline.maybe_free_model_hooks()
