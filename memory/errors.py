"""The errors of library and memory, by who can do something about them.

::

    LibraryError
    |-- ClipUnknown        the model may retry: no clip of this user has that id
    |-- ClipAmbiguous      the model may retry: a shortened id fits several clips
    |-- SourceUnreadable   the user must act: the file to take in is missing or not a plain file
    |-- StorageFailed      the user must act: disk full, no permission, file gone
    |-- StoreUnreachable   the user must act: the vector server does not answer, or refuses
    |-- LibraryBusy        the user must act: another process holds the library for too long
    |-- LibraryDamaged     the user must act: the database is not one of ours, or newer than this program
    |-- JobBusy            the user must act: the same job is running elsewhere and does not end
    |-- ModelUnusable      the user must act: embedding or projection weights are missing or wrong
    |-- FilterInvalid      the model may retry: a search filter that nothing can fulfil
    |-- ProjectUnknown     the model may retry: this user has no project of that name
    |-- ProjectInvalid     the model may retry: a project's name is empty or too long
    |-- ProjectChanged     the user must act: somebody else changed the project meanwhile
    |-- JobLost            the developer made a mistake: a job was ended by who does not hold it
    `-- NotStorable        the developer made a mistake: a value that JSON cannot hold
"""

from __future__ import annotations

from typing import ClassVar, Literal

Audience = Literal["model", "user", "developer"]


class LibraryError(Exception):
    """A fault that has a name, a message that states it and a remedy.

    Attributes:
        code: stable identifier for programs.
        audience: who can act on it; ``model`` means that replanning may help.
        message: the fault, one sentence.
        remedy: what to do about it, one sentence.
    """

    code: ClassVar[str] = "library_error"
    audience: ClassVar[Audience] = "developer"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


class ClipUnknown(LibraryError):
    """No clip of this user has that id. Another user's clip answers with exactly this."""

    code = "clip_unknown"
    audience = "model"


class ClipAmbiguous(LibraryError):
    """A shortened id fits several clips."""

    code = "clip_ambiguous"
    audience = "model"


class ProjectUnknown(LibraryError):
    """No project of this user has that name."""

    code = "project_unknown"
    audience = "model"


class ProjectInvalid(LibraryError):
    """A project cannot be called that."""

    code = "project_invalid"
    audience = "model"


class ProjectChanged(LibraryError):
    """A project's log has grown since the caller read it."""

    code = "project_changed"
    audience = "user"


class SourceUnreadable(LibraryError):
    """The file to take in is missing, unreadable or not a plain file."""

    code = "source_unreadable"
    audience = "user"


class StorageFailed(LibraryError):
    """The file system refused: full, read-only, or the file has gone."""

    code = "storage_failed"
    audience = "user"


class StoreUnreachable(LibraryError):
    """The server that holds the vectors does not answer, refuses the token, or is none."""

    code = "store_unreachable"
    audience = "user"


class LibraryBusy(LibraryError):
    """Another process holds the library's write lock for longer than we wait."""

    code = "library_busy"
    audience = "user"


class LibraryDamaged(LibraryError):
    """The database is not one of ours, is damaged, or was written by a newer version."""

    code = "library_damaged"
    audience = "user"


class JobBusy(LibraryError):
    """The same job is running in another process or thread and did not end in time."""

    code = "job_busy"
    audience = "user"


class ModelUnusable(LibraryError):
    """The weights of an embedder or of the projection are missing, or not of the expected form."""

    code = "model_unusable"
    audience = "user"


class FilterInvalid(LibraryError):
    """A filter of a search asks for what cannot be."""

    code = "filter_invalid"
    audience = "model"


class JobLost(LibraryError):
    """A job was marked done by someone who does not hold it."""

    code = "job_lost"


class NotStorable(LibraryError):
    """A value that JSON cannot hold, such as NaN or an object."""

    code = "not_storable"
