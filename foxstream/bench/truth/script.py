"""What the truth is to be: when the first token is sent, and how the others follow."""

from __future__ import annotations

import msgspec

from foxstream.errors import InvalidInputError

__all__ = ["Script", "script_of"]


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer of `chunks` tokens: the first after `lead` seconds, then one each `interval`.

    The first `reasoning` of them are reasoning. With `empty`, that many chunks without a token come
    before the first: role-only, empty and null ones in turn.
    """

    lead: float = 0.25
    interval: float = 0.02
    chunks: int = 60
    reasoning: int = 12
    empty: int = 1

    @property
    def prompt(self) -> str:
        """The prompt that asks for it."""
        return msgspec.json.encode(self).decode()

    @property
    def seconds(self) -> float:
        """How long the answer takes."""
        return self.lead + self.interval * (self.chunks - 1)


def script_of(prompt: str) -> Script:
    """The script that a prompt asks for; the usual one where it asks for none."""
    begin = prompt.find('{"lead"')
    if begin < 0:
        return Script()
    try:
        return msgspec.json.decode(prompt[begin:], type=Script)
    except msgspec.MsgspecError as error:
        raise InvalidInputError(f"the prompt is no script: {error}") from error
