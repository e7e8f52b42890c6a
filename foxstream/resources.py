"""The service's other nouns: tasks, models, uploaded files, as users read them.

House rule: plain data only, like `answer`.
"""

from __future__ import annotations

import msgspec

from foxstream.answer import Completion

__all__ = ["Model", "Task", "TaskFailure", "Upload"]


class TaskFailure(msgspec.Struct, frozen=True):
    """Why a task failed, in the service's own words."""

    message: str = ""
    code: str | None = None
    type: str | None = None


class Task(msgspec.Struct, frozen=True):
    """One submitted generation (contract, sections 3 and 5).

    `status` is `"pending"`, `"processing"`, `"completed"` or `"failed"`; other spellings of the
    last two are read as these, any other word means that it still runs. `progress` is in percent,
    `created` in Unix seconds, `usage` the billing that the service reports, such as
    `credits_reserved`. `completion` is there once the service has stored results.
    """

    id: str
    status: str = "pending"
    progress: float | None = None
    model: str = ""
    created: float | None = None
    stream_url: str | None = None
    completion: Completion | None = None
    error: TaskFailure | None = None
    usage: dict[str, object] = {}

    @property
    def ended(self) -> bool:
        """Whether the service will change nothing more than fill in late results."""
        return self.status in {"completed", "failed"}


class Model(msgspec.Struct, frozen=True):
    """A model that the key may use; `capabilities is None` means that the service did not say."""

    id: str
    capabilities: tuple[str, ...] | None = None


class Upload(msgspec.Struct, frozen=True):
    """A temporary public URL (72 h) of an uploaded file; `size` in bytes, as the service says."""

    url: str
    id: str | None = None
    filename: str | None = None
    size: int | None = None
