"""HTML that cannot be broken out of: whatever is not `Markup` is text, and is escaped.

House rule: nobody else on the page writes a `<`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

__all__ = ["Markup", "joined", "tag", "text"]

_VOID = {"link", "meta"}
# Controls, what turns the direction of reading, and halves of characters.
_UNFIT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Markup(str):
    """What is HTML already; made by this room, or known to hold no word from outside."""

    __slots__ = ()


def text(words: str) -> Markup:
    """Words from anywhere, as they are to be read; what could scramble them becomes U+FFFD."""
    return words if isinstance(words, Markup) else Markup(escape(_UNFIT.sub("\ufffd", words)))


def joined(parts: Iterable[str]) -> Markup:
    """All parts, one after the other."""
    return Markup("".join(text(part) for part in parts))


def tag(name: str, /, *children: str, **attributes: str) -> Markup:
    """One element: `tag("td", "a < b", class_="number")`.

    A trailing `_` of an attribute is dropped, others become `-`.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items()
    )
    opened = f"<{name}{given}>"
    return Markup(opened if name in _VOID else f"{opened}{joined(children)}</{name}>")
