"""Which request of a gateway meets which mishap: exactly, in order, one list per endpoint.

House rule: the healthy path knows nothing of this room but the one hook in `streaming`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextvars import ContextVar

from aiohttp import web

from foxstream.gateway.faults import Fault, HangUpError, SilenceError
from foxstream.gateway.streaming import SHAPE

__all__ = ["Faults", "Plan"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing")
_fault: ContextVar[Fault] = ContextVar("fault")  # of the request that is being answered

Plan = Sequence[Fault | tuple[Fault, ...] | None]
"""The mishaps of one endpoint: the n-th request meets the n-th. `None` is a request that goes
well, as does everything after the end; a tuple is several mishaps, the first nearest to the log.
"""


class Faults:
    """The mishaps of a gateway, by endpoint."""

    def __init__(
        self,
        *,
        submit: Plan = (),
        stream: Plan = (),
        task: Plan = (),
        upload: Plan = (),
        chat: Plan = (),
        models: Plan = (),
    ) -> None:
        self._plans = {
            "submit": deque(submit),
            "stream": deque(stream),
            "task": deque(task),
            "upload": deque(upload),
            "chat": deque(chat),
            "models": deque(models),
        }

    def install(self, app: web.Application) -> None:
        """Come between the routes of `app` and their requests; routes are known by name."""

        @web.middleware
        async def spoil(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._answer(request, handler)

        app[SHAPE] = _shape
        app[_CLOSING] = asyncio.Event()
        app.on_shutdown.append(_close)
        app.middlewares.append(spoil)

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self.fault_for(request)
        _fault.set(fault)
        try:
            response = await fault.before()
            if response is None:
                response = await handler(request)
            await fault.after()
        except SilenceError:
            await request.app[_CLOSING].wait()
            return _hang_up(request)
        except HangUpError as hang_up:
            return _hang_up(request, reset=hang_up.reset)
        return response

    def fault_for(self, request: web.Request) -> Fault:
        """The mishap that `request` meets; a kind of `Faults` may choose by what is asked."""
        route = request.match_info.route.name or ""
        plan = self._plans.get(route.partition(".")[0])
        entry = plan.popleft() if plan else None
        return _Several(entry) if isinstance(entry, tuple) else entry or Fault()


class _Several(Fault):
    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = faults

    async def before(self) -> web.StreamResponse | None:
        for fault in self._faults:
            if (answer := await fault.before()) is not None:
                return answer
        return None

    def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        for fault in self._faults:
            blocks = fault.shape(blocks)
        return blocks

    async def after(self) -> None:
        for fault in self._faults:
            await fault.after()


def _shape(blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    return _fault.get().shape(blocks)


async def _close(app: web.Application) -> None:
    app[_CLOSING].set()


def _hang_up(request: web.Request, *, reset: bool = False) -> web.StreamResponse:
    """Close the connection; the response that is returned finds nobody to go to."""
    transport = request.transport
    if transport is not None and reset:
        linger = struct.pack("ii", 1, 0)  # on, for 0 seconds: closing sends RST
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    elif transport is not None:
        transport.close()
    return web.Response()
