"""Whom a command speaks to: the service, another server, or a gateway in this very process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec

import foxstream
from foxstream.errors import FoxError, InvalidInputError

__all__ = ["Session", "Target", "opened"]

_RETENTION = 60.0  # seconds: only this very process can ask again for what it has missed


class Target(msgspec.Struct, frozen=True):
    """What the options say of whom to ask; without any, what the environment says."""

    base_url: str | None = None
    api_key: str | None = None
    openai: str | None = None
    local: bool = False
    timeout: float | None = None

    def check(self) -> None:
        """`InvalidInputError` where the options name several."""
        if self.openai is not None and (self.local or self.base_url is not None):
            raise InvalidInputError("--openai is a server of its own: not with --base-url, --local")
        if self.local and (self.base_url is not None or self.api_key is not None):
            raise InvalidInputError("--local needs neither --base-url nor --api-key")


class Session(msgspec.Struct, frozen=True):
    """A client; `lasting` tells whether its tasks go on when this program has ended."""

    client: foxstream.Client
    lasting: bool


@asynccontextmanager
async def opened(target: Target) -> AsyncGenerator[Session]:
    """Connect to `target` for as long as the block lasts."""
    target.check()
    timeouts = foxstream.Timeouts(total=target.timeout)
    if not target.local:
        openai = target.openai is not None
        async with foxstream.Client(
            target.api_key,
            base_url=target.openai if openai else target.base_url,
            protocol="openai" if openai else "foxapi",
            timeouts=timeouts,
        ) as client:
            yield Session(client, lasting=not openai)
        return
    async with (
        foxstream.gateway.running_gateway(
            fetch_remote=True, retention=_RETENTION, task_retention=_RETENTION
        ) as url,
        foxstream.Client(base_url=url, timeouts=timeouts) as client,
    ):
        try:
            yield Session(client, lasting=False)
        except FoxError as error:
            error.task_id = None  # the task ends with the gateway: nobody can follow it
            raise
