"""What a page knows and whom it answers: values in, values out."""

from __future__ import annotations

import io
import socket
from contextlib import nullcontext

import msgspec
import pytest
import webvtt

from foxstream.captions import Cue, Tally
from foxstream.captions.page import Listener, Playhead
from foxstream.captions.page.guard import guard
from foxstream.captions.page.hosts import is_own_host, is_own_page
from foxstream.captions.page.state import About, Progress, Told
from foxstream.errors import InvalidInputError

ABOUT = About("clip.mp4", 8.0, 4.0)


def cue(window: int, text: str, *, final: bool = True, error: str | None = None) -> Cue:
    return Cue(4.0 * window, 4.0 * window + 4, text, final, window, error)


def told(*values: Cue | Progress, known: tuple[Cue, ...] = ()) -> Told:
    found = Told(ABOUT, "abc", known)
    for value in values:
        found.take(value)
    return found


def state(found: Told):
    return msgspec.json.decode(found.event().data)


def texts(found: Told) -> list[tuple[int, str]]:
    return [(each["window"], each["text"]) for each in state(found)["cues"]]


def test_the_state_names_the_last_event_it_stands_for():
    assert told().event().id == "abc.-1"
    assert told(cue(0, "A"), cue(1, "B")).event().id == "abc.1"
    assert told().event().event == "state"


def test_the_state_has_what_is_final_and_what_still_grows():
    found = told(cue(1, "B", final=False), cue(0, "A"), cue(1, "B b", final=False))
    assert texts(found) == [(0, "A"), (1, "B b")]
    found.take(cue(1, "B b b."))
    assert texts(found) == [(0, "A"), (1, "B b b.")]


def test_final_cues_are_in_the_order_of_the_video_however_they_come():
    found = told(cue(2, "C"), cue(0, "A"), Cue(10.0, 12.0, "c", True, 2), cue(1, "B"))
    assert [each.text for each in found.final_cues()] == ["A", "B", "C", "c"]


def test_a_window_that_is_asked_again_keeps_its_mark_until_it_grows():
    mark = cue(0, "", final=False, error="it fell over")
    found = told(cue(0, "A", final=False), mark)
    assert state(found)["cues"][0]["error"] == "it fell over"
    found.take(cue(0, "A", final=False))
    assert state(found)["cues"] == [msgspec.to_builtins(cue(0, "A", final=False))]


def test_what_was_there_before_gives_way_to_what_is_new_at_its_time():
    known = (cue(0, "old A"), cue(0, "old B"), cue(1, "old C"))
    assert texts(told(known=known)) == [(-1, "old A"), (-2, "old B"), (-3, "old C")]
    assert texts(told(cue(0, "A"), known=known)) == [(0, "A"), (-3, "old C")]
    assert texts(told(cue(0, "A", final=False), known=known)) == [(-3, "old C"), (0, "A")]


def test_progress_replaces_progress():
    tally = Tally(windows=3, done=2, tokens=12)
    found = told(Progress(windows=1), Progress.of(tally, 0.5, "no key"))
    progress = state(found)["progress"]
    assert (progress["windows"], progress["done"], progress["tokens"]) == (3, 2, 12)
    assert (progress["first_caption"], progress["failure"]) == (0.5, "no key")


def test_the_captions_as_webvtt():
    mark = cue(1, "", error="it fell over")
    text = told(cue(2, "C"), cue(0, "a < b"), mark, cue(3, "D", final=False)).vtt()
    found = webvtt.from_buffer(io.StringIO(text), format="vtt")
    assert [(each.start, each.text) for each in found] == [
        ("00:00:00.000", "a &lt; b"),
        ("00:00:08.000", "C"),
    ]
    assert "NOTE no captions from 00:00:04.000 to 00:00:08.000: it fell over" in text


def test_a_playhead_begins_at_the_beginning():
    playhead = Playhead()
    assert playhead() == 0.0
    playhead.seconds = 3.5
    assert playhead() == 3.5


@pytest.mark.parametrize(
    ("host", "address", "own"),
    [
        ("127.0.0.1:8080", "127.0.0.1", True),
        ("localhost:8080", "127.0.0.1", True),
        ("LOCALHOST:8080", "127.0.0.1", True),
        ("[::1]:8080", "::1", True),
        ("page.example", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("127.0.0.1:8081", "127.0.0.1", False),
        ("evil.example:8080", "127.0.0.1", False),
        ("localhost.evil.example:8080", "127.0.0.1", False),
        ("192.0.2.1:8080", "127.0.0.1", False),
        ("192.0.2.1:8080", "192.0.2.1", True),
        ("192.0.2.9", "192.0.2.1", True),
        ("[2001:db8::1]:8080", "2001:db8::1", True),
        ("evil.example:8080", "192.0.2.1", False),
        ("localhost:8080", "192.0.2.1", False),
        ("", "127.0.0.1", False),
        ("[::1:8080", "::1", False),
        ("a@127.0.0.1:8080", "127.0.0.1", False),
        ("127.0.0.1:8080:8080", "127.0.0.1", False),
        ("127.0.0.1:8080\n", "127.0.0.1", False),
    ],
)
def test_whose_host_it_is(host, address, own):
    assert is_own_host(host, address, 8080, {"page.example"}) is own


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        ({"Page.Example", "192.0.2.1", "2001:db8::1"}, False),
        ([], False),
        ("page.example", True),
        ({"page.example:8080"}, True),
        ({"http://page.example/"}, True),
        ({""}, True),
    ],
)
def test_names_that_are_none_are_refused(names, refused):
    context = pytest.raises(InvalidInputError, match="names of hosts") if refused else nullcontext()
    with context:
        guard(names)


def test_without_a_port_it_is_the_usual_one():
    assert is_own_host("localhost", "127.0.0.1", 80)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"Origin": "http://localhost:8080"}, True),
        ({"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://localhost:9090"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_who_may_change_something(headers, own):
    assert is_own_page({"Host": "localhost:8080", **headers}) is own


# Where it listens


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInputError, match=rf"port {port}: another program .* or 0"):
            Listener(port=port)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 65536), ("127.0.0.1", -1)])
def test_what_is_no_port_is_refused(host, port):
    with pytest.raises(InvalidInputError, match="from 0 to 65535"):
        Listener(host, port)


def test_a_host_that_is_not_here_is_refused():
    with pytest.raises(InvalidInputError, match=r"cannot listen at '192\.0\.2\.1'"):
        Listener("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["a" * 70, "a..b"])
def test_what_is_no_name_of_a_host_is_refused(host):
    with pytest.raises(InvalidInputError, match="it is no name of a host"):
        Listener(host)


@pytest.mark.parametrize(
    ("host", "url", "private"),
    [
        ("127.0.0.1", "http://127.0.0.1:", True),
        ("localhost", "http://", True),
        ("0.0.0.0", "http://127.0.0.1:", False),
    ],
)
def test_where_a_browser_finds_it(host, url, private):
    with Listener(host) as listener:
        assert listener.url.startswith(url)
        assert listener.is_private is private
