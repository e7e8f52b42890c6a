"""The line that tells what a silent stream is doing, and vanishes when it speaks.

House rule: it takes one line of the terminal and leaves none behind.
"""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.theme import Theme

__all__ = ["StatusLine"]


_THEME = Theme({"progress.elapsed": "dim", "progress.percentage": "none", "bar.back": "dim"})
_SPINNER, _TEXT = SpinnerColumn(style="cyan"), TextColumn("{task.description}", markup=False)
_BAR = BarColumn(32, complete_style="cyan", finished_style="cyan")
_PERCENT, _ELAPSED = TextColumn("{task.percentage:3.0f}%"), TimeElapsedColumn()


class StatusLine:
    """A spinner, the step, a bar where its share is known, and how long it has lasted."""

    def __init__(self, console: Console) -> None:
        console.push_theme(_THEME)
        self._progress = Progress(
            console=console, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._task = self._progress.add_task("", total=1.0)
        self._text = ""

    @property
    def shown(self) -> bool:
        """Whether it is on the terminal now."""
        return self._progress.live.is_started

    def show(self, text: str, share: float | None = None) -> None:
        """Show a step and the share done of it, from 0 to 1; a new step starts its own clock."""
        bar = () if share is None else (_BAR, _PERCENT)
        self._progress.columns = (_SPINNER, _TEXT, *bar, _ELAPSED)
        if text != self._text:
            self._text = text
            self._progress.reset(self._task, description=text)
        self._progress.update(self._task, completed=share or 0.0)
        self._progress.start()

    def clear(self) -> None:
        """Take it away."""
        self._progress.stop()
        self._text = ""
