"""`foxstream demo`: a real video, a real connection, a real answer, and nothing to set up."""

from __future__ import annotations

from foxstream.cli.answers import TextDisplay, follow
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.cli.session import Target, opened
from foxstream.video import make_clip

__all__ = ["demo"]

_QUESTION = "What is happening in this video?"


def demo() -> Job:
    """See the answer about a small video come, token by token. No key, no network.

    A clip is made and sent over HTTP to the embedded gateway, whose engine measures it and tells
    what it found. It is no language model.
    """
    return _demo


async def _demo(screen: Screen) -> None:
    screen.status("making a clip")
    clip = await make_clip()
    async with opened(Target(local=True)) as session:
        screen.note(
            f"A clip of {len(clip) / 1000:.0f} kB goes to the embedded gateway: "
            "no key, no network, no language model."
        )
        screen.head(f"{_QUESTION}\n")
        answer = session.client.stream(
            _QUESTION, videos=[clip], reasoning=True, on_status=screen.report
        )
        await follow(answer, TextDisplay(screen, always=True), screen, lasting=False)
    screen.note('The same with a video of yours: foxstream ask --local "..." --video PATH')
