"""The errors a tool may raise, by who can do something about them.

::

    ToolError
    |-- BadArguments        the model may retry: the plan step asked for something impossible
    |-- MediaMissing        the user must act: there is no such file
    |-- MediaRejected       the user must act: not a video we open (playlist, script, over the limits)
    |-- MediaBroken         the user must act: a video, but damaged beyond use
    |-- LutUnusable         the user must act: a colour table that is damaged, too large or no such table
    |-- RenderFailed        the user must act: ffmpeg could not write the result (disk full, killed)
    |-- BackendMissing      the user must act: a model or library is not there
    |-- GenerationFailed    the model may retry: the backend failed on this request
    |-- OutOfResources      the user must act: memory, time or disk ran out
    |-- SigningFailed       the user must act: the provenance manifest could not be put into the file
    |-- CertificateUnusable the user must act: the signing certificate or its key cannot be used
    `-- Cancelled           nobody must act: the user stopped it
"""

from __future__ import annotations

from typing import ClassVar, Literal

Audience = Literal["model", "user", "developer"]


class ToolError(Exception):
    """A fault that has a name, a message that states it and a remedy.

    Attributes:
        code: stable identifier for programs.
        audience: who can act on it; ``model`` means that replanning may help.
        message: the fault, one sentence.
        remedy: what to do about it, one sentence.
    """

    code: ClassVar[str] = "tool_error"
    audience: ClassVar[Audience] = "developer"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


class BadArguments(ToolError):
    """The step's arguments cannot be carried out on this clip."""

    code = "bad_arguments"
    audience = "model"


class MediaMissing(ToolError):
    """There is no file to read."""

    code = "media_missing"
    audience = "user"


class MediaRejected(ToolError):
    """The file is not a video that is opened here: wrong container, a script, or over the limits."""

    code = "media_rejected"
    audience = "user"


class MediaBroken(ToolError):
    """The file is a video, but too damaged to use."""

    code = "media_broken"
    audience = "user"


class LutUnusable(ToolError):
    """The file of a colour table (LUT) cannot be used."""

    code = "lut_unusable"
    audience = "user"


class RenderFailed(ToolError):
    """The result could not be written."""

    code = "render_failed"
    audience = "user"


class BackendMissing(ToolError):
    """A model or an optional library that the step needs is not available."""

    code = "backend_missing"
    audience = "user"


class GenerationFailed(ToolError):
    """The generator could not make a video from this request."""

    code = "generation_failed"
    audience = "model"


class OutOfResources(ToolError):
    """Memory, time or disk ran out."""

    code = "out_of_resources"
    audience = "user"


class SigningFailed(ToolError):
    """The provenance manifest could not be put into the file."""

    code = "signing_failed"
    audience = "user"


class CertificateUnusable(ToolError):
    """The certificate that files are signed with, or its private key, cannot be used."""

    code = "certificate_unusable"
    audience = "user"


class Cancelled(ToolError):
    """The user stopped the step."""

    code = "cancelled"
    audience = "user"
