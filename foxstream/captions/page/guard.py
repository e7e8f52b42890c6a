"""What every request passes, and what every answer carries.

House rule: a refusal says in words what to do instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from aiohttp import web
from aiohttp.typedefs import Middleware

from foxstream.captions.page.hosts import is_name, is_own_host, is_own_page
from foxstream.errors import InvalidInputError
from foxstream.exchange import local_origin

__all__ = ["add_headers", "guard"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SAFE = {"GET", "HEAD"}


def guard(names: Collection[str]) -> Middleware:
    """403 for a `Host` that is not this page's own, and for a change that another page asks for.

    `names` are those that are allowed beside addresses and `localhost`; `InvalidInputError` for
    a name that is not in a collection, or is none of a host.
    """
    if isinstance(names, str) or not all(map(is_name, names)):
        raise InvalidInputError(f"names is {names!r}: names of hosts without a port, in a list")
    own = {name.lower() for name in names}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "")
        address, port = _reached(request)
        if not is_own_host(host, address, port, own):
            raise web.HTTPForbidden(
                text=f"This page is not called {host[:80]!r}: open {local_origin(address, port)}/"
            )
        if request.method not in _SAFE and not is_own_page(request.headers):
            raise web.HTTPForbidden(text="Another page asked for this: only this page may.")
        return await handler(request)

    return check


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Keep the browser from loading, framing or guessing anything beyond this page."""
    response.headers.update(_HEADERS)


def _reached(request: web.Request) -> tuple[str, int]:
    """The address of this machine that the request came to."""
    name: tuple[str, int] | None = request.get_extra_info("sockname")
    return (name[0], name[1]) if name else ("", 0)
