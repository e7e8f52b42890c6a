"""What may be set of a gateway, with its defaults.

House rule: every limit that bounds memory, disk or time has its number here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypedDict

import msgspec

from foxstream.errors import InvalidInputError
from foxstream.gateway.fault_plan import Faults
from foxstream.gateway.models import MODELS, Model

__all__ = ["LOOPBACK_HOSTS", "Options", "Settings"]

MIB = 1024 * 1024
HOUR = 3600.0

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""The names by which a page in a browser cannot be tricked into meaning this machine."""


class Options(TypedDict, total=False):
    """The keyword arguments of `create_app` and `running_gateway`; see `Settings`."""

    retention: float
    task_retention: float
    upload_retention: float
    keepalive: float | None
    max_body_bytes: int
    max_upload_bytes: int
    max_storage_bytes: int
    max_answer_bytes: int
    max_kept_bytes: int
    max_pending_bytes: int
    max_tasks: int
    max_subscribers: int
    fetch_remote: bool
    fetch_private: bool
    allowed_hosts: Collection[str] | None
    models: Sequence[Model] | None
    faults: Faults | None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every option with its default; `InvalidInputError` for a number that is not above zero.

    `retention`: seconds for which the chunks of an ended task can be streamed again (contract,
    section 4). `task_retention`, `upload_retention`: seconds for which a task can be polled, an
    upload downloaded. `keepalive`: seconds of silence before a comment, `None` for never.
    `max_storage_bytes`: the uploads that are kept, and as much again of those that arrive.
    `max_answer_bytes`: the chunks of one task. `max_kept_bytes`: those of all, and as much again
    of their answers; the oldest make room. `max_pending_bytes`: the media that running tasks
    brought along in their requests. `max_tasks`: all that are remembered.
    `max_subscribers`: of one task. `fetch_remote`: whether URLs of media are fetched;
    `fetch_private`: also from addresses that are not public. `allowed_hosts`: the `Host` names
    that are answered, `None` for any. `models`: the model list, `None` for that of an engine which
    knows its own. `faults`: mishaps to play.
    """

    retention: float = 900.0
    task_retention: float = 24 * HOUR
    upload_retention: float = 72 * HOUR
    keepalive: float | None = None
    max_body_bytes: int = 64 * MIB
    max_upload_bytes: int = 512 * MIB
    max_storage_bytes: int = 4096 * MIB
    max_answer_bytes: int = 16 * MIB
    max_kept_bytes: int = 256 * MIB
    max_pending_bytes: int = 512 * MIB
    max_tasks: int = 1000
    max_subscribers: int = 1000
    fetch_remote: bool = False
    fetch_private: bool = False
    allowed_hosts: Collection[str] | None = LOOPBACK_HOSTS
    models: Sequence[Model] | None = MODELS
    faults: Faults | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, int | float) and not isinstance(value, bool) and not value > 0:
                raise InvalidInputError(f"{name} is {value!r}: a number above 0 is needed")
