"""The key goes home only, and never shows itself."""

from __future__ import annotations

import logging
import reprlib
import traceback
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foxstream import InvalidInputError, ProtocolError
from foxstream.address import DEFAULT_BASE_URL, Home, Secret, find_home

KEY = "sk-0123456789abcdef"
HOME = "https://api.example.com"
AUTHORIZATION = f"Bearer {KEY}"


def home(base_url: str = HOME, **options: object) -> Home:
    return find_home(base_url, KEY, {}, **options)


def authorization(home: Home, url: str) -> str | None:
    return home.headers_for(url).get("Authorization")


def shown_by(error: BaseException) -> str:
    """Message, repr and traceback with the local variables of every frame below the test's."""
    below = error.__traceback__.tb_next
    told = traceback.TracebackException(type(error), error, below, capture_locals=True)
    return "".join((str(error), repr(error), repr(error.args), *told.format()))


# whose key, and where to


@pytest.mark.parametrize(
    ("base_url", "api_key", "environ", "expected_base", "expected_key"),
    [
        (None, KEY, {}, DEFAULT_BASE_URL, KEY),
        (None, None, {"FOXAPI_API_KEY": "env-key"}, DEFAULT_BASE_URL, "env-key"),
        (None, KEY, {"FOXAPI_API_KEY": "env-key"}, DEFAULT_BASE_URL, KEY),
        (None, None, {"FOXAPI_API_KEY": "k", "FOXAPI_BASE_URL": HOME}, HOME, "k"),
        (None, None, {"FOXAPI_API_KEY": "", "FOXAPI_BASE_URL": HOME}, HOME, None),
        (None, KEY, {"FOXAPI_BASE_URL": ""}, DEFAULT_BASE_URL, KEY),
        (HOME, None, {"FOXAPI_API_KEY": "k"}, HOME, None),
        (HOME, None, {"FOXAPI_API_KEY": "k", "FOXAPI_BASE_URL": "https://other"}, HOME, None),
        (HOME, KEY, {"FOXAPI_API_KEY": "env-key"}, HOME, KEY),
    ],
)
def test_arguments_and_environment(base_url, api_key, environ, expected_base, expected_key):
    found = find_home(base_url, api_key, environ)
    assert found.base_url == expected_base
    version = "/v1" if base_url is None else ""
    assert found.versioned_url("/models") == f"{expected_base}{version}/models"
    expected = expected_key and f"Bearer {expected_key}"
    assert authorization(found, found.url("/v1/tasks/x")) == expected


@pytest.mark.parametrize(
    "base_url", [None, "https://api.foxapi.cc", "https://API.AIHUBMAX.COM./v1"]
)
def test_the_service_itself_needs_a_key(base_url):
    with pytest.raises(InvalidInputError, match="no API key: set FOXAPI_API_KEY"):
        find_home(base_url, None, {})


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        f"{KEY}\n",
        f"{KEY}\r\nX-Evil: 1",
        f" {KEY}",
        "sk-schlüssel",
        "sk-\u2028",
        "sk-\x7f",
        "sk-\0",
        "“sk-0123456789abcdef”",
    ],
)
def test_a_key_that_is_none_is_refused_without_being_shown(key):
    with pytest.raises(InvalidInputError, match="api_key is empty, or holds white space") as caught:
        find_home(HOME, key, {})
    if len(key) > 2:
        assert key not in shown_by(caught.value)
        assert repr(key) not in shown_by(caught.value)


@pytest.mark.parametrize("key", [b"sk-0123456789abcdef", 5, ["k"]])
def test_a_key_that_is_no_text_is_refused(key):
    with pytest.raises(InvalidInputError, match=f"api_key is {type(key).__name__}: a string is"):
        find_home(HOME, key, {})


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.foxapi.cc",
        "http://192.168.1.5:8000",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://0.0.0.0",
        "http://[::2]",
        "http://[fe80::1%25lo]",
    ],
)
def test_a_key_does_not_travel_unencrypted(base_url):
    with pytest.raises(InvalidInputError, match="api_key would travel unencrypted") as caught:
        home(base_url)
    assert KEY not in shown_by(caught.value)


