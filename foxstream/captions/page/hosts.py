"""Whom the page answers: browsers that were pointed at it, and no page of somebody else.

House rule: decided, not awaited. A name that another page owns may lead to this machine (DNS
rebinding), an address may not.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping

from foxstream.exchange import is_loopback

__all__ = ["is_name", "is_own_host", "is_own_page"]

_HOST = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]+))(?::(\d{1,5}))?")
_PORT = 80  # where a Host names none
_OWN_SITES = {"", "same-origin", "none"}


def is_name(name: str) -> bool:
    """Whether a `Host` may be that, port and brackets aside."""
    found = _HOST.fullmatch(name)
    return _is_address(name) or (found is not None and found[2] == name)


def is_own_host(host: str, address: str, port: int, names: Collection[str] = ()) -> bool:
    """Whether `host`, of a request that came to `address` and `port`, can only mean this page.

    On loopback that is `localhost` or a loopback address, with this port; elsewhere any address,
    since nobody knows all that this machine has. `names`, in lower case, are allowed beside
    them, with any port.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found[1] or found[2]).lower()
    if name in names:
        return True
    if not is_loopback(address):
        return _is_address(name)
    return is_loopback(name) and int(found[3] or _PORT) == port


def is_own_page(headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from this page, or from no page at all."""
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site", "")
    own = origin is None or origin.partition("://")[2] == headers.get("Host")
    return own and site in _OWN_SITES


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
