"""Where the service lives, and who may see the key.

House rule: the key goes home only. Every URL that is requested passes through `Home`, and
credentials are handed out here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy
from typing import NamedTuple, SupportsIndex, cast
from urllib.parse import urljoin, urlsplit

from foxstream._version import __version__
from foxstream.errors import InvalidInputError, ProtocolError
from foxstream.exchange import is_loopback

__all__ = ["DEFAULT_BASE_URL", "Home", "Secret", "find_home", "masked"]

DEFAULT_BASE_URL = "https://api.foxapi.cc"
_SERVICE_HOSTS = frozenset({"api.foxapi.cc", "api.aihubmax.com"})  # section 10: same paths and keys
# Section 8: what stands in front of the service blocks agents that name Python's own clients.
_USER_AGENT = f"Mozilla/5.0 (compatible; foxstream/{__version__})"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_FIELD_VALUE = re.compile(r"[\x20-\x7e\t]*")
_PORTS = {"http": 80, "https": 443}
_PLAIN_URL = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+")


class Secret(str):
    """Text that never shows itself: `repr`, also of a part, is masked in tracebacks and logs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, part: SupportsIndex | slice) -> Secret:
        return Secret(super().__getitem__(part))


class Origin(NamedTuple):
    """Scheme, host and port: what decides whether credentials may ride along."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(self.host)


class Home:
    """The API's own origin, its path prefix, and the credentials that stay there."""

    def __init__(
        self,
        base_url: str,
        key: Secret | None,
        headers: Mapping[str, Secret] | None = None,
        trusted_origins: Iterable[str] = (),
    ) -> None:
        self.origin: Origin = _checked_origin("base_url", base_url)
        if "?" in base_url or "#" in base_url:
            raise InvalidInputError("base_url holds a query or a fragment: leave it out")
        self.base_url: str = _without_version(base_url)
        self._versioned = base_url.rstrip("/")
        parts = urlsplit(self.base_url)
        self._root = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path
        self._key = key
        self._headers = dict(headers or {})
        self._carried: Mapping[str, str] = {}
        self._trusted = {
            self.origin,
            *(_checked_origin("trusted_origins", url) for url in trusted_origins),
        }
        self._check_key()

    def carrying(self, headers: Mapping[str, str]) -> Home:
        """The same home; `headers`, as they are at each request, ride to its own origin alone."""
        home = copy(self)
        home._carried = headers  # noqa: SLF001 (another of its own kind)
        return home

    def url(self, path: str) -> str:
        """The absolute URL of one of the API's own paths."""
        return f"{self.base_url}{path}"

    def versioned_url(self, path: str) -> str:
        """The same under `base_url` as it was given, up to and with its `/v1`."""
        return f"{self._versioned}{path}"

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
        origin = _origin(url)
        if origin is None:
            raise ProtocolError(f"the service named a URL that is none: {url!r}")
        if self.origin.scheme == "https" and origin.scheme != "https":
            raise ProtocolError(f"the service named a URL that leaves https: {url!r}")
        return url

    def redirect(self, url: str, location: str | None) -> str | None:
        """Where a redirect leads; `None` where it leaves the origin of `url` or is no URL."""
        if location is None:
            return None
        try:
            target = urljoin(url, location)
        except ValueError:
            return None
        return target if _origin(target) == _origin(url) else None

    def trusts(self, url: str) -> bool:
        """Whether `url` is at home or at a trusted origin, and may see credentials."""
        return _origin(url) in self._trusted

    def headers_for(self, url: str) -> dict[str, str]:
        """The headers every request carries; credentials only at home and at trusted origins."""
        headers = {"User-Agent": _USER_AGENT}
        origin = _origin(url)
        if self._carried and origin == self.origin:
            headers |= self._carried
        if origin in self._trusted:
            headers |= self._headers
            if self._key:
                headers["Authorization"] = Secret(f"Bearer {self._key}")
        return headers

    def redact(self, text: str) -> str:
        """`text` without the credentials, should a server have echoed them."""
        for word in self._words():
            text = text.replace(word, "***")
        return text

    def redact_json(self, body: bytes) -> bytes:
        """The same for a body, where JSON may have escaped a slash."""
        for word in self._words():
            for spelling in (word, word.replace("/", "\\/")):
                body = body.replace(spelling.encode(), b"***")
        return body

    def _words(self) -> list[str]:
        """The credentials; words below eight characters are left out: no key is that short."""
        secrets = (self._key or "", *self._headers.values())
        return [word for secret in secrets for word in secret.split() if len(word) >= 8]

    def _relative(self, url: str) -> str:
        path = url if url.startswith("/") else f"/{url}"
        carried = path == self._prefix or path.startswith(f"{self._prefix}/")
        return f"{self._root}{path}" if carried else f"{self._root}{self._prefix}{path}"

    def _check_key(self) -> None:
        if self._key is None and "Authorization" not in self._headers:
            if self.origin.host in _SERVICE_HOSTS:
                raise InvalidInputError(
                    "no API key: set FOXAPI_API_KEY or pass api_key= "
                    "(to try things without one, use the embedded gateway: foxstream demo)"
                )
            return
        if self._key is not None and not _VISIBLE.fullmatch(self._key):
            raise InvalidInputError(
                "api_key is empty, or holds white space, a line break or a character beyond "
                "ASCII: copy it again, without quotes"
            )
        for origin in self._trusted:
            if origin.scheme == "http" and not origin.is_loopback:
                raise InvalidInputError(
                    f"api_key would travel unencrypted to {origin.host}: use https"
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
    given, only `api_key` counts. An argument is kept with or without its `/v1`, the others name
    FoxAPI, whose version is 1.
    """
    if base_url is None:
        api_key = environ.get("FOXAPI_API_KEY") or None if api_key is None else api_key
        base_url = f"{_without_version(environ.get('FOXAPI_BASE_URL') or DEFAULT_BASE_URL)}/v1"
    api_key, headers, refused = masked(api_key, headers)
    del environ  # a traceback that shows local variables would show what it holds
    if refused is not None:
        raise refused
    return Home(base_url, api_key, headers, trusted_origins)


def masked(
    key: object, headers: Mapping[str, str] | None
) -> tuple[Secret | None, dict[str, Secret], InvalidInputError | None]:
    """The key and the headers as text that does not show itself, or why they must not be used.

    The error is handed over, not raised: frames in which the refused values still stand by their
    names would be part of its traceback.
    """
    complaint = _complaint_about(key, headers)
    if complaint is not None:
        return None, {}, InvalidInputError(complaint)
    shown = None if key is None else Secret(key)
    return shown, {name.title(): Secret(value) for name, value in (headers or {}).items()}, None


def _complaint_about(key: object, headers: object) -> str | None:
    if not isinstance(key, str | None):
        return f"api_key is {type(key).__name__}: a string is needed"
    if headers is None:
        return None
    if not isinstance(headers, Mapping):
        return f"headers is {type(headers).__name__}: a mapping is needed"
    entries = cast("Mapping[object, object]", headers)
    return next(filter(None, (_header_complaint(*entry) for entry in entries.items())), None)


def _header_complaint(name: object, value: object) -> str | None:
    """A name or a value that could become something else on the wire."""
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        return f"headers: {name!r} is not a header name"
    if not isinstance(value, str):
        return f"headers: the value of {name!r} is {type(value).__name__}"
    if not _FIELD_VALUE.fullmatch(value):
        return f"headers: the value of {name!r} holds a control character or one beyond ASCII"
    return None


def _checked_origin(field: str, url: object) -> Origin:
    """The value is not shown: it may hold a password, or be a key in the wrong place."""
    origin = _origin(url) if isinstance(url, str) else None
    if origin is None:
        raise InvalidInputError(
            f"{field} is no plain URL: http(s)://host[:port][/path] is needed, without a user name"
        )
    return origin


def _without_version(base_url: str) -> str:
    return base_url.rstrip("/").removesuffix("/v1").rstrip("/")


def _origin(url: str) -> Origin | None:
    """The origin of a plain http(s) URL; `None` of everything else."""
    try:
        parts = urlsplit(url)
        usual = _PORTS[parts.scheme]
        port = usual if parts.port is None else parts.port
    except (ValueError, KeyError):
        return None
    if not _PLAIN_URL.fullmatch(url) or not parts.hostname or parts.username is not None:
        return None
    return Origin(parts.scheme, parts.hostname.rstrip("."), port)
