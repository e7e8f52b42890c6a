"""An answer as it comes: as text for people, or as JSON lines for programs.

House rule: text is the answer and nothing else. Reasoning is shown, dimmed, where the answer goes
to a terminal, and left out where it goes to a file or a pipe; JSON has all of it.
"""

from __future__ import annotations

import asyncio
from typing import Literal, Protocol

import msgspec

import foxstream
from foxstream.answer import Completion, Delta
from foxstream.cli.harmless import harmless_json
from foxstream.cli.screen import Screen
from foxstream.errors import FoxError
from foxstream.progress import Timings

__all__ = ["Display", "Ending", "JsonDisplay", "TextDisplay", "display_for", "follow"]

_SECONDS = ("ttft", "ttft_text", "ttft_reasoning", "e2e")


class Ending(msgspec.Struct, frozen=True):
    """How an answer ended; `error` is why, where it did not end by itself."""

    completion: Completion | None
    timings: Timings
    task_id: str | None
    error: BaseException | None = None


class Display(Protocol):
    """Shows one answer."""

    def add(self, delta: Delta) -> None:
        """Show what came."""
        ...

    def end(self, ending: Ending) -> None:
        """Show how it ended."""
        ...


class TextDisplay:
    """The text of choice 0 as it comes; in the end, for who watches or `always`, a summary."""

    def __init__(self, screen: Screen, *, always: bool = False) -> None:
        self._screen = screen
        self._summing_up = always or screen.watched
        self._pieces = 0
        self._part: Literal["", "reasoning", "answer"] = ""

    def add(self, delta: Delta) -> None:
        """Write the text, and on a terminal the reasoning."""
        self._pieces += 1
        if delta.index:
            return
        if delta.reasoning and self._screen.live:
            self._turn_to("reasoning")
            self._screen.say(delta.reasoning, "dim", wrapped=True)
        if delta.text:
            self._turn_to("answer")
            self._screen.say(delta.text, wrapped=True)

    def end(self, ending: Ending) -> None:
        """End the line, and tell what the text does not show."""
        self._screen.end_line()
        completion = ending.completion
        if ending.error is not None or completion is None:
            return
        if not completion.text:
            self._screen.note("the answer has no text")
        if completion.finish_reason == "length":
            self._screen.note("the answer was cut at its token limit; --max-tokens raises it")
        if self._summing_up:
            if self._screen.live:
                self._screen.note("")
            self._screen.note(summary(ending, completion, self._pieces))

    def _turn_to(self, part: Literal["reasoning", "answer"]) -> None:
        """Set reasoning and answer apart: by an empty line, or by headings without dimming."""
        screen, before = self._screen, self._part
        self._part = part
        if part == before or not screen.live:
            return
        if before:
            screen.end_line()
            screen.say("\n")
        if not screen.styled and (before or part == "reasoning"):
            screen.say(f"[{part}]\n")


class JsonDisplay:
    """A line for each delta, and a last one with `completion`, `timings`, `task_id`, `error`."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def add(self, delta: Delta) -> None:
        """Write the fields of the delta."""
        self._line(delta)

    def end(self, ending: Ending) -> None:
        """Write the last line."""
        timings = ending.timings
        instants = [name for name in timings.__struct_fields__ if name != "token_reads"]
        self._line(
            {
                "completion": ending.completion,
                "timings": {name: getattr(timings, name) for name in (*instants, *_SECONDS)},
                "task_id": ending.task_id,
                "error": None if ending.error is None else _as_mapping(ending.error),
            }
        )

    def _line(self, value: object) -> None:
        self._screen.say(harmless_json(msgspec.json.encode(value).decode()) + "\n")


def _as_mapping(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__name__, "message": str(error) or "interrupted"}


def display_for(screen: Screen, *, as_json: bool) -> Display:
    """The display that the options ask for."""
    return JsonDisplay(screen) if as_json else TextDisplay(screen)


async def follow(
    answer: foxstream.Stream, display: Display, screen: Screen, *, lasting: bool
) -> None:
    """Show an answer to its end; who leaves early is told how to come back to a `lasting` task."""
    try:
        async with answer:
            async for delta in answer:
                display.add(delta)
            completion = await answer.get_final_completion()
    except (FoxError, asyncio.CancelledError) as error:
        display.end(Ending(answer.completion, answer.timings, answer.task_id, error))
        if lasting and answer.task_id and isinstance(error, asyncio.CancelledError):
            screen.note(f"interrupted; follow it again with: foxstream tail {answer.task_id}")
        raise
    display.end(Ending(completion, answer.timings, answer.task_id))


def summary(ending: Ending, completion: Completion, pieces: int) -> str:
    """One line of what can be measured: time to first token, whole time, tokens, task."""
    timings, usage = ending.timings, completion.usage
    counted = usage.completion_tokens if usage else None
    facts = (
        None if timings.ttft is None else f"first token after {timings.ttft:.2f} s",
        None if timings.e2e is None else f"whole answer in {timings.e2e:.2f} s",
        f"{pieces} pieces" if counted is None else f"{counted} tokens",
        f"{timings.reconnects} reconnects" if timings.reconnects else None,
        ending.task_id,
    )
    return ", ".join(fact for fact in facts if fact)
