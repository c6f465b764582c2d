"""Fixed networks on the processor, run by OpenVINO: it takes bfloat16 where the processor multiplies it natively.

Measured on one core with such instructions, milliseconds: a frame through EfficientNet-Lite0 3.9 (torch 11 to 17), the
text detector on 736 x 416 pixels 28 (onnxruntime 79), a line of text 3.5 to 8 (onnxruntime 10 to 36). In float32 it is
still 1.3 to 1.5 times as fast as either.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from openvino import Model

Floats = NDArray[np.float32]


class Network:
    """A compiled network; may be called from several threads at once.

    Args:
        model: an ONNX file, or a graph.
        threads: how many a call uses; 0 takes half of the cores, because decoding and judging run beside it.
        exact: float32 throughout, whatever the processor has.

    Raises:
        RuntimeError: the file is no network. No file at all raises it too.
    """

    def __init__(self, model: Path | Model, threads: int = 0, *, exact: bool = False) -> None:
        import openvino

        core = openvino.Core()
        # Only reading and compiling: the conversion tools of the same package report their use to their maker.
        graph = core.read_model(model) if isinstance(model, Path) else model
        self.about = _about(graph)
        self._compiled = core.compile_model(
            graph,
            "CPU",
            {
                **({"INFERENCE_PRECISION_HINT": "f32"} if exact else {}),
                "INFERENCE_NUM_THREADS": threads or max(1, (os.cpu_count() or 1) // 2),
                # Several networks run side by side: pinned, they would all sit on the first core.
                "ENABLE_CPU_PINNING": False,
            },
        )
        self._requests = threading.local()

    def __call__(self, x: NDArray[Any]) -> list[Floats]:
        """The outputs for the one input."""
        request = getattr(self._requests, "one", None)
        if request is None:
            request = self._requests.one = self._compiled.create_infer_request()
        return [np.asarray(output, np.float32) for output in request.infer([x]).values()]


def _about(graph: Model) -> dict[str, str]:
    """What the file says of itself: the metadata of an ONNX file, by name."""
    try:
        return {str(key): str(value) for key, value in graph.get_rt_info("framework").value.items()}
    except RuntimeError:  # it says nothing
        return {}
