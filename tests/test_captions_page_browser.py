"""The caption page in a real browser: words as they come, seeking, cuts, and how it looks."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from foxstream.answer import Usage
from foxstream.bench.ink import contrast
from foxstream.gateway import Fail, Piece, ScriptedEngine, Think, Wait, running_gateway
from tests.films import BLUE, GREEN, GREY, RED, film, picture, real_video
from tests.needed import CHROMIUM
from tests.terminal import FOXSTREAM, bare_environment
from tests.test_bench_page import COLOURS, hexed

STOP = Piece(finish_reason="stop", usage=Usage(5, 5, 10))
SHOTS = os.environ.get("FOXSTREAM_SHOTS")
PATIENCE = 60.0  # seconds

TRACK = "[...document.querySelector('video').textTracks[0].cues].map(cue => cue.text)"
LINES = "[...document.querySelectorAll('#lines li span')].map(each => each.textContent)"
CURRENT = "document.querySelector('#lines [aria-current]')?.textContent"
UNNAMED = """() => [...document.querySelectorAll('button, a, input, video, section, [role]')]
  .filter(node => !node.closest('[hidden]') && node.tagName !== 'VIDEO')
  .filter(node => !(node.textContent.trim() || node.getAttribute('aria-label') ||
    node.getAttribute('aria-labelledby')))
  .map(node => node.outerHTML)"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("films") / "colours.mp4"
    colours = (RED, GREEN, BLUE, GREY) * 5
    path.write_bytes(film(picture(colour, 320, 180) for colour in colours for _ in range(10)))
    return path


@contextmanager
def captioning(video: Path, *arguments: str, env: dict[str, str] | None = None) -> Iterator[str]:
    """`foxstream caption VIDEO --serve`; the URL of its page."""
    command = [*FOXSTREAM, "caption", str(video), "--serve", "0", *arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, env=bare_environment() | (env or {}), **options) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def gateway(script) -> Iterator[dict[str, str]]:
    """A gateway that plays a script; the environment that leads to it."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_gateway(ScriptedEngine(script))) as url,
    ):
        yield {"FOXAPI_BASE_URL": url}


def second_of(generation) -> int:
    return int(float(generation.prompt.partition("It is second ")[2].partition(" ")[0]))


@contextmanager
def viewing(browser, url: str, **options) -> Iterator[object]:
    """The page at `url`; what its console says is its `problems`."""
    view = browser.new_page(**{"viewport": {"width": 1200, "height": 800}, **options})
    view.problems = []
    view.set_default_timeout(PATIENCE * 1000)
    view.on("console", lambda message: view.problems.append(message.text))
    view.on("pageerror", lambda error: view.problems.append(str(error)))
    try:
        view.goto(url)
        yield view
    finally:
        view.close()


def until(view, expression: str) -> None:
    """Wait until it is true; playwright's own way to wait is what the page forbids: `eval`."""
    deadline = time.monotonic() + PATIENCE
    while not view.evaluate(expression):
        assert time.monotonic() < deadline, f"{expression} never came; {view.inner_text('body')}"
        view.wait_for_timeout(20)


def picture_of(view, name: str, **options) -> bytes:
    """What it looks like; kept in the folder `FOXSTREAM_SHOTS`, where there is one."""
    shot = view.screenshot(**options)
    if SHOTS:
        (Path(SHOTS) / f"{name}.png").write_bytes(shot)
    return shot


