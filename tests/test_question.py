"""What may be asked, what is refused with which words, and what is sent for it."""

from __future__ import annotations

import base64
import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream import Client, InvalidInputError
from foxstream.question import CLAUDE_MAX_TOKENS, DEFAULT_MODEL, ask
from foxstream.sources import Source
from foxstream.transports import ReplayTransport
from foxstream.wire import Submission, encode_submission

URL = "https://example.com/clip.mp4"
PNG = "data:image/png;base64,iVBORw0KGgo="
MP4 = "data:video/mp4;base64,AAAA"
WAV = "data:audio/wav;base64,UklGRg=="
USER = {"role": "user", "content": "Hi"}

ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)
DEEP: list[object] = []
for _ in range(5000):
    DEEP = [DEEP]

REFUSED = {
    "long prompt": (
        {"prompt": "x" * 100_001},
        "prompt has 100,001 characters: at most 100,000 are taken",
    ),
    "long system prompt": (
        {"prompt": "x", "system_prompt": "s" * 10_001},
        "system_prompt has 10,001 characters: at most 10,000 are taken",
    ),
    "bytes for a prompt": ({"prompt": b"x"}, "prompt is bytes: a string is needed"),
    "number for a system prompt": (
        {"prompt": "x", "system_prompt": 5},
        "system_prompt is int: a string is needed",
    ),
    "half a character": (
        {"prompt": "abc\udcff"},
        r"prompt holds '\udcff' at 3: half a character cannot be sent",
    ),
    "no model": ({"prompt": "x", "model": ""}, "model is '': the name of a model is needed"),
    "blank model": ({"prompt": "x", "model": " "}, "model is ' ': the name of a model is needed"),
    "None for a model": ({"prompt": "x", "model": None}, "model is None: the name of a model"),
    "half a model": ({"prompt": "x", "model": "\ud800"}, r"model is '\ud800': the name of"),
    "11 videos": ({"prompt": "x", "videos": [URL] * 11}, "videos has 11 items: at most 10"),
    "11 images": ({"prompt": "x", "images": [URL] * 11}, "images has 11 items: at most 10"),
    "a video that is no list": ({"prompt": "x", "videos": URL}, "videos is str: give a list"),
    "a path that is no list": ({"prompt": "x", "images": Path("a")}, "PosixPath: give a list"),
    "bytes that are no list": ({"prompt": "x", "images": b"x"}, "images is bytes: give a list"),
    "None for videos": ({"prompt": "x", "videos": None}, "videos is NoneType: give a list"),
    "a generator": ({"prompt": "x", "videos": iter([URL])}, "list_iterator: give a list"),
    "too cold": ({"prompt": "x", "temperature": -0.1}, "temperature is -0.1: a number from 0 to 2"),
    "too hot": ({"prompt": "x", "temperature": 2.1}, "temperature is 2.1: a number from 0 to 2"),
    "NaN": ({"prompt": "x", "temperature": math.nan}, "temperature is nan: a number from 0 to 2"),
    "endless": ({"prompt": "x", "temperature": math.inf}, "temperature is inf"),
    "enormous": ({"prompt": "x", "temperature": 10**400}, "temperature is 1000"),
    "true temperature": ({"prompt": "x", "temperature": True}, "temperature is True"),
    "text temperature": ({"prompt": "x", "temperature": "1"}, "temperature is '1'"),
    "no tokens": ({"prompt": "x", "max_tokens": 0}, "max_tokens is 0: a whole number from 1 on"),
    "less tokens": ({"prompt": "x", "max_tokens": -5}, "max_tokens is -5: a whole number"),
    "half a token": ({"prompt": "x", "max_tokens": 1.5}, "max_tokens is 1.5: a whole number"),
    "true tokens": ({"prompt": "x", "max_tokens": True}, "max_tokens is True: a whole number"),
    "reasoning object": ({"prompt": "x", "reasoning": {}}, "reasoning is {}: True, False or None"),
    "nothing": ({}, "there is nothing to ask: give prompt, messages or audio"),
    "empty prompt": ({"prompt": ""}, "there is nothing to ask"),
    "video alone": ({"videos": [URL]}, "there is nothing to ask"),
    "image alone": ({"images": [URL]}, "there is nothing to ask"),
    "prompt and messages": ({"prompt": "x", "messages": [USER]}, "messages is given together with"),
    "video and messages": ({"videos": [URL], "messages": [USER]}, "messages is given together"),
    "audio and messages": ({"audio": URL, "messages": [USER]}, "messages is given together with"),
    "no message": ({"messages": []}, "messages is not a list of at least one message"),
    "one message alone": ({"messages": USER}, "messages is not a list of at least one message"),
    "text messages": ({"messages": "Hi"}, "messages is not a list of at least one message"),
    "a generator of messages": ({"messages": iter([USER])}, "messages is not a list"),
    "a message that is text": ({"messages": [USER, "Hi"]}, "messages[1] is not a mapping with a"),
    "a message without role": ({"messages": [{"content": "Hi"}]}, "messages[0] is not a mapping"),
    "a role that is none": ({"messages": [{"role": 1}]}, "messages[0] is not a mapping with"),
    "messages beyond JSON": (
        {"messages": [USER | {"content": object()}]},
        "messages cannot be sent as JSON: ",
    ),
    "messages without end": (
        {"messages": [USER | {"content": ENDLESS}]},
        "messages cannot be sent as JSON: Circular reference",
    ),
    "a number that JSON does not have": (
        {"prompt": "x", "extra": {"top_p": float("nan")}},
        "extra cannot be sent as JSON: Out of range",
    ),
    "bytes that JSON does not have": (
        {"messages": [USER | {"content": b"x"}]},
        "messages cannot be sent as JSON: Object of type bytes",
    ),
    "extra nested too deeply": (
        {"prompt": "x", "extra": {"f": DEEP}},
        "extra cannot be sent as JSON: maximum recursion depth",
    ),
    "messages in half characters": (
        {"messages": [USER | {"content": "\udcff"}]},
        "messages cannot be sent as JSON: ",
    ),
    "extra that is no mapping": ({"prompt": "x", "extra": "top_p"}, "extra is str: a mapping is"),
    "extra with a known field": (
        {"prompt": "x", "extra": {"stream": True, "prompt": "y"}},
        "extra names prompt, stream: use the argument itself",
    ),
    "extra beyond JSON": ({"prompt": "x", "extra": {"f": print}}, "extra cannot be sent as JSON: "),
    "empty bytes": ({"prompt": "x", "videos": [URL, b""]}, "videos[1] is empty"),
    "empty name": ({"prompt": "x", "images": [""]}, "images[0] is '': a URL, a data URI, a path"),
    "None for a video": ({"prompt": "x", "videos": [None]}, "videos[0] is None: a URL, a data URI"),
    "a number for audio": ({"audio": 5}, "audio is 5: a URL, a data URI, a path or bytes"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_by_name_limit_and_value_and_nothing_is_sent(arguments, words):
    transport = ReplayTransport([])
    client = Client("key", base_url="http://127.0.0.1:1", transport=transport)
    with pytest.raises(InvalidInputError) as caught:
        client.stream(**arguments)
    assert words in str(caught.value)
    assert transport.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/a.mp4",
        "file:///etc/passwd",
        "gs://bucket/a.mp4",
        "javascript://example.com/%0aalert(1)",
        "://example.com/a.mp4",
        "http:///a.mp4",
        "https://:443/a.mp4",
        "http://[::1/a.mp4",
        "https://example.com/a b.mp4",
        "https://example.com/a.mp4\n",
        " https://example.com/a.mp4",
        "https://example.com/\x00.mp4",
        "https://example.com/\x7f.mp4",
        "https://example.com/\udcff.mp4",
    ],
)
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(InvalidInputError) as caught:
        ask("x", images=[URL], videos=[URL, url])
    assert str(caught.value) == f"videos[1] is {url!r}: only http and https URLs are taken"


