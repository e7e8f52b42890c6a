"""The service's endpoints: what is wanted -> the `Request` for it (contract, section 1).

House rule: paths and query strings live here and nowhere else.
"""

from __future__ import annotations

import re

from foxstream.address import Home
from foxstream.errors import InvalidInputError
from foxstream.exchange import Body, Request

__all__ = ["Endpoints", "check_task_id", "is_task_id"]

_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,255}")


def is_task_id(text: str) -> bool:
    """Whether `text` may enter a path as a task id."""
    return bool(_TASK_ID.fullmatch(text))


def check_task_id(task_id: str) -> str:
    """Return `task_id`; `InvalidInputError` where it may not enter a path."""
    if not isinstance(task_id, str) or not is_task_id(task_id):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError(f"task_id is {task_id!r}: not the id of a task")
    return task_id


class Endpoints:
    """Builds requests for one `Home`."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def submit(self, body: bytes | Body, *, direct: bool, connect: float | None) -> Request:
        """`POST /v1/llm/generations`; `direct` answers with the event stream itself."""
        kind = {"Content-Type": "application/json"}
        return self._request(
            "POST",
            self._home.url("/v1/llm/generations"),
            kind,
            body=body,
            event_stream=direct,
            connect=connect,
        )

    def chat(self, body: bytes | Body, *, stream: bool, connect: float | None) -> Request:
        """`POST /v1/chat/completions`; with `stream` the answer is an event stream."""
        return self._request(
            "POST",
            self._home.versioned_url("/chat/completions"),
            {"Content-Type": "application/json"},
            body=body,
            event_stream=stream,
            connect=connect,
        )

    def stream(self, url: str | None, task_id: str, connect: float | None) -> Request:
        """`GET` of the stream URL that the service named, or of the one it is known to have."""
        path = url or f"/v1/llm/generations/{task_id}/stream"
        return self._request("GET", self._home.resolve(path), event_stream=True, connect=connect)

    def task(self, task_id: str, *, sync_upstream: bool, connect: float | None) -> Request:
        """`GET /v1/tasks/{id}`; `sync_upstream` refreshes a running task first."""
        query = "?sync_upstream=true" if sync_upstream else ""
        return self._request("GET", self._home.url(f"/v1/tasks/{task_id}{query}"), connect=connect)

    def models(self, connect: float | None) -> Request:
        """`GET /v1/configs/llm_generations_models`."""
        url = self._home.url("/v1/configs/llm_generations_models")
        return self._request("GET", url, connect=connect)

    def chat_models(self, connect: float | None) -> Request:
        """`GET /v1/models`, the list of an OpenAI-compatible server."""
        return self._request("GET", self._home.versioned_url("/models"), connect=connect)

    def upload(self, body: Body, content_type: str, connect: float | None) -> Request:
        """`POST /v1/files/upload/stream` with a multipart body."""
        url = self._home.url("/v1/files/upload/stream")
        return self._request(
            "POST", url, {"Content-Type": content_type}, body=body, connect=connect
        )

    def _request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        *,
        body: bytes | Body | None = None,
        event_stream: bool = False,
        connect: float | None = None,
    ) -> Request:
        wanted = "text/event-stream" if event_stream else "application/json"
        every = {"Accept": wanted, "Accept-Encoding": "identity"}
        headers = {**self._home.headers_for(url), **every, **(headers or {})}
        trusted = self._home.trusts(url)
        return Request(method, url, headers, body, event_stream, connect, trusted)
