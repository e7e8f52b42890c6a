"""Where the service lives, and who may see the key.

House rule: the key goes home only. Every URL that is requested passes through `Home`, and
credentials are handed out here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from foxstream._version import __version__
from foxstream.errors import InvalidInputError, ProtocolError

__all__ = ["DEFAULT_BASE_URL", "Home", "Secret", "find_home"]

DEFAULT_BASE_URL = "https://api.foxapi.cc"
_SERVICE_HOSTS = frozenset({"api.foxapi.cc", "api.aihubmax.com"})  # section 10: same paths and keys
# Section 8: what stands in front of the service blocks agents that name Python's own clients.
_USER_AGENT = f"Mozilla/5.0 (compatible; foxstream/{__version__})"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_FIELD_VALUE = re.compile(r"[\x20-\x7e\t]*")
_PLAIN_URL = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+")


class Secret(str):
    """Text that never shows itself: `repr` is masked, so tracebacks and logs are safe."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Origin(NamedTuple):
    """Scheme, host and port: what decides whether credentials may ride along."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine by name or by number."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


class Home:
    """The API's own origin, its path prefix, and the credentials that stay there."""

    def __init__(
        self,
        base_url: str,
        key: Secret | None,
        headers: Mapping[str, str] | None = None,
        trusted_origins: Iterable[str] = (),
    ) -> None:
        self.base_url = base_url.rstrip("/").removesuffix("/v1")
        self.origin = _origin_of(self.base_url, "base_url")
        self._prefix = urlsplit(self.base_url).path.rstrip("/")
        self._key = key
        self._headers = _checked_headers(headers or {})
        self._trusted = {
            self.origin,
            *(_origin_of(url, "trusted_origins") for url in trusted_origins),
        }
        self._check_key()

    def __repr__(self) -> str:
        return f"Home({self.base_url!r})"

    def url(self, path: str) -> str:
        """The absolute URL of one of the API's own paths."""
        return f"{self.base_url}{path}"

    def resolve(self, url: str) -> str:
        """A URL that the service named, made absolute (section 9.1).

        Other origins are allowed, leaving https is not: `ProtocolError`, as where it is no URL.
        """
        if not _PLAIN_URL.fullmatch(url):
            raise ProtocolError(f"the service named a URL with forbidden characters: {url!r}")
        if url.startswith("//"):
            url = f"{self.origin.scheme}:{url}"
        if "://" not in url.partition("?")[0]:
            return self._relative(url)
        try:
            origin = _origin_of(url, "url")
        except InvalidInputError as error:
            raise ProtocolError(f"the service named a URL that is none: {url!r}") from error
        if self.origin.scheme == "https" and origin.scheme != "https":
            raise ProtocolError(f"the service named a URL that leaves https: {url!r}")
        return url

    def redirect(self, url: str, location: str | None) -> str | None:
        """Where a redirect leads; `None` where it leaves the origin of `url` or is no URL."""
        target = urljoin(url, location or "")
        try:
            same = location is not None and _origin_of(target, "location") == _origin_of(url, "url")
        except InvalidInputError:
            return None
        return target if same else None

    def headers_for(self, url: str) -> dict[str, str]:
        """The headers every request carries; credentials only at home and at trusted origins."""
        headers = {"User-Agent": _USER_AGENT}
        if _origin_of(url, "url") in self._trusted:
            headers |= self._headers
            if self._key:
                headers["Authorization"] = Secret(f"Bearer {self._key}")
        return headers

    def redact(self, text: str) -> str:
        """`text` without the credentials, should a server have echoed them."""
        for secret in (self._key, *self._headers.values()):
            if secret and len(secret) >= 8:
                text = text.replace(secret, "***")
        return text

    def _relative(self, url: str) -> str:
        path = url if url.startswith("/") else f"/{url}"
        carried = path == self._prefix or path.startswith(f"{self._prefix}/")
        return f"{self.origin_url}{path}" if carried else f"{self.origin_url}{self._prefix}{path}"

    @property
    def origin_url(self) -> str:
        """The origin as the beginning of a URL."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def _check_key(self) -> None:
        if self._key is None:
            if self.origin.host in _SERVICE_HOSTS:
                raise InvalidInputError(
                    "no API key: set FOXAPI_API_KEY or pass api_key= "
                    "(to try things without one, use the embedded gateway: foxstream demo)"
                )
            return
        if not _VISIBLE.fullmatch(self._key):
            raise InvalidInputError(
                "api_key holds white space, a line break or a character beyond ASCII: "
                "copy it again, without quotes"
            )
        if self.origin.scheme == "http" and not self.origin.is_loopback:
            raise InvalidInputError(
                f"api_key would travel unencrypted to {self.origin.host}: use https"
            )


def find_home(
    base_url: str | None,
    api_key: str | None,
    environ: Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    trusted_origins: Iterable[str] = (),
) -> Home:
    """The home that arguments and environment name.

    `FOXAPI_API_KEY` belongs to the default base URL and to `FOXAPI_BASE_URL`; where `base_url` is
    given, only `api_key` counts.
    """
    key = api_key
    if base_url is None:
        key = api_key if api_key is not None else environ.get("FOXAPI_API_KEY") or None
        base_url = environ.get("FOXAPI_BASE_URL") or DEFAULT_BASE_URL
    secret = None if key is None else Secret(key)
    return Home(base_url, secret, headers, trusted_origins)


def _origin_of(url: str, field: str) -> Origin:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError, AttributeError) as error:
        raise InvalidInputError(f"{field} is {url!r}: an http(s) URL is needed") from error
    if not parts.hostname or not _PLAIN_URL.fullmatch(url) or parts.username is not None:
        raise InvalidInputError(f"{field} is not a plain http(s) URL with a host and no user name")
    return Origin(parts.scheme, parts.hostname.rstrip("."), port)


def _checked_headers(headers: Mapping[str, str]) -> dict[str, Secret]:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise InvalidInputError(f"headers: {name!r} is not a header name")
        if not _FIELD_VALUE.fullmatch(value):
            raise InvalidInputError(f"headers: the value of {name!r} holds a control character")
    return {name: Secret(value) for name, value in headers.items()}
