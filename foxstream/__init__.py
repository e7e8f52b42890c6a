"""foxstream: token streams from FoxAPI, losing nothing on the way.

    async for delta in foxstream.stream("What is happening?", videos=["clip.mp4"]):
        print(delta.text, end="", flush=True)

Values and errors are plain data and load at once; what needs an event loop or an HTTP library
loads when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxstream._lazy import Load, Names, lazy_names
from foxstream._version import __version__
from foxstream.answer import Choice, Completion, Delta, ToolCall, ToolCallDelta, Usage
from foxstream.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    FoxError,
    InsufficientQuotaError,
    InternalServerError,
    InvalidInputError,
    MissingExtraError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    RequestTooLargeError,
    StreamDivergedError,
    StreamTruncatedError,
    TaskFailedError,
    UnprocessableEntityError,
)
from foxstream.limits import Retries, Timeouts
from foxstream.progress import Status, Timings
from foxstream.resources import Model, Task, TaskFailure, Upload

if TYPE_CHECKING:
    from foxstream import bench, captions, gateway, relay, sse, sync, transports
    from foxstream.client import Client, stream
    from foxstream.streams import Stream

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "Choice",
    "Client",
    "Completion",
    "Delta",
    "FoxError",
    "InsufficientQuotaError",
    "InternalServerError",
    "InvalidInputError",
    "MissingExtraError",
    "Model",
    "NotFoundError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "RequestTooLargeError",
    "Retries",
    "Status",
    "Stream",
    "StreamDivergedError",
    "StreamTruncatedError",
    "Task",
    "TaskFailedError",
    "TaskFailure",
    "Timeouts",
    "Timings",
    "ToolCall",
    "ToolCallDelta",
    "UnprocessableEntityError",
    "Upload",
    "Usage",
    "__version__",
    "bench",
    "captions",
    "gateway",
    "relay",
    "sse",
    "stream",
    "sync",
    "transports",
]

__getattr__: Load
__dir__: Names
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Client": "foxstream.client",
        "Stream": "foxstream.streams",
        "bench": "foxstream.bench",
        "captions": "foxstream.captions",
        "gateway": "foxstream.gateway",
        "relay": "foxstream.relay",
        "sse": "foxstream.sse",
        "stream": "foxstream.client",
        "sync": "foxstream.sync",
        "transports": "foxstream.transports",
    },
)
