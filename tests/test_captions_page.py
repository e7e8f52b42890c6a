"""The caption page over real sockets: whom it answers, what it serves, what it tells."""

from __future__ import annotations

import io
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import anyio
import pytest
import webvtt

from foxstream import Client
from foxstream.captions import Cue, caption
from foxstream.captions.page import Listener, Playhead, create_page, telling
from foxstream.captions.page.files import ASSETS
from foxstream.errors import AuthenticationError, InvalidInputError
from foxstream.gateway import Piece, ScriptedEngine, running_gateway
from tests.films import FILM
from tests.gatewaykit import ON_ASYNCIO
from tests.pagekit import events_of, final, growing, read_events, serving, shown

pytestmark = ON_ASYNCIO

ASSETS_FOLDER = Path(__file__).parent.parent / "foxstream" / "captions" / "page" / "assets"
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'"


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(FILM)
    return path


# What it serves


async def test_the_page_and_all_that_it_loads_come_from_here(clip):
    async with serving(clip) as page:
        async with page.web.get("/") as response:
            html = await response.text()
            assert response.content_type == "text/html"
        wanted = {link for link in linked(html) if link.startswith("/assets/")}
        for name in ASSETS:
            async with page.web.get(f"/assets/{name}") as response:
                assert response.status == 200
                assert response.headers["Content-Type"] == ASSETS[name]
    assert wanted <= {f"/assets/{name}" for name in ASSETS}
    assert {file.name for file in ASSETS_FOLDER.iterdir()} == set(ASSETS)
    for file in ASSETS_FOLDER.iterdir():
        hosts = set(re.findall(r"\w+://[\w.]+", file.read_text()))
        assert hosts <= {"http://www.w3.org"}, file


def linked(html: str) -> list[str]:
    links: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag, attrs):
            links.extend(value for name, value in attrs if name in {"src", "href"} and value)
            assert not {name for name, _ in attrs if name == "style" or name.startswith("on")}

    Links().feed(html)
    return links


@pytest.mark.parametrize("path", ["/", "/assets/page.js", "/video", "/captions.vtt", "/nowhere"])
async def test_every_answer_tells_the_browser_to_stay_here(clip, path):
    async with serving(clip) as page, page.web.get(path) as response:
        assert response.headers["Content-Security-Policy"].startswith(POLICY)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_events_too_and_they_are_not_kept(clip):
    async with serving(clip) as page, page.web.get("/events") as response:
        assert response.headers["Content-Security-Policy"].startswith(POLICY)
        assert response.headers["Cache-Control"] == "no-store"


async def test_the_video_comes_in_ranges(clip):
    async with serving(clip) as page:
        async with page.web.get("/video") as response:
            assert (response.status, response.content_type) == (200, "video/mp4")
            assert await response.read() == FILM
        async with page.web.get("/video", headers={"Range": "bytes=10-19"}) as response:
            assert (response.status, await response.read()) == (206, FILM[10:20])
            assert response.headers["Content-Range"] == f"bytes 10-19/{len(FILM)}"
        async with page.web.get("/video", headers={"Range": "bytes=9999999-"}) as response:
            assert response.status == 416


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.WEBM", "video/webm"), ("a.mov", "video/quicktime"), ("a", "application/octet-stream")],
)
async def test_the_video_says_what_it_is(tmp_path, name, kind):
    (tmp_path / name).write_bytes(FILM)
    async with serving(tmp_path / name) as page, page.web.head("/video") as response:
        assert response.content_type == kind


async def test_a_video_that_vanishes_is_told_in_words_and_captions_go_on(clip):
    gate = anyio.Event()
    async with serving(clip, final(0, "A"), gate, final(1, "B")) as page:
        clip.unlink()
        async with page.web.get("/video") as response:
            assert response.status == 404
            assert "clip.mp4 is no longer where it was" in await response.text()
        gate.set()
        assert shown(await read_events(page.web)) == {0: ["A"], 1: ["B"]}


async def test_the_captions_so_far_are_a_file(clip):
    gate = anyio.Event()
    steps = [final(1, "B & b"), *growing(2, "C"), final(0, "A"), gate]
    async with serving(clip, *steps) as page:
        await read_events(page.web, until=lambda events: shown(events).get(0) == ["A"])
        async with page.web.get("/captions.vtt") as response:
            assert response.headers["Content-Type"] == "text/vtt; charset=utf-8"
            found = webvtt.from_buffer(io.StringIO(await response.text()), format="vtt")
    assert [each.text for each in found] == ["A", "B &amp; b"]


# Whom it answers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "[", ""])
@pytest.mark.parametrize("path", ["/", "/events", "/video", "/captions.vtt"])
async def test_another_name_is_refused(clip, host, path):
    async with serving(clip) as page:
        headers = {"Host": host.format(port=port_of(page.url))}
        async with page.web.get(path, headers=headers) as response:
            assert response.status == 403
            assert f"open {page.url}" in await response.text()


async def test_a_name_that_was_given_is_answered(clip):
    async with serving(clip, names={"Page.Example"}) as page:
        async with page.web.get("/", headers={"Host": "page.EXAMPLE"}) as response:
            assert response.status == 200


def port_of(url: str) -> int:
    return int(url.rstrip("/").rpartition(":")[2])


# The playhead


