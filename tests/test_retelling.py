"""A replay held against what was delivered."""

from __future__ import annotations

import msgspec
import pytest

from foxstream import StreamDivergedError, wire
from foxstream.deltas import Transcript
from foxstream.retelling import Retelling


def chunk(content: str, finish: str | None = None) -> wire.Chunk:
    choice = {"delta": {"content": content}, "finish_reason": finish}
    return wire.decode_chunk(msgspec.json.encode({"choices": [choice]}))


def delivered(*texts: str) -> Transcript:
    transcript = Transcript()
    transcript.add([chunk(text) for text in texts], 0)
    return transcript


def test_only_what_lies_beyond_comes_out():
    transcript = delivered("Hel", "lo")
    retelling = Retelling(transcript)
    assert retelling.behind
    assert retelling.add([chunk("H"), chunk("e")], 1) == []
    assert [delta.text for delta in retelling.add([chunk("llo you")], 1)] == [" you"]
    assert not retelling.behind
    assert transcript.completion().text == "Hello you"


def test_the_end_is_that_of_the_replay():
    transcript = delivered("Hello")
    retelling = Retelling(transcript)
    retelling.add([chunk("Hello")], 1)
    assert not retelling.finished
    retelling.add([chunk("", "stop")], 1)
    assert retelling.finished
    assert transcript.completion().finish_reason == "stop"


def test_the_first_difference_folds_nothing_in():
    transcript = delivered("Hello")
    with pytest.raises(StreamDivergedError, match=r"text of choice 0 .* 3 characters"):
        retelling = Retelling(transcript)
        retelling.add([chunk("Hel")], 1)
        retelling.add([chunk("p")], 1)
    assert transcript.completion().text == "Hello"


def thought(text: str) -> wire.Chunk:
    return wire.Chunk(choices=[wire.ChunkChoice(delta=wire.ChunkDelta(reasoning_content=text))])


def test_new_words_before_all_the_old_ones_are_a_divergence():
    transcript = Transcript()
    transcript.add([thought("hm, "), thought("so")], 0)
    with pytest.raises(StreamDivergedError, match="leaves out"):
        Retelling(transcript).add([thought("hm, "), chunk("Hello")], 1)
    assert transcript.completion().text == ""
    retelling = Retelling(transcript)
    assert [d.text for d in retelling.add([thought("hm, so"), chunk("Hello")], 1)] == ["Hello"]