def test_nor_to_a_trusted_origin():
    with pytest.raises(InvalidInputError, match=r"unencrypted to other\.example: use https"):
        home(trusted_origins=["https://fine.example", "http://other.example"])


@pytest.mark.parametrize(
    "base_url",
    [
        "http://localhost",
        "http://LOCALHOST.:80",
        "http://127.0.0.1:9",
        "http://127.9.9.9",
        "http://[::1]",
    ],
)
def test_loopback_may_be_plain(base_url):
    assert authorization(home(base_url), f"{base_url}/v1/x") == AUTHORIZATION


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example.com",
        "//api.example.com",
        "ftp://api.example.com",
        "ftp://api.example.com:21",
        "https://",
        "https:///v1",
        "https://:443",
        "https://user@api.example.com",
        "https://user:hunter2secret@api.example.com",
        "https://:hunter2secret@api.example.com",
        "https://@api.example.com",
        "https://api.example.com:99999",
        "https://api.example.com:port",
        "https://[::1",
        "https://api.example.com\\@evil.com",
        "https://api.example.com\n",
        "https://api.example.com /",
        "https://exämple.com",
        "https://api.example.com/{prefix}",
        KEY,
        None,
        5,
        b"https://api.example.com",
    ],
)
@pytest.mark.parametrize("field", ["base_url", "trusted_origins"])
def test_a_url_that_is_not_plain_is_refused_and_not_shown(base_url, field):
    with pytest.raises(InvalidInputError, match=f"{field} is no plain URL") as caught:
        Home(base_url, Secret(KEY)) if field == "base_url" else home(trusted_origins=[base_url])
    assert "hunter2secret" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert shown_by(caught.value)


@pytest.mark.parametrize("end", ["?", "?key=1", "#", "#top", "/v1?x"])
def test_a_base_url_has_no_query(end):
    with pytest.raises(InvalidInputError, match="base_url holds a query or a fragment"):
        home(HOME + end)


# the key stays home

AWAY = [
    "https://evil.com/v1/x",
    "https://evil.com:443/v1/x",
    "//evil.com/v1/x",
    "https://api.example.com.evil.com/",
    "https://evil.com/https://api.example.com/",
    "https://evil.com/?api.example.com",
    "https://evil.com#api.example.com",
    "https://api.example.com:8443/v1/x",
    "https://api-example.com/",
    "https://example.com/",
    "https://sub.api.example.com/",
    "https://api.example.com%2eevil.com/",
    "https://[::1]/v1/x",
    "HTTPS://EVIL.COM/",
]


@pytest.mark.parametrize("url", AWAY)
def test_another_origin_is_asked_without_the_key(url):
    here = home(headers={"X-Team": "fox-team-secret"})
    there = here.resolve(url)
    headers = here.headers_for(there)
    assert set(headers) == {"User-Agent"}
    assert urlsplit(there).hostname != "api.example.com" or urlsplit(there).port == 8443


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1/x",
        "https://API.Example.COM/v1/x",
        "HTTPS://api.example.com/v1/x",
        "https://api.example.com:443/v1/x",
        "https://api.example.com./v1/x",
        "//api.example.com/v1/x",
        "/v1/x",
        "v1/x",
        "?offset=3",
        "/v1/x?next=https://evil.com/",
        "/a:b@evil.com/",
        "https:evil.com/x",
        "evil.com",
        "@evil.com/",
        ":8443/x",
    ],
)
def test_at_home_the_key_rides_along(url):
    here = home(headers={"x-team": "fox"})
    there = here.resolve(url)
    assert urlsplit(there).hostname.rstrip(".") == "api.example.com"
    assert urlsplit(there).port in {None, 443}
    assert here.headers_for(there)["Authorization"] == AUTHORIZATION
    assert here.headers_for(there)["X-Team"] == "fox"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://api.example.com/v1/x",
        "http://evil.com/",
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "https://user@api.example.com/",
        "https://user:pw@evil.com/",
        "https://api.example.com@evil.com/",
        "https://@evil.com/",
        "https://",
        "///evil.com/x",
        "//",
        "https://[::1/",
        "https://evil.com:port/",
        "https://evil.com:99999/",
        "https://api.example.com\\@evil.com/",
        "\\\\evil.com\\x",
        "/\\evil.com",
        "https:/\\evil.com",
        "/v1/x\r\nX-Evil: 1",
        "/v1/x y",
        "\thttps://evil.com",
        "/v1/ü",
        "/v1/\u2028",
        "<html>",
        "/redirect/https://evil.com",
    ],
)
def test_what_is_no_url_or_leaves_https_is_a_protocol_error(url):
    with pytest.raises(ProtocolError, match="the service named a URL"):
        home().resolve(url)


