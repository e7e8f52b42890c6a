"""What a model is asked about a window: what to write, how much of it, and what was before.

House rule: the same window and the same captions before it give the same words.
"""

from __future__ import annotations

from collections.abc import Sequence

from foxstream.captions.layout import Layout

__all__ = ["DEFAULT_WISH", "LAST_CAPTIONS", "prompt_for"]

LAST_CAPTIONS = 3
"""So many cues before the window are shown to the model."""

DEFAULT_WISH = "Write the caption of this video clip: say what is seen and heard in it."
_MOST_BEFORE = 600  # characters


def prompt_for(
    start: float, end: float, before: Sequence[str], layout: Layout, wish: str = DEFAULT_WISH
) -> str:
    """Ask for the caption of `start` to `end`, in seconds; `before` are the cues before it."""
    lines = [
        wish,
        f"It is second {start:g} to {end:g} of a longer video.",
        f"Use at most {layout.budget(end - start)} characters, or it cannot be read in time.",
        "Answer with the caption alone: plain text, no quotation marks, no Markdown, no preface.",
    ]
    if before:
        said = " ".join(" ".join(before[-LAST_CAPTIONS:]).split())[-_MOST_BEFORE:]
        lines.append(f"The captions before it end with: {said}")
        lines.append("Read on from there in the same language; do not repeat what they say.")
    return "\n".join(lines)
