"""The same answer told again after a cut: what was delivered is compared, what lies beyond passes.

House rule: position is what was delivered, not how many chunks brought it, because a replay may
leave keep-alive chunks out or be cut otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from foxstream import wire
from foxstream.answer import Delta, ToolCallDelta
from foxstream.deltas import Channel, Transcript
from foxstream.errors import StreamDivergedError

__all__ = ["Retelling"]


class Retelling:
    """Folds a replay into `delivered`: only what was not delivered before comes out of `add`.

    Each choice's text, reasoning and tool-call arguments are compared piece by piece; the first
    difference is a `StreamDivergedError`, and so are new words before all of the old ones were
    told again. Nothing of that read is folded in.
    """

    def __init__(self, delivered: Transcript) -> None:
        self._delivered = delivered
        self._told = Transcript()
        self._expected = delivered.channels()
        self._heard = dict.fromkeys(self._expected, 0)

    @property
    def finished(self) -> bool:
        """Whether every choice that spoke again has said how it ended."""
        return self._told.finished

    @property
    def behind(self) -> bool:
        """Whether some of what was delivered has not been told again yet."""
        return any(heard < len(self._expected[channel]) for channel, heard in self._heard.items())

    def add(self, chunks: Sequence[wire.Chunk], received_ns: int) -> list[Delta]:
        """Fold the chunks of one read in; return what is new of them."""
        fresh: list[Delta] = []
        for chunk in chunks:
            told = map(self.beyond, self._told.add((chunk,), received_ns))
            new = [delta for delta in told if delta is not None]
            if new and self.behind:
                raise StreamDivergedError("the stream leaves out now what was delivered already")
            fresh += new
        self._delivered.take(fresh)
        self._delivered.adopt(self._told)
        return fresh

    def beyond(self, delta: Delta) -> Delta | None:
        """What of one delta was not delivered before; it is not folded in."""
        index = delta.index
        text = self._new_of((index, "text"), delta.text)
        reasoning = self._new_of((index, "reasoning"), delta.reasoning)
        calls = tuple(filter(None, (self._new_call(index, call) for call in delta.tool_calls)))
        if not (text or reasoning or calls):
            return None
        return msgspec.structs.replace(delta, text=text, reasoning=reasoning, tool_calls=calls)

    def _new_call(self, index: int, call: ToolCallDelta) -> ToolCallDelta | None:
        channel = (index, f"tool_calls[{call.index}]")
        arguments = self._new_of(channel, call.arguments)
        if channel not in self._expected or arguments:
            return msgspec.structs.replace(call, arguments=arguments)
        return None

    def _new_of(self, channel: Channel, piece: str) -> str:
        expected, at = self._expected.get(channel, ""), self._heard.get(channel, 0)
        known = piece[: len(expected) - at] if at < len(expected) else ""
        if not expected.startswith(known, at):
            raise StreamDivergedError(
                f"the stream tells another answer now: {channel[1]} of choice {channel[0]} differs "
                f"from what was delivered after {at:,} characters"
            )
        if known:
            self._heard[channel] = at + len(known)
        return piece[len(known) :]