def test_plain_http_at_home_may_go_to_https():
    here = home("http://127.0.0.1:8000")
    assert authorization(here, here.resolve("https://evil.com/")) is None
    assert authorization(here, here.resolve("http://127.0.0.1:8001/")) is None
    assert authorization(here, here.resolve("http://127.0.0.1:8000/x")) == AUTHORIZATION


def test_a_trusted_origin_gets_the_key_too():
    here = home(trusted_origins=["https://stream.example.com:8443/ignored"])
    assert authorization(here, "https://STREAM.example.com:8443/v1/x") == AUTHORIZATION
    assert authorization(here, "https://stream.example.com/v1/x") is None


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_the_usual_port_is_the_same_origin(scheme, port):
    assert authorization(home(f"{scheme}://localhost"), f"{scheme}://localhost:{port}/x")
    assert authorization(home(f"{scheme}://localhost:{port}"), f"{scheme}://localhost/x")
    assert authorization(home(f"{scheme}://localhost"), f"{scheme}://localhost:81/x") is None


def test_port_zero_is_not_the_usual_port():
    assert authorization(home(), home().resolve("https://api.example.com:0/")) is None


HOSTS = st.sampled_from(["api.example.com", "evil.com", "api.example.com.evil.com", "[::1]", ""])
URLS = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(["https:", "http:", "/", "//", "\\", "@", ":", ":443", "?", "#", ".", "\t"])
        | HOSTS
        | st.sampled_from(["%2f", "v1", "user:pw@", "\u2028", "[", "]", ";"]),
        max_size=8,
    ).map("".join),
)


@given(URLS)
@example("https://api.example.com:0")
def test_no_url_takes_the_key_elsewhere(url):
    here = home()
    try:
        there = here.resolve(url)
    except ProtocolError:
        return
    parts = urlsplit(there)
    at_home = (parts.scheme, parts.hostname.rstrip("."), parts.port or 443) == (
        "https", "api.example.com", 443
    )  # fmt: skip
    assert parts.scheme == "https"
    assert "@" not in parts.netloc
    assert at_home or authorization(here, there) is None


# joining