class Wire:
    """A relay of bytes to `port` of this machine that can be cut, and mended again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._sockets = []

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._sockets += [near, far]
                for way in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while block := one.recv(65536):
                other.sendall(block)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def test_captions_of_a_real_video_come_while_it_plays(browser):
    video = real_video("bigbuckbunny.mp4")
    with captioning(video, "--every", "1s", "--local") as url, viewing(browser, url) as view:
        until(view, f"{LINES}.length > 0")
        view.evaluate("document.querySelector('video').play()")
        until(view, f"({CURRENT} ?? '').length > 0")
        until(view, "document.querySelector('video').textTracks[0].activeCues.length > 0")
        until(view, "link.dataset.link === 'done'")
        until(view, "counts.textContent === '5 of 5 done'")
        lines = view.evaluate(LINES)
        track = view.evaluate(TRACK)
        assert [line.replace("\n", " ") for line in track] == lines
        assert "Green" in lines[0]
        assert view.evaluate("Number(tokens.textContent.replace(',', ''))") > 100
        assert view.problems == []


def test_words_are_on_the_screen_at_once_and_reasoning_never_is(browser, clip):
    def script(generation):
        yield Think("a secret thought")
        yield "A fox "
        yield Wait(3.0)
        yield "runs & <b>jumps</b>."
        yield STOP

    with gateway(script) as env, captioning(clip, "--every", "10", env=env) as url:
        with viewing(browser, url) as view:
            until(view, f"{TRACK}[0] === 'A fox'")
            assert view.evaluate(LINES) == ["A fox"]
            assert view.evaluate("said.textContent") == ""
            until(view, "link.dataset.link === 'done'")
            assert view.evaluate(LINES) == ["A fox runs & <b>jumps</b>."] * 2
            shown = "A fox runs &amp; &lt;b&gt;jumps&lt;/b&gt;."
            assert view.evaluate(TRACK) == [shown] * 2
            assert view.evaluate("said.childElementCount") == 2
            assert "secret" not in view.content()
            assert view.problems == []


def test_seeking_by_the_transcript_the_timeline_and_the_keyboard(browser, clip):
    def script(generation):
        yield f"Window {second_of(generation)}."
        yield STOP

    with gateway(script) as env, captioning(clip, "--every", "2", env=env) as url:
        with viewing(browser, url) as view:
            until(view, "link.dataset.link === 'done'")
            until(view, "document.querySelector('video').readyState >= 1")
            view.get_by_role("button", name="Window 12.").click()
            until(view, "Math.abs(document.querySelector('video').currentTime - 12) < 0.1")
            until(view, f"{CURRENT}?.endsWith('Window 12.')")
            box = view.locator("#seek").bounding_box()
            view.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
            until(view, f"{CURRENT}?.endsWith('Window 4.')")
            view.get_by_role("slider", name="Place in the video").press("Home")
            until(view, f"{CURRENT}?.endsWith('Window 0.')")
            assert view.locator("#seek").get_attribute("aria-valuetext").startswith("0:00 of 0:20")
            view.get_by_role("slider", name="Place in the video").press("ArrowRight")
            until(view, f"{CURRENT}?.endsWith('Window 4.')")
            view.get_by_role("slider", name="Place in the video").press("ArrowLeft")
            until(view, f"{CURRENT}?.endsWith('Window 0.')")
            view.get_by_role("button", name="Window 6.").press("Enter")
            until(view, f"{CURRENT}?.endsWith('Window 6.')")
            toggle = view.get_by_role("button", name="Captions on video")
            toggle.click()
            assert toggle.get_attribute("aria-pressed") == "false"
            assert view.evaluate("document.querySelector('video').textTracks[0].mode") == "hidden"
            assert view.problems == []


def test_a_cut_is_told_and_leaves_no_gap_and_nothing_twice(browser, clip):
    def script(generation):
        for word in ("Window ", f"{second_of(generation)} ", "is ", "here."):
            yield word
            yield Wait(0.05)
        yield STOP

    arguments = ("--every", "1", "--at-once", "1")
    with gateway(script) as env, captioning(clip, *arguments, env=env) as url:
        port = int(re.search(r":(\d+)/", url)[1])
        wire = Wire(port)
        # The page answers its own port alone, so the browser is led to the wire below its name.
        with rerouted(browser, port, wire.port) as view:
            view.goto(url)
            cuts = 0
            while cuts < 3 and view.evaluate("link.dataset.link") != "done":
                before = len(view.evaluate(LINES))
                until(view, f"{LINES}.length > {before + 1} || link.dataset.link === 'done'")
                cuts += view.evaluate("link.dataset.link") == "live" and cut_and_mended(view, wire)
            assert cuts > 0
            until(view, "link.dataset.link === 'done'")
            expected = [f"Window {second} is here." for second in range(20)]
            assert view.evaluate(LINES) == expected
            assert view.evaluate(TRACK) == expected
        wire.cut()


def cut_and_mended(view, wire: Wire) -> bool:
    """Whether the page told that the connection was lost, and came back."""
    wire.cut()
    until(view, "link.dataset.link !== 'live'")
    told = view.evaluate("link.textContent").startswith("Connection lost, reconnecting")
    time.sleep(0.3)  # words are missed meanwhile
    wire.mend()
    until(view, "['live', 'done'].includes(link.dataset.link)")
    return told


@contextmanager
def rerouted(browser, port: int, to: int) -> Iterator[object]:
    """A page of a browser for which `port` of this machine is `to`."""
    rule = f"--host-resolver-rules=MAP 127.0.0.1:{port} 127.0.0.1:{to}"
    other = browser.browser_type.launch(
        executable_path=str(CHROMIUM), args=["--no-sandbox", rule], timeout=60_000
    )
    view = other.new_page()
    view.set_default_timeout(PATIENCE * 1000)
    yield view
    other.close()


def test_a_program_that_is_gone_is_told(browser, clip):
    with gateway(["A fox ", Wait(60.0)]) as env:
        with captioning(clip, "--every", "10", env=env) as url:
            view = browser.new_page()
            view.goto(url)
            until(view, f"{LINES}.length > 0")
        until(view, "link.textContent.startsWith('No answer: foxstream')")
        assert view.evaluate(LINES) == ["A fox"]
        view.close()


def test_a_video_that_no_browser_plays_is_told_and_captions_go_on(browser, tmp_path):
    video = tmp_path / "clip.avi"
    frames = [picture(RED, 320, 180)] * 20
    video.write_bytes(film(frames, codec="mpeg4", container="avi"))
    with gateway(["A fox.", STOP]) as env, captioning(video, "--every", "1", env=env) as url:
        with viewing(browser, url) as view:
            until(view, "trouble.textContent.startsWith('This browser cannot play the video')")
            until(view, "link.dataset.link === 'done'")
            view.locator("#lines button").last.click()
            assert view.evaluate(CURRENT) == "0:01A fox."


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390)]
)
def test_it_reads_well(browser, clip, scheme, width):
    def script(generation):
        second = second_of(generation)
        if second == 8:
            yield Fail("the model fell over")
        yield f"A fox crosses the frozen lake in second {second} "
        if second == 12:
            yield Wait(60.0)
        yield "and looks back."
        yield STOP

    look = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    arguments = ("--every", "4", "--at-once", "4")
    with gateway(script) as env, captioning(clip, *arguments, env=env) as url:
        with viewing(browser, url, **look) as view:
            until(view, "counts.textContent.includes('1 failed')")
            until(view, f"{LINES}.at(-1)?.includes('second 12')")
            view.evaluate("document.querySelector('video').currentTime = 4.5")
            until(view, f"({CURRENT} ?? '').includes('second 4')")
            # Window 16 may be there, but it waits for its turn behind the one that is live.
            until(view, "counts.textContent === '2 of 5 done, 1 live, 1 failed'")
            assert picture_of(view, f"page-{scheme}-{width}", full_page=width < 500)
            assert view.evaluate("document.documentElement.scrollWidth") <= width
            colours = {tuple(map(hexed, pair)) for pair in view.evaluate(COLOURS) if all(pair)}
            assert {pair: contrast(*pair) for pair in colours if contrast(*pair) < 4.5} == {}
            assert view.evaluate(UNNAMED) == []
            assert view.problems == []
