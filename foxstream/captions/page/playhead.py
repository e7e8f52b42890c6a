"""Where the viewers of a page are in the video."""

from __future__ import annotations

__all__ = ["Playhead"]


class Playhead:
    """The second of the video that was watched last; 0 before anybody watches.

    It is called to be read, as the `playhead` of `caption` is. The last viewer to move has it.
    """

    def __init__(self) -> None:
        self.seconds: float = 0.0

    def __call__(self) -> float:
        """The second, which does not move while a video plays: viewers tell it now and then."""
        return self.seconds