@pytest.mark.parametrize(
    ("base_url", "url", "joined"),
    [
        (HOME, "/v1/x", f"{HOME}/v1/x"),
        (f"{HOME}/", "/v1/x", f"{HOME}/v1/x"),
        (f"{HOME}/v1", "/v1/x", f"{HOME}/v1/x"),
        (f"{HOME}/v1/", "/v1/x", f"{HOME}/v1/x"),
        (f"{HOME}//v1//", "/v1/x", f"{HOME}/v1/x"),
        (f"{HOME}/fox", "/v1/x", f"{HOME}/fox/v1/x"),
        (f"{HOME}/fox/v1", "/v1/x", f"{HOME}/fox/v1/x"),
        (f"{HOME}/fox", "/fox/v1/x", f"{HOME}/fox/v1/x"),
        (f"{HOME}/fox", "/fox", f"{HOME}/fox"),
        (f"{HOME}/fox", "/foxes/x", f"{HOME}/fox/foxes/x"),
        (f"{HOME}/fox", "v1/x", f"{HOME}/fox/v1/x"),
        (f"{HOME}/fox", f"{HOME}/other", f"{HOME}/other"),
        ("http://[::1]:8080/v1", "/v1/x", "http://[::1]:8080/v1/x"),
    ],
)
def test_a_named_url_is_joined_without_doubling(base_url, url, joined):
    assert home(base_url).resolve(url) == joined


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
def test_own_paths_are_put_behind_the_prefix(end):
    assert home(f"{HOME}/fox{end}").url("/v1/tasks/a") == f"{HOME}/fox/v1/tasks/a"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/moved", f"{HOME}/moved"),
        ("moved?x=1", f"{HOME}/v1/moved?x=1"),
        (f"{HOME}:443/moved", f"{HOME}:443/moved"),
        ("https://API.EXAMPLE.COM/moved", "https://API.EXAMPLE.COM/moved"),
        (None, None),
        ("https://evil.com/", None),
        ("//evil.com/", None),
        ("http://api.example.com/moved", None),
        (f"{HOME}:8443/moved", None),
        ("https://user@api.example.com/", None),
        ("\\\\evil.com", None),
        ("https://api.example.com\\@evil.com", None),
        ("https://[::1", None),
        ("https://api.example.com:port/", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_redirect_stays_within_its_origin(location, target):
    assert home().redirect(f"{HOME}/v1/x", location) == target


def test_a_redirect_away_from_home_stays_there_too():
    assert home().redirect("https://cdn.example/x", "/y") == "https://cdn.example/y"
    assert home().redirect("https://cdn.example/x", f"{HOME}/y") is None


# headers


def test_a_header_is_sent_in_one_spelling():
    here = home(headers={"user-agent": "mine/1", "authorization": "Bearer other", "X-team": "a"})
    assert here.headers_for(f"{HOME}/x") == {
        "User-Agent": "mine/1",
        "Authorization": AUTHORIZATION,
        "X-Team": "a",
    }


def test_without_a_key_headers_may_bring_the_authorization():
    here = Home(HOME, None, {"Authorization": Secret("Bearer other")})
    assert authorization(here, f"{HOME}/x") == "Bearer other"
    assert authorization(here, "https://evil.com/x") is None


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\n", "Ü", "X\r\nEvil"])
def test_a_header_name_that_is_none_is_refused(name):
    with pytest.raises(InvalidInputError, match="is not a header name"):
        home(headers={name: "x"})


@pytest.mark.parametrize("value", ["a\nb", "a\r\nEvil: 1", "\0", "\x7f", "schlüssel"])
def test_a_header_value_with_a_control_character_is_refused_and_not_shown(value):
    with pytest.raises(InvalidInputError, match="the value of 'X-Team' holds a control") as caught:
        home(headers={"X-Team": value})
    assert value not in str(caught.value)


def test_the_agent_is_not_one_that_is_blocked():
    agent = home().headers_for(HOME)["User-Agent"]
    assert agent.startswith("Mozilla/5.0 (compatible; foxstream/")


# never shown


def test_a_secret_does_not_show_itself():
    secret = Secret(KEY)
    assert (secret, str(secret), f"{secret}") == (KEY, KEY, KEY)
    assert KEY not in f"{secret!r}{[secret]}{ {'k': secret} }{reprlib.repr(secret)}"
    assert (secret[3:5], f"{secret[3:5]!r}", f"{secret[0]!r}") == ("01", "'***'", "'***'")


def test_nothing_that_holds_the_key_shows_it(caplog):
    here = home(headers={"X-Team": "fox-team-secret"})
    headers = here.headers_for(f"{HOME}/x")
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("app").debug("%r %s %r", here, headers, vars(here))
    assert "***" in caplog.text
    assert KEY not in caplog.text
    assert "fox-team-secret" not in caplog.text


def test_a_traceback_with_local_variables_does_not_show_key_or_environment():
    environ = {"FOXAPI_API_KEY": f"{KEY}\n", "OTHER_SECRET": "another-secret"}
    with pytest.raises(InvalidInputError) as caught:
        find_home(None, None, environ)
    assert KEY not in shown_by(caught.value)
    assert "another-secret" not in shown_by(caught.value)


def test_what_a_server_echoes_is_redacted():
    here = home(headers={"X-Token": "Token 12345678", "X-Short": "7654321"})
    text = f"bad key {KEY} in 'Bearer {KEY}', 12345678, 7654321"
    assert here.redact(text) == "bad key *** in 'Bearer ***', ***, 7654321"
    assert Home(HOME, None).redact(text) == text
