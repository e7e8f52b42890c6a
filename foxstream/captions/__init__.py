"""Captions: from a video to words on the screen, window by window.

    async for cue in foxstream.captions.caption("clip.mp4", every=4.0, client=client):
        show(cue.start, cue.end, cue.text, cue.final)

    cue, layout, tally                plain values
    breaking, phrases                 how words become lines
    cues                              deltas -> partial and final cues
    prompts, planning, ordering       what is asked, when, and in which order it is shown
    course, spans, known              which window is cut next, and which need not be
    captioning, running, asking       those that wait; background, on any event loop
    formats, files                    WebVTT, SubRip and JSON lines

House rule: nothing is imported until it is asked for. Needs the extra `captions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxstream._lazy import Load, Names, lazy_names

if TYPE_CHECKING:
    from foxstream.captions.captioning import Captions, caption
    from foxstream.captions.cue import Cue
    from foxstream.captions.files import CueFile
    from foxstream.captions.formats import JSON_LINES, SRT, VTT, Format
    from foxstream.captions.layout import Layout
    from foxstream.captions.tally import Tally

__all__ = [
    "JSON_LINES",
    "SRT",
    "VTT",
    "Captions",
    "Cue",
    "CueFile",
    "Format",
    "Layout",
    "Tally",
    "caption",
]

__getattr__: Load
__dir__: Names
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "JSON_LINES": "foxstream.captions.formats",
        "SRT": "foxstream.captions.formats",
        "VTT": "foxstream.captions.formats",
        "Captions": "foxstream.captions.captioning",
        "Cue": "foxstream.captions.cue",
        "CueFile": "foxstream.captions.files",
        "Format": "foxstream.captions.formats",
        "Layout": "foxstream.captions.layout",
        "Tally": "foxstream.captions.tally",
        "caption": "foxstream.captions.captioning",
    },
)
