"""Loading a pipeline: precision, scheduler, LoRA, where it runs."""

from __future__ import annotations

import contextlib
import inspect
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..errors import BackendMissing, BadArguments, OutOfResources, ToolError
from .diffusers_families import Family
from .diffusers_folder import PipelineFolder
from .diffusers_options import LoadOptions, on_gpu, precision_of

SCHEDULERS: dict[str, str] = {
    "ddim": "DDIMScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler-a": "EulerAncestralDiscreteScheduler",
    "unipc": "UniPCMultistepScheduler",
}
"""Schedulers by name. Which of them a pipeline takes is told by its family and by diffusers' ``compatibles``."""

_OF_FLOW = {"euler": "FlowMatchEulerDiscreteScheduler"}
_OF_COGVIDEOX = {"ddim": "CogVideoXDDIMScheduler", "dpm++": "CogVideoXDPMScheduler"}
_ADAPTER = "user"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what diffusers, transformers and numpy say to developers from the user, who can do nothing about it."""
    from diffusers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)


def load(folder: PipelineFolder, family: Family, options: LoadOptions) -> Any:
    """The folder's pipeline, placed and ready.

    Raises ``BackendMissing`` when weights or LoRA cannot be loaded, ``BadArguments`` for a scheduler that the pipeline
    cannot work with, ``OutOfResources`` when memory runs out.
    """
    import torch
    from diffusers.utils import logging
    from transformers.utils import logging as transformers_logging

    logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    kind = getattr(torch, precision_of(options))
    kinds = {"default": kind, **dict.fromkeys(family.exact, torch.float32)}
    try:
        with quiet():
            given = {"motion_adapter": _motion_adapter(folder, kind)} if folder.motion_adapter else {}
            pipeline = folder.pipeline_class.from_pretrained(
                folder.path, dtype=kinds, use_safetensors=True, local_files_only=True, variant=folder.variant, **given
            )
            if options.scheduler is not None:
                pipeline.scheduler = chosen_scheduler(pipeline, options.scheduler, family)
            if options.lora is not None:
                add_lora(pipeline, options.lora, options.lora_scale)
            place(pipeline, options)
    except ToolError:
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise OutOfResources(
            f"There is not enough memory to load {folder.path.name}.", "Use offloading or a smaller model."
        ) from error
    except Exception as error:  # a broken pipeline fails in as many ways as it has parts
        raise BackendMissing(
            f"The pipeline {folder.path} cannot be loaded: {error}",
            "Download it again, whole, or update diffusers.",
        ) from error
    _spare_ftfy(folder.pipeline_class)
    return pipeline


def _motion_adapter(folder: PipelineFolder, kind: Any) -> Any:
    from diffusers import MotionAdapter

    return MotionAdapter.from_pretrained(
        folder.motion_adapter, dtype=kind, use_safetensors=True, local_files_only=True, variant=folder.variant
    )


def place(pipeline: Any, options: LoadOptions) -> None:
    """Put the pipeline where it runs, with slicing always and tiling as asked, where its VAE can."""
    vae = getattr(pipeline, "vae", None)
    for wanted, switch in ((True, "enable_slicing"), (options.tiling, "enable_tiling")):
        if wanted and hasattr(vae, switch):
            with contextlib.suppress(NotImplementedError):  # every VAE has the methods, not every one can
                getattr(vae, switch)()
    gpu = on_gpu(options)
    if gpu and options.offload == "model":
        pipeline.enable_model_cpu_offload()
    elif gpu and options.offload == "sequential":
        pipeline.enable_sequential_cpu_offload()
    else:
        pipeline.to("cuda" if gpu else "cpu")
    pipeline.set_progress_bar_config(disable=True)


def sibling(pipeline: Any, wanted: type[Any], options: LoadOptions) -> Any:
    """The same parts under another class of the family; the weights are shared, not copied.

    Not by diffusers' ``from_pipe``: that casts every part, those that must stay float32 too.
    """
    if type(pipeline) is wanted:
        return pipeline
    known = dict(pipeline.config) | pipeline.components
    with quiet():
        pipeline.remove_all_hooks()  # those of offloading belong to one pipeline
        other = wanted(**{name: known[name] for name in inspect.signature(wanted.__init__).parameters if name in known})
        place(other, options)
    _spare_ftfy(wanted)
    return other


def _spare_ftfy(pipeline: type[Any]) -> None:
    """Some pipelines call ``ftfy`` where it is not installed; theirs is done without, as the others of Wan do it."""
    module = sys.modules[pipeline.__module__]
    if hasattr(module, "is_ftfy_available") and not hasattr(module, "ftfy"):
        module.ftfy = SimpleNamespace(fix_text=str)  # type: ignore[attr-defined]


def chosen_scheduler(pipeline: Any, name: str, family: Family) -> Any:
    """A scheduler of ``SCHEDULERS`` with the configuration of the pipeline's own.

    Networks that were trained to predict a flow get the scheduler's flow form, with the same shift. ``BadArguments``
    when the pipeline cannot work with it.
    """
    import diffusers

    own = pipeline.scheduler
    flow = type(own).__name__.startswith("FlowMatch") or own.config.get("prediction_type") == "flow_prediction"
    names = SCHEDULERS | (_OF_FLOW if flow else {})
    if type(own).__name__.startswith("CogVideoX"):
        names = _OF_COGVIDEOX
    usable = {key: names[key] for key in family.schedulers if key in names}
    if not flow and names is not _OF_COGVIDEOX:
        fitting = {each.__name__ for each in own.compatibles} | {type(own).__name__}
        usable = {key: value for key, value in usable.items() if value in fitting}
    if name not in usable:
        raise BadArguments(
            f"{type(pipeline).__name__} cannot work with a scheduler {name!r}.",
            f"Choose {' or '.join(usable)}, or keep its own." if usable else "Keep its own.",
        )
    found = getattr(diffusers, usable[name])
    if not flow:
        return found.from_config(own.config)
    shift = own.config.get("flow_shift") or own.config.get("shift") or 1.0
    if usable[name] in _OF_FLOW.values():
        return found.from_config(own.config, shift=shift)
    return found(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)


def add_lora(pipeline: Any, file: Path, scale: float) -> None:
    """Put LoRA weights from a safetensors file on the pipeline's networks.

    Raises ``BackendMissing`` when there is no such file, it is no safetensors file (a pickle is never read), the
    pipeline takes no LoRA, or nothing in the file fits its networks.
    """
    state = _read_lora(file)
    if not hasattr(pipeline, "load_lora_weights"):
        raise BackendMissing(f"{type(pipeline).__name__} takes no LoRA.", "Leave the LoRA out.")
    try:
        pipeline.load_lora_weights(state, adapter_name=_ADAPTER)
        fitted = any(_ADAPTER in names for names in pipeline.get_list_adapters().values())
    except Exception as error:  # what does not fit fails as KeyError, ValueError, RuntimeError or AttributeError
        raise _unfit(file, pipeline) from error
    if not fitted:
        raise _unfit(file, pipeline)
    pipeline.set_adapters([_ADAPTER], [scale])


def _unfit(file: Path, pipeline: Any) -> BackendMissing:
    return BackendMissing(
        f"The LoRA {file.name} fits nothing in {type(pipeline).__name__}.",
        "Choose a LoRA that was trained for this very model.",
    )


def _read_lora(file: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not file.is_file():
        raise BackendMissing(f"There is no LoRA file {file}.", "Give a safetensors file.")
    if file.suffix != ".safetensors":
        raise BackendMissing(
            f"The LoRA {file.name} is no safetensors file, and a pickle can run any code when it is read.",
            "Get or convert it as safetensors.",
        )
    try:
        state: dict[str, Any] = load_file(file)
    except (OSError, SafetensorError) as error:
        raise BackendMissing(f"The LoRA {file.name} cannot be read: {error}", "Download it again.") from error
    return state