def test_an_endless_url_is_not_repeated_in_full():
    with pytest.raises(InvalidInputError) as caught:
        ask("x", videos=["ftp://" + "x" * 10_000])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "url", [URL, "HTTP://EXAMPLE.COM", "https://exämple.com/é.mp4", "http://[::1]:8080/a?b=c#d"]
)
def test_urls_are_sent_as_they_are(url):
    assert ask("x", videos=[url]).sources == (Source("video", url, "videos[0]"),)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("data:video/mp4;base64,AAAA", "data:image/<type>;base64,<payload> is taken"),
        ("data:text/html;base64,AAAA", "data:image/<type>;base64,<payload> is taken"),
        ("data:,hello", "begins 'data:,hello'"),
        ("data:image/png,hello", "begins 'data:image/png,hello'"),
        ("data:image/;base64,AAAA", "begins 'data:image/;base64,AAAA'"),
        ("DATA:image;base64,AAAA", "begins 'DATA:image;base64,AAAA'"),
        ("data:image/png;base64,", "without data"),
        ("data:image/png;base64,A", "broken base64"),
        ("data:image/png;base64,AAA", "broken base64"),
        ("data:image/png;base64,AA==AA==", "broken base64"),
        ("data:image/png;base64,AAAA\n", "broken base64"),
        ("data:image/png;base64,AA AA", "broken base64"),
        ("data:image/png;base64,-_-_", "broken base64"),
        ("data:image/png;base64,%41%41", "broken base64"),
        ("data:image/png;base64,ÄÄÄÄ", "broken base64"),
        ("data:image/png;base64,\udcff", "broken base64"),
        ("data:image/png;base64,====", "broken base64"),
    ],
)
def test_a_data_uri_of_the_wrong_type_or_with_broken_base64_is_refused(uri, words):
    with pytest.raises(InvalidInputError) as caught:
        ask("x", images=[PNG, uri])
    assert str(caught.value).startswith("images[1] is a data URI")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "uri",
    [PNG, "DATA:IMAGE/PNG;BASE64,AAAA", "data:image/svg+xml;charset=utf-8;base64,AA=="],
)
def test_data_uris_are_sent_as_they_are(uri):
    assert ask("x", images=[uri]).sources[0].value == uri


