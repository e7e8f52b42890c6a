"""Text from elsewhere, made safe to show: nothing in it can steer a terminal.

House rule: what would act is shown as a visible sign; nothing is left out.
"""

from __future__ import annotations

import re

__all__ = ["harmless", "harmless_json", "one_line"]

# Controls but for newline, tab and the pair CR LF; the C1 set; and what reverses reading order.
_ACTING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
_CONTROL_PICTURES = 0x2400
_DELETE_PICTURE = "\N{SYMBOL FOR DELETE}"


def harmless(text: str) -> str:
    """`text` with every acting character as its picture: escape as ␛, the others as <U+009B>."""
    return _ACTING.sub(_shown, text)


def one_line(text: str) -> str:
    """The same on a single line, with each run of white space as one space."""
    return harmless(" ".join(text.split()))


def harmless_json(document: str) -> str:
    """A JSON document that says the same with acting characters escaped as JSON escapes them."""
    return _ACTING.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    return _DELETE_PICTURE if code == 0x7F else f"<U+{code:04X}>"
