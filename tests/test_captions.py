"""Captions of real films through a real gateway, on every event loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from foxstream import Client, Retries
from foxstream.answer import Usage
from foxstream.captions import Cue, caption
from foxstream.errors import AuthenticationError, InvalidInputError
from foxstream.gateway import (
    Fail,
    LocalEngine,
    Piece,
    ScriptedEngine,
    Think,
    Wait,
    running_gateway,
)
from foxstream.video import Cutter
from tests.films import BLUE, GREEN, RED, film, picture, recording, tone

pytestmark = pytest.mark.anyio

STOP = Piece(finish_reason="stop", usage=Usage(5, 5, 10))
FILM = film([picture(colour) for colour in (RED, GREEN, BLUE) for _ in range(10)])
LONG = film([picture((n * 4 % 256, 90, 90)) for n in range(120)], fps=2, options={"g": "8"})


@contextmanager
def gateway(script, **options) -> Iterator[str]:
    """A gateway in a thread of its own, so that it serves trio too."""
    engine = script if hasattr(script, "run") else ScriptedEngine(script)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_gateway(engine, **options)) as url,
    ):
        yield url


def second_of(generation) -> int:
    """The second of the film with which the window in question begins."""
    return int(generation.prompt.partition("It is second ")[2].partition(" ")[0])


async def captioned(url: str, source=FILM, **options) -> list[Cue]:
    async with Client(base_url=url, retries=Retries(limit=0, poll_interval=0.05)) as client:
        async with caption(source, client=client, **{"every": 1.0, **options}) as cues:
            return [cue async for cue in cues]


def finals(cues: list[Cue]) -> list[tuple[int, str]]:
    return [(cue.window, cue.text) for cue in cues if cue.final]


async def test_words_come_at_once_and_then_the_cues_of_each_window():
    def script(generation):
        yield Think("secret")
        yield "A fox "
        yield "runs."
        yield STOP

    with gateway(script) as url:
        cues = await captioned(url, at_once=1)
    assert finals(cues) == [(0, "A fox runs."), (1, "A fox runs."), (2, "A fox runs.")]
    first = [cue.text for cue in cues if cue.window == 0]
    assert first == ["A fox", "A fox runs.", "A fox runs."]
    assert "secret" not in repr(cues)
    assert [(cue.start, cue.end) for cue in cues if cue.final] == [(0, 1), (1, 2), (2, 3)]


async def test_a_bare_loop_does_too():
    with gateway(["A fox.", STOP]) as url:
        async with Client(base_url=url) as client:
            cues = caption(FILM, every=1.0, client=client)
            found = [cue async for cue in cues if cue.final]
            assert cues.tally.tokens == 30
            assert (cues.tally.windows, cues.tally.done, cues.tally.finished) == (3, 3, 3)
            assert cues.tally.tokens_after <= cues.tally.tokens_before
            with pytest.raises(StopAsyncIteration):
                await anext(cues)
    assert len(found) == 3


async def test_answers_out_of_order_are_shown_in_order():
    def script(generation):
        yield Wait(0.1 * (3 - second_of(generation)))
        yield f"Window {second_of(generation)}."
        yield STOP

    with gateway(script) as url:
        cues = await captioned(url)
    assert finals(cues) == [(0, "Window 0."), (1, "Window 1."), (2, "Window 2.")]
    assert [cue.window for cue in cues] == sorted(cue.window for cue in cues)


async def test_the_prompt_carries_the_captions_before_it():
    engine = ScriptedEngine(lambda generation: [f"Window {second_of(generation)}.", STOP])
    with gateway(engine) as url:
        await captioned(url, at_once=1)
    last = engine.seen[-1].prompt
    assert "end with: Window 0. Window 1." in last
    assert "at most 20 characters" in last
    assert all(len(seen.videos) == 1 for seen in engine.seen)


async def test_a_window_that_fails_is_marked_and_tried_again():
    tried = []

    def script(generation):
        tried.append(second_of(generation))
        yield "Half of "
        if tried.count(1) == 1 and second_of(generation) == 1:
            yield Fail("the model fell over")
        yield "it."
        yield STOP

    with gateway(script) as url:
        cues = await captioned(url)
    assert finals(cues) == [(0, "Half of it."), (1, "Half of it."), (2, "Half of it.")]
    [mark] = [cue for cue in cues if cue.error]
    assert (mark.window, mark.final, mark.text) == (1, False, "")
    assert "fell over" in mark.error
    assert sorted(tried) == [0, 1, 1, 2]


async def test_a_window_that_keeps_failing_stays_marked_and_the_others_go_on(caplog):
    caplog.set_level("INFO", "foxstream.captions")

    def script(generation):
        if second_of(generation) == 1:
            yield Fail("the model fell over")
        yield "A fox."
        yield STOP

    with gateway(script) as url:
        cues = await captioned(url, attempts=2)
    assert finals(cues) == [(0, "A fox."), (1, ""), (2, "A fox.")]
    assert [cue.final for cue in cues if cue.error] == [False, True]
    tried = [record.args for record in caplog.records if record.name == "foxstream.captions"]
    assert [(each["window"], each["attempt"]) for each in tried] == [(1, 1), (1, 2)]
    assert all("the model fell over" in each["error"] for each in tried)


async def test_an_answer_without_text_is_a_failure():
    with gateway([Think("nothing to say"), STOP]) as url:
        cues = await captioned(url, attempts=1)
    assert [cue.error for cue in cues] == ["the answer has no text"] * 3


async def test_windows_that_have_their_captions_are_not_asked_about():
    engine = ScriptedEngine(["A fox.", STOP])
    known = [
        Cue(0.0, 0.5, "Known, but not to its end.", True, 0),
        Cue(1.0, 1.6, "Known", True, 1),
        Cue(1.6, 2.0004, "to the end.", True, 1),
    ]
    with gateway(engine) as url:
        cues = await captioned(url, known=known, at_once=1)
    assert [window for window, _ in finals(cues)] == [0, 2]
    assert "Known to the end." in engine.seen[-1].prompt


@pytest.mark.alone
async def test_no_more_windows_run_than_may():
    running, most = 0, 0

    def script(generation):
        nonlocal running, most
        running += 1
        most = max(most, running)
        yield Wait(0.05)
        running -= 1
        yield "A fox."
        yield STOP

    with gateway(script) as url:
        await captioned(url, at_once=2, every=0.3)
    assert most == 2


async def test_where_the_playhead_jumps_the_captions_do_and_the_gap_is_filled():
    playhead, asked = 0.0, []

    def script(generation):
        nonlocal playhead
        asked.append(second_of(generation))
        playhead = 50.2
        yield f"Window {asked[-1]}."
        yield STOP

    with gateway(script) as url:
        cues = await captioned(url, LONG, at_once=1, playhead=lambda: playhead)
    windows = [window for window, _ in finals(cues)]
    assert asked == [0, *range(50, 60), *range(1, 50)]
    assert windows == asked
    assert all(text == f"Window {window}." for window, text in finals(cues))
    assert [cue.start for cue in cues if cue.final] == pytest.approx(asked, abs=0.04)


async def test_the_captions_at_the_playhead_are_not_held_back_by_those_before_it():
    playhead = 0.0

    def script(generation):
        nonlocal playhead
        begins = second_of(generation)
        if begins == 0:
            playhead = 30.0
            yield Wait(1.0)
        yield f"Window {begins}."
        yield STOP

    with gateway(script) as url:
        cues = await captioned(url, LONG, at_once=2, playhead=lambda: playhead)
    windows = [window for window, _ in finals(cues)]
    assert sorted(windows) == list(range(60))
    assert windows.index(30) < windows.index(0) < windows.index(3)
    behind = [window for window in windows if window >= 30]
    assert behind == sorted(behind)


async def test_shots_are_cut_from_the_beginning_wherever_the_playhead_is():
    with gateway(lambda generation: [f"Window {second_of(generation)}.", STOP]) as url:
        known = [Cue(0.0, 1.0, "Known.", True, 0)]
        options = {"shots": True, "playhead": lambda: 2.5, "at_once": 1, "known": known}
        cues = await captioned(url, **options)
    assert sorted(finals(cues)) == [(1, "Window 1."), (2, "Window 2.")]


async def test_what_is_known_is_not_even_cut(monkeypatch):
    cut = []
    one = Cutter.cut

    async def counted(cutter, number):
        cut.append(number)
        return await one(cutter, number)

    monkeypatch.setattr(Cutter, "cut", counted)
    known = [Cue(at, at + 1.0, "Known.", True, at) for at in range(40)]
    with gateway(["A fox.", STOP]) as url:
        async with Client(base_url=url) as client:
            cues = caption(LONG, every=1.0, client=client, known=known)
            found = [cue.window async for cue in cues if cue.final]
    assert found == list(range(40, 60))
    assert cut == list(range(40, 61))
    assert (cues.tally.skipped, cues.tally.seconds_skipped) == (40, 40.0)
    assert (cues.tally.windows, cues.tally.seconds) == (60, pytest.approx(20.0))


@pytest.mark.parametrize("leave", ["break", "aclose", "cancel"])
async def test_leaving_ends_every_request(leave):
    with gateway(["A fox ", Wait(60.0), STOP]) as url:
        async with Client(base_url=url) as client:
            cues = caption(FILM, every=1.0, client=client)
            run = cues._run
            with anyio.move_on_after(0.5 if leave == "cancel" else 30):
                async for _ in cues:
                    if leave != "cancel":
                        break
            if leave == "break":
                del cues
            else:
                await cues.aclose()
                with pytest.raises(StopAsyncIteration):
                    await anext(cues)
            with anyio.fail_after(5):
                await run.over()


async def test_what_was_never_begun_leaves_nothing():
    cues = caption(FILM)
    await cues.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(cues)


async def test_a_key_that_is_refused_ends_it():
    with gateway(["A fox.", STOP], api_key="right") as url:
        async with Client("wrong", base_url=url) as client:
            with pytest.raises(AuthenticationError):
                async for _ in caption(FILM, every=1.0, client=client):
                    pass


@pytest.mark.parametrize("source", [b"no video at all", recording(tone(0.2)), "/nowhere/clip.mp4"])
async def test_what_is_no_video_is_refused(source):
    with gateway(["A fox.", STOP]) as url:
        with pytest.raises(InvalidInputError):
            await captioned(url, source)


async def test_a_bad_option_is_refused_at_once():
    with pytest.raises(InvalidInputError, match="at_once"):
        caption(FILM, at_once=0)
    with pytest.raises(InvalidInputError, match="every"):
        caption(FILM, every=0)


async def test_the_local_engine_measures_every_window():
    with gateway(LocalEngine(delay=0)) as url:
        cues = await captioned(url)
    assert {window for window, _ in finals(cues)} == {0, 1, 2}
    texts = [" ".join(cue.text for cue in cues if cue.final and cue.window == n) for n in range(3)]
    for text, colour in zip(texts, ("red", "green", "blue"), strict=True):
        assert colour in text.lower()