def test_a_string_that_is_neither_url_nor_data_uri_is_a_path():
    question = ask("x", videos=["clip.mp4", Path("b.mp4"), b"bytes"], audio="~/sound.wav")
    assert [source.value for source in question.sources] == [
        Path("clip.mp4"),
        Path("b.mp4"),
        b"bytes",
        Path("~/sound.wav"),
    ]
    assert [source.field for source in question.sources] == [
        "videos[0]", "videos[1]", "videos[2]", "audio"
    ]  # fmt: skip


def test_whatever_has_a_path_is_a_path(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"x")
    (entry,) = os.scandir(tmp_path)
    assert ask("x", videos=[entry]).sources[0].value == tmp_path / "a.mp4"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://www.youtube.com/shorts/a_B-9", "https://www.youtube.com/watch?v=a_B-9"),
        ("https://youtube.com/shorts/ab/", "https://www.youtube.com/watch?v=ab"),
        ("https://M.YouTube.com/shorts/ab?t=3", "https://www.youtube.com/watch?v=ab"),
        ("https://www.youtube.com/watch?v=ab", "https://www.youtube.com/watch?v=ab"),
        ("https://youtu.be/ab", "https://youtu.be/ab"),
        ("https://notyoutube.com/shorts/ab", "https://notyoutube.com/shorts/ab"),
        ("https://www.youtube.com/shorts/", "https://www.youtube.com/shorts/"),
    ],
)
def test_shorts_are_sent_as_the_video_they_are(given, sent):
    assert ask("x", videos=[given]).sources[0].value == sent


def sent(question, urls=(), **flags) -> dict:
    return json.loads(encode_submission(question.submission(urls, **flags), question.extra))


def test_the_limits_themselves_are_allowed():
    question = ask(
        "x" * 100_000,
        system_prompt="s" * 10_000,
        videos=[URL] * 10,
        temperature=2,
        max_tokens=1,
    )
    body = sent(question, [URL] * 10)
    assert len(body["prompt"]) == 100_000
    assert len(body["video_urls"]) == 10
    assert (body["temperature"], body["max_tokens"]) == (2, 1)
    assert ask("x", temperature=0).temperature == 0


def test_text():
    question = ask("Hi", system_prompt="Be brief.", reasoning=False)
    assert sent(question, stream=True) == {
        "model": DEFAULT_MODEL,
        "prompt": "Hi",
        "system_prompt": "Be brief.",
        "reasoning": False,
        "stream": True,
    }


@pytest.mark.parametrize(
    ("media", "field", "value"),
    [
        ({"videos": [URL, MP4]}, "video_urls", ["u0", "u1"]),
        ({"images": [PNG]}, "image_urls", ["u0"]),
        ({"audio": WAV}, "audio_url", "u0"),
    ],
)
def test_one_kind_of_media_has_its_own_variant(media, field, value):
    question = ask("Hi", **media)
    urls = [f"u{at}" for at, _ in enumerate(question.sources)]
    assert sent(question, urls) == {"model": DEFAULT_MODEL, "prompt": "Hi", field: value}


