"""What every request passes before it reaches a handler, and every answer on its way back.

House rule: whatever goes wrong leaves as the error envelope (contract, section 6).
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping

from aiohttp import web
from aiohttp.typedefs import Middleware

from foxstream.gateway.keyring import Keyring
from foxstream.gateway.refusal import RefusedError, forbidden, not_found, too_large

__all__ = ["add_request_id", "envelope", "host_check", "key_check"]

_logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::\d+)?")


@web.middleware
async def envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal, aiohttp's own and unforeseen ones, with the error envelope."""
    try:
        return await handler(request)
    except RefusedError as refusal:
        return refusal.response()
    except web.HTTPException as error:
        return _refusal_of(error, request).response()
    except ConnectionError:  # the client has left: nobody reads what is answered
        return web.Response(status=400)
    except Exception:
        _logger.exception("%s %r failed", request.method, request.path)
        return RefusedError(500, "internal_error", "the gateway failed").response()


def host_check(allowed: Collection[str] | None) -> Middleware:
    """403 for a `Host` or an `Origin` that is not one of `allowed`.

    A page in a browser can make its own name resolve to this machine (DNS rebinding), but it
    cannot send another `Host` than that name, nor leave `Origin` out where it could do harm.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        _check_name("Host", request.headers.get("Host", ""), allowed)
        if origin := request.headers.get("Origin"):
            _check_name("Origin", origin.partition("://")[2], allowed)
        return await handler(request)

    return check


def key_check(keyring: Keyring) -> Middleware:
    """401 for a call of the API without its key; uploads are public by their unguessable URL."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/uploads/"):
            keyring.owner(request)
        return await handler(request)

    return check


async def add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """Name every answer, so that a report can say which one it means (section 6)."""
    request_id = response.headers["x-request-id"] = secrets.token_hex(8)
    if _logger.isEnabledFor(logging.INFO):
        values: Mapping[str, object] = {
            "method": request.method,
            "route": _route(request),
            "status": response.status,
            "task_id": request.match_info.get("task_id"),
            "request_id": request_id,
        }
        _logger.info(
            "%(method)s %(route)s: %(status)d, task %(task_id)s, request %(request_id)s", values
        )


def _route(request: web.Request) -> str:
    """The path without what is in it: who knows the path of an upload can fetch it."""
    resource = request.match_info.route.resource
    return request.path[:80] if resource is None else resource.canonical


def _check_name(header: str, value: str, allowed: Collection[str] | None) -> None:
    name = _HOST.fullmatch(value)
    if allowed is not None and (name is None or name[1].lower() not in allowed):
        raise forbidden(f"{header} names {value[:80]!r}: this gateway answers {sorted(allowed)}")


def _refusal_of(error: web.HTTPException, request: web.Request) -> RefusedError:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return too_large("the body is over the limit of this gateway")
    if error.status == 404:
        return not_found(f"there is no {request.path[:80]!r} here")
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return RefusedError(error.status, "invalid_request_error", error.reason, headers=allow)
