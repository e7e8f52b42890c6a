"""What the task behind a stream does, and what each look at it shows.

House rule: plain JSON in, plain JSON out; the task that is changed here is a completed one.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = ["Look", "Task", "showing"]

Look = Literal["busy", "running", "empty", "failed", "silent", "truth"]
"""What one look shows. `busy`: HTTP 500. `empty`: completed, but without results yet. `silent`:
completed with an empty text."""


class Task(msgspec.Struct, frozen=True):
    """Looks show it `running`, then completed but `empty`, then as it `ends`.

    Where `ends` is not the end but a state to wait in, it is that for ever. The looks whose numbers
    stand in `busy` are not answered.
    """

    running: int = 0
    empty: int = 0
    ends: Look = "truth"
    busy: tuple[int, ...] = ()

    def look(self, number: int) -> Look:
        """What the look of that number shows."""
        if number in self.busy:
            return "busy"
        number -= sum(other < number for other in self.busy)
        if number < self.running:
            return "running"
        return "empty" if number < self.running + self.empty else self.ends


def showing(look: Look, task: dict[str, Any]) -> dict[str, Any]:
    """The completed `task`, as that look shows it."""
    if look == "running":
        return task | {"status": "processing", "progress": 40, "results": None}
    if look == "empty":
        return task | {"results": None}
    if look == "failed":
        error = {"code": "upstream_error", "message": "the model is gone", "type": "task_error"}
        return task | {"status": "failed", "results": None, "error": error}
    return _without_text(task) if look == "silent" else task


def _without_text(task: dict[str, Any]) -> dict[str, Any]:
    result = task["results"][0]
    choice = result["choices"][0]
    silent = choice | {"message": choice["message"] | {"content": ""}}
    return task | {"results": [result | {"choices": [silent]}]}
