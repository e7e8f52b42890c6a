"""Fetching what a request points to, for gateways that were told to.

House rule: bounded in size and time, http and https only, and never an address that is not public
unless that was asked for too: a caller must not reach through the gateway into its network.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncGenerator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import aiohttp

from foxstream.gateway.settings import Settings

__all__ = ["RemoteError", "fetch"]

_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=10, sock_read=30)
_BLOCK = 256 * 1024

_NAT64 = ip_network("64:ff9b::/96")

Address = tuple[int, int, int, str, tuple[object, ...]]


class RemoteError(Exception):
    """There is nothing to be had at that URL; the message says why."""


async def fetch(url: str, settings: Settings) -> AsyncGenerator[bytes]:
    """Yield the body behind `url`; `RemoteError` where it may not or cannot be had."""
    if not settings.fetch_remote:
        raise RemoteError(
            "it is no file of this gateway, and it fetches no others (fetch_remote is off)"
        )
    connect = None if settings.fetch_private else _public_socket
    connector = aiohttp.TCPConnector(socket_factory=connect)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
            session.get(url, max_redirects=3) as response,
        ):
            if response.status != 200:
                raise RemoteError(f"the remote server answered {response.status}")
            async for block in response.content.iter_chunked(_BLOCK):
                yield block
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise RemoteError(f"the URL cannot be fetched: {error or type(error).__name__}") from error


def _public_socket(address: Address) -> socket.socket:
    """Called with every address that is about to be connected to, also after a redirect."""
    family, kind, protocol, _, where = address
    ip = ip_address(str(where[0]))
    if not _is_public(ip):
        raise OSError(errno.EACCES, f"{ip} is not a public address (fetch_private is off)")
    return socket.socket(family, kind, protocol)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Also of the IPv4 address that a translator on the way takes out of an IPv6 one."""
    inner = None
    if isinstance(ip, IPv6Address):
        inner = IPv4Address(ip.packed[-4:]) if ip in _NAT64 else ip.sixtofour
    return ip.is_global and not ip.is_multicast and (inner is None or inner.is_global)
