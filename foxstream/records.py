"""What the log tells of an answer: one function for each thing that happens to it.

House rule: a record holds ids, counts and seconds. A prompt, a header, a URL, a file name never
stands in one, and none is written for a chunk or a delta. Its values have names, so that
`record.args` is a mapping with `task_id` and `request_id`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from foxstream.answer import Completion
from foxstream.errors import AuthenticationError, FoxError, PermissionDeniedError
from foxstream.exchange import Request, Response
from foxstream.progress import Timings
from foxstream.question import Question
from foxstream.recovery import Remedy
from foxstream.resources import Task, Upload

__all__ = [
    "cut",
    "failed",
    "finished",
    "followed",
    "looked_at",
    "miscounted",
    "not_looked_at",
    "replied",
    "retried",
    "submitted",
    "told",
    "uploaded",
    "usage_unknown",
]

_attachments = logging.getLogger("foxstream.attachments")
_endings = logging.getLogger("foxstream.endings")
_healing = logging.getLogger("foxstream.healing")
_openings = logging.getLogger("foxstream.openings")
_polling = logging.getLogger("foxstream.polling")
_retrying = logging.getLogger("foxstream.retrying")
_service = logging.getLogger("foxstream.service")
_streams = logging.getLogger("foxstream.streams")

# No part of them may begin within another: a server may send megabytes of what nearly fits.
_DATA = re.compile(r"(?<=\bdata:)[^\s,:'\"]*+,[^\s'\"]*", re.IGNORECASE)
_USER_OR_QUERY = re.compile(r"(?<=//)[^\s/?#@'\"]*@|[?#][^\s?#='\"]*+=[^\s'\"]*")
_LONGEST = 300


def told(error: Exception) -> str:
    """An error as a record may hold it: without data and signatures that it quotes of a URL.

    Of a refused key only the status is told: some servers quote it, or a part of it.
    """
    if isinstance(error, AuthenticationError | PermissionDeniedError):
        return f"{type(error).__name__}: HTTP {error.status_code}"
    words = _USER_OR_QUERY.sub("", _DATA.sub("...", str(error)))
    return f"{type(error).__name__}: {words[:_LONGEST]}"


def replied(request: Request, response: Response, request_id: str) -> None:
    """A request was answered, whatever the status."""
    if _service.isEnabledFor(logging.DEBUG):
        values = {
            "method": request.method,
            "path": urlsplit(request.url).path,
            "status": response.status,
            "request_id": request_id,
        }
        _service.debug("%(method)s %(path)s: %(status)d, request %(request_id)s", values)


def submitted(question: Question, request: Request, answer: object, request_id: str) -> None:
    """A question was accepted; `answer` is its task, unless it has none."""
    if _service.isEnabledFor(logging.INFO):
        body = request.body or b""
        values = {
            "task_id": answer.id if isinstance(answer, Task) else None,
            "request_id": request_id,
            "model": question.model,
            "variant": question.variant,
            "media": len(question.sources),
            "bytes": len(body) if isinstance(body, bytes) else body.length,
        }
        _service.info(
            "task %(task_id)s: submitted, request %(request_id)s, model %(model)s, "
            "variant %(variant)s, %(media)d media, %(bytes)d bytes",
            values,
        )


def uploaded(upload: Upload, size: int) -> None:
    """A file of `size` bytes was uploaded; its URL is public, so it is not told."""
    values = {"upload_id": upload.id, "bytes": size}
    _attachments.info("upload %(upload_id)s: %(bytes)d bytes", values)


def retried(error: FoxError, attempt: int, seconds: float) -> None:
    """A request failed, and is made again in `seconds`."""
    if _retrying.isEnabledFor(logging.INFO):
        values = {"error": told(error), "attempt": attempt, "seconds": seconds}
        _retrying.info("attempt %(attempt)d: %(error)s; again in %(seconds).2f s", values)


def followed(task_id: str) -> None:
    """The stream of a task is open."""
    _openings.debug("task %(task_id)s: the stream is open", {"task_id": task_id})


def cut(task_id: str, error: FoxError, remedy: Remedy, timings: Timings) -> None:
    """A stream broke off, and what is done about it."""
    if _healing.isEnabledFor(logging.INFO):
        values: Mapping[str, object] = {
            "task_id": task_id,
            "reads": len(timings.token_reads),
            "error": told(error),
            "action": remedy.action,
            "seconds": remedy.seconds,
            "attempt": timings.reconnects + 1,
        }
        _healing.info(
            "task %(task_id)s: cut after %(reads)d reads with tokens: %(error)s; "
            "%(action)s in %(seconds).2f s, attempt %(attempt)d",
            values,
        )


def looked_at(task: Task, seconds: float) -> None:
    """A task still runs, and is looked at again in `seconds`."""
    if _polling.isEnabledFor(logging.DEBUG):
        values = {
            "task_id": task.id,
            "status": task.status[:_LONGEST],
            "progress": task.progress,
            "seconds": seconds,
        }
        _polling.debug(
            "task %(task_id)s: %(status)s, progress %(progress)s; again in %(seconds).2f s", values
        )


def not_looked_at(task_id: str, error: FoxError, seconds: float) -> None:
    """The look at a task failed, and is taken again in `seconds`."""
    if _polling.isEnabledFor(logging.INFO):
        values = {"task_id": task_id, "error": told(error), "seconds": seconds}
        _polling.info("task %(task_id)s: %(error)s; again in %(seconds).2f s", values)


def finished(task_id: str | None, completion: Completion, timings: Timings) -> None:
    """An answer is whole."""
    if _streams.isEnabledFor(logging.INFO):
        values: Mapping[str, object] = {
            "task_id": task_id,
            "characters": len(completion.text),
            "tokens": completion.usage and completion.usage.completion_tokens,
            "ttft": _rounded(timings.ttft),
            "e2e": _rounded(timings.e2e),
            "reconnects": timings.reconnects,
        }
        _streams.info(
            "task %(task_id)s: finished, %(characters)d characters, %(tokens)s tokens, "
            "ttft %(ttft)s s, e2e %(e2e)s s, %(reconnects)d reconnects",
            values,
        )


def miscounted(task_id: str) -> None:
    """The text is that of the finished task, but the service counted other chunks."""
    values = {"task_id": task_id}
    _streams.warning("task %(task_id)s: told in other chunks than it counted", values)


def usage_unknown(task_id: str, error: FoxError) -> None:
    """The stream did not tell its usage, and its task could not be asked."""
    if _endings.isEnabledFor(logging.DEBUG):
        values = {"task_id": task_id, "error": told(error)}
        _endings.debug("task %(task_id)s: the usage stays unknown, %(error)s", values)


def failed(task_id: str | None, error: FoxError) -> None:
    """An answer cannot be had; its reader gets the same error."""
    if _streams.isEnabledFor(logging.INFO):
        values = {"task_id": task_id, "error": told(error)}
        _streams.info("task %(task_id)s: failed, %(error)s", values)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