async def test_a_viewer_tells_where_it_is(clip):
    async with serving(clip) as page:
        async with page.web.post("/playhead", json={"seconds": 12.5}) as response:
            assert response.status == 204
        assert page.playhead() == 12.5


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"seconds": 1}', {"Content-Type": "text/plain"}, 415),
        (b'{"seconds": 1}', {"Origin": "http://evil.example"}, 403),
        (b'{"seconds": 1}', {"Sec-Fetch-Site": "cross-site"}, 403),
        (b'{"seconds": -1}', {}, 400),
        (b'{"seconds": 1e9}', {}, 400),
        (b'{"seconds": NaN}', {}, 400),
        (b'{"second": 1}', {}, 400),
        (b"\xff", {}, 400),
        (b" " * 2000, {}, 413),
    ],
)
async def test_what_is_no_playhead_moves_nothing(clip, body, headers, status):
    headers = {"Content-Type": "application/json", **headers}
    async with serving(clip) as page:
        async with page.web.post("/playhead", data=body, headers=headers) as response:
            assert response.status == status
        assert page.playhead() == 0.0


async def test_the_window_at_the_playhead_is_asked_about_first(clip):
    gate, order = anyio.Event(), []

    def script(generation):
        order.append(generation.prompt.partition("It is second ")[2].partition(" ")[0])
        yield "A fox."
        yield Piece(finish_reason="stop")

    async def gated(cues):
        await gate.wait()
        async for each in cues:
            yield each

    playhead = Playhead()
    async with running_gateway(ScriptedEngine(script)) as url, Client(base_url=url) as client:
        async with caption(clip, every=0.25, client=client, playhead=playhead, at_once=1) as cues:
            app = create_page(clip, gated(cues), cues.tally, playhead=playhead)
            with Listener() as listener:
                async with (
                    listener.serving(app),
                    aiohttp.ClientSession(listener.url) as web,
                    web.post("/playhead", json={"seconds": 0.3}) as response,
                ):
                    assert response.status == 204
                    gate.set()
                    assert len(shown(await read_events(web))) == 4
    assert order[0] == "0"  # nothing else was cut yet
    assert order[1] == "0.25"


# What it tells


async def test_words_at_once_then_the_end(clip):
    steps = [*growing(0, "A", "A fox"), final(0, "A fox runs.")]
    async with serving(clip, *steps, seconds=1.0, every=1.0) as page:
        events = await read_events(page.web)
    [state] = events_of(events, "state")
    assert state["about"] == {"title": "clip.mp4", "seconds": 1.0, "every": 1.0}
    assert events[0].event == "state"
    assert events[-1].event == "done"
    assert shown(events) == {0: ["A fox runs."]}


async def test_the_counts_are_told_when_they_change(clip):
    gate = anyio.Event()
    async with serving(clip, final(0, "A"), gate) as page:
        await read_events(page.web, until=shown)
        page.tally.tokens = 12
        with anyio.fail_after(5):
            await read_events(page.web, until=lambda events: progress_of(events)["tokens"] == 12)
        gate.set()
        last = progress_of(await read_events(page.web))
    assert last["first_caption"] >= 0
    assert last["failure"] is None


def progress_of(events):
    """The counts that are told last."""
    states = [state["progress"] for state in events_of(events, "state")]
    return [*states, *events_of(events, "progress")][-1]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidInputError("that is no video"), "that is no video"),
        (AuthenticationError(401, message="the key is wrong"), "the key is wrong"),
        (RuntimeError("a secret"), "captioning failed"),
    ],
)
async def test_what_ends_captions_early_is_told_in_words(clip, error, told, caplog):
    async with serving(clip, final(0, "A"), error) as page:
        events = await read_events(page.web)
        again = await read_events(page.web)
    for each in (events, again):
        assert shown(each) == {0: ["A"]}
        assert told in progress_of(each)["failure"]
    assert "a secret" not in repr(events)


async def test_who_joins_late_misses_nothing_though_the_log_has_dropped_it(clip, monkeypatch):
    monkeypatch.setattr(telling, "_MAX_EVENTS", 20)
    words = [growing(window, *["x" * n for n in range(1, 6)]) for window in range(40)]
    steps = [each for n, cues in enumerate(words) for each in [*cues, final(n, f"Window {n}.")]]
    async with serving(clip, *steps) as page:
        whole = await read_events(page.web)
        late = await read_events(page.web)
        other = await read_events(page.web, "other.12")
        long_ago = await read_events(page.web, re.sub(r"\d+$", "3", whole[-1].id))
    expected = {n: [f"Window {n}."] for n in range(40)}
    for events in (whole, late, other, long_ago):
        assert shown(events) == expected
        assert events[-1].event == "done"
    assert [event.event for event in late] == ["state", "done"]
    assert [event.event for event in long_ago] == ["state", "done"]


@pytest.mark.parametrize("seed", range(3))
async def test_who_drops_off_anywhere_misses_nothing_and_sees_nothing_twice(clip, seed):
    chance = random.Random(seed)
    steps: list[Cue] = []
    for window in range(40):
        steps += [*growing(window, "a", "a b", "a b c"), final(window, f"Window {window}.")]
    events, last = [], ""
    async with serving(clip, *steps) as page:
        with anyio.fail_after(20):
            while not events or events[-1].event != "done":
                events += await read_events(page.web, last, most=chance.randrange(1, 9))
                last = events[-1].id
    told = [event for event in events if event.event != "state"]
    assert len({event.id for event in told}) == len(told)
    assert [event.event for event in events].count("state") == 1
    assert shown(events) == {n: [f"Window {n}."] for n in range(40)}


async def test_captions_that_were_there_before_are_shown(clip):
    async with serving(clip, final(1, "new"), known=[final(0, "old")]) as page:
        assert shown(await read_events(page.web)) == {-1: ["old"], 1: ["new"]}


async def test_viewers_are_let_go_when_it_ends(clip):
    with anyio.fail_after(5):
        async with aiohttp.ClientSession() as web:
            async with serving(clip, anyio.Event()) as page:
                response = await web.get(f"{page.url}events")
                await response.content.readuntil(b"state")
            assert b"event: done" not in await response.read()
