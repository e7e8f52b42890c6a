"""`foxstream bench --explain`: how each figure is made."""

from __future__ import annotations

from foxstream.bench.metrics import SPANS
from foxstream.bench.page.spans import FORMULAS
from foxstream.cli.screen import Screen

__all__ = ["explain"]

_ABOUT = {name: span.about for name, span in SPANS.items()} | {
    "itl": "between two reads that carried tokens, of all requests together",
    "tpot": "for each token after the first, by the service's own count",
}


async def explain(screen: Screen) -> None:
    """A line for each figure; on a terminal what is too long for one goes below."""
    for name, formula in FORMULAS.items():
        head = f"{name} = {formula}"
        below = screen.live and len(head) + len(_ABOUT[name]) + 2 > screen.width
        screen.say(name, "bold")
        screen.say(f" = {formula}")
        screen.say(f"\n    {_ABOUT[name]}\n" if below else f"  {_ABOUT[name]}\n", "dim")
