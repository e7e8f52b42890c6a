"""Answers that need no memory: the id of a task tells what is said, and since when."""

from __future__ import annotations

import random
import time
from typing import NamedTuple, Self

import anyio

from tests.script import as_json, chunk

__all__ = ["Answer", "Said"]

_WORDS = (
    *("a fox ", "runs ", "and ", "then ", "héllo ", "e\u0301 ", "狐 ", "🦊🦊 "),
    *("שלום ", "\u2028", "\n"),
)


class Said(NamedTuple):
    """What a reader heard, or should have."""

    reasoning: str
    text: str


class Answer(NamedTuple):
    """`pieces` chunks, one every `pace` seconds from `began` on; the first third is reasoning."""

    seed: int
    pieces: int
    pace: float
    began: float

    @classmethod
    def to(cls, prompt: str) -> Self:
        """The answer to `"<seed>:<pieces>:<pace>"`, beginning now."""
        return cls.of(f"task:{prompt}:{time.time():.3f}")

    @classmethod
    def of(cls, task_id: str) -> Self:
        _, seed, pieces, pace, began = task_id.split(":")
        return cls(int(seed), int(pieces), float(pace), float(began))

    @property
    def task_id(self) -> str:
        return f"task:{self.seed}:{self.pieces}:{self.pace}:{self.began:.3f}"

    @property
    def said(self) -> Said:
        words = self._words()
        return Said("".join(words[: self._thoughts]), "".join(words[self._thoughts :]))

    @property
    def finished(self) -> bool:
        return time.time() >= self.began + self.pieces * self.pace

    async def wait(self, piece: int | None = None) -> None:
        """Wait until `piece` is said; without one, until all are."""
        due = self.began + self.pace * (self.pieces if piece is None else piece)
        await anyio.sleep(max(0.0, due - time.time()))

    def events(self) -> list[bytes]:
        """The answer as `chunk` events."""
        return [
            chunk(reasoning_content=word) if at < self._thoughts else chunk(word)
            for at, word in enumerate(self._words())
        ]

    def task(self) -> bytes:
        """The task as a poll finds it now."""
        if not self.finished:
            return as_json({"id": self.task_id, "status": "processing"})
        message = {"role": "assistant", "content": self.said.text}
        results = [{"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}]
        return as_json({"id": self.task_id, "status": "completed", "results": results})

    @property
    def _thoughts(self) -> int:
        return self.pieces // 3

    def _words(self) -> list[str]:
        return random.Random(self.seed).choices(_WORDS, k=self.pieces)