def test_audio_needs_no_prompt():
    assert sent(ask(audio=WAV), ["u"]) == {"model": DEFAULT_MODEL, "audio_url": "u"}


def test_several_kinds_go_to_custom_with_blocks():
    question = ask("Hi", videos=[URL], images=[PNG], audio=WAV, system_prompt="Be brief.")
    assert sent(question, ["v", "i", "a"], sync=True) == {
        "model": DEFAULT_MODEL,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hi"},
                    {"type": "video_url", "video_url": {"url": "v"}},
                    {"type": "image_url", "image_url": {"url": "i"}},
                    {"type": "audio_url", "audio_url": {"url": "a"}},
                ],
            },
        ],
        "sync": True,
    }


def test_audio_beside_pictures_needs_no_prompt_either():
    body = sent(ask(images=[PNG], audio=WAV), ["i", "a"])
    assert [block["type"] for block in body["messages"][0]["content"]] == ["image_url", "audio_url"]


def test_messages_are_sent_as_they_are_after_the_system_prompt():
    block = {"type": "text", "text": "Hi", "unknown": [None, 1.5]}
    messages = ({"role": "user", "content": [block], "name": "n"},)
    assert sent(ask(messages=messages, system_prompt="Be brief.")) == {
        "model": DEFAULT_MODEL,
        "messages": [{"role": "system", "content": "Be brief."}, *messages],
    }


def test_messages_are_copied_when_they_are_checked():
    message = {"role": "user", "content": "Hi"}
    question = ask(messages=[message])
    message["content"] = "changed"
    assert sent(question)["messages"] == [USER]


@pytest.mark.parametrize(
    ("arguments", "urls", "max_tokens"),
    [
        ({"messages": [USER]}, (), CLAUDE_MAX_TOKENS),
        ({"messages": [USER], "max_tokens": 5}, (), 5),
        ({"prompt": "x", "videos": [URL], "images": [PNG]}, ("v", "i"), CLAUDE_MAX_TOKENS),
        ({"prompt": "x"}, (), None),
        ({"prompt": "x", "images": [PNG]}, ("i",), None),
    ],
)
def test_claude_is_told_its_limit_on_custom_alone(arguments, urls, max_tokens):
    assert CLAUDE_MAX_TOKENS == 8192
    assert sent(ask(model="claude-opus-4-7", **arguments), urls).get("max_tokens") == max_tokens
    assert sent(ask(model="gpt-5.5", **arguments), urls).get("max_tokens") == (
        arguments.get("max_tokens")
    )


def test_extra_fields_ride_along():
    body = sent(ask("Hi", extra={"top_p": 0.5, "stop": ["a"], "user": None}))
    assert body == {
        "model": DEFAULT_MODEL, "prompt": "Hi", "top_p": 0.5, "stop": ["a"], "user": None
    }  # fmt: skip


@pytest.mark.parametrize("field", sorted({*Submission.__struct_fields__} - {"reasoning"}))
def test_extra_may_name_no_known_field(field):
    with pytest.raises(InvalidInputError, match=f"extra names {field}: use the argument itself"):
        ask("x", extra={field: None})


def test_as_many_urls_as_sources():
    with pytest.raises(ValueError, match="zip"):
        ask("x", videos=[URL]).submission([])


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=5)
    | st.binary(max_size=3)
    | st.sampled_from([URL, PNG, MP4, "ftp://x", Path("a"), 10**400, object()]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)
ARGUMENTS = [
    "prompt", "model", "messages", "videos", "images", "audio", "system_prompt", "max_tokens",
    "temperature", "reasoning", "extra",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(ARGUMENTS), ANYTHING, max_size=4))
def test_any_arguments_are_sent_or_refused(arguments):
    try:
        question = ask(**arguments)
    except InvalidInputError:
        return
    urls = ["https://u"] * len(question.sources)
    assert json.loads(encode_submission(question.submission(urls), question.extra))["model"]


@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_in_base64_are_a_data_uri(data):
    uri = "data:video/mp4;base64," + base64.b64encode(data).decode()
    assert ask("x", videos=[uri]).sources[0].value == uri
