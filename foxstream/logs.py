"""The standard `logging`: silent by itself, on standard error where `FOXSTREAM_LOG` asks for it.

House rule: only the logger `foxstream` is touched, and its level is only ever lowered.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO

from foxstream.errors import InvalidInputError

__all__ = ["VARIABLE", "show"]

VARIABLE = "FOXSTREAM_LOG"
_LEVELS = ("debug", "info", "warning", "error")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_root = logging.getLogger("foxstream")
_root.addHandler(logging.NullHandler())


class _Line(logging.Formatter):
    """One line for a record, whatever a server has put into it; tracebacks keep their lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's own name)
        return _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], super().formatMessage(record))


class _Screen(logging.StreamHandler[TextIO]):
    """Standard error, whatever stands for it at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


_screen = _Screen()
_screen.setFormatter(_Line("%(asctime)s %(levelname)s %(name)s: %(message)s"))


def show(level: str | None) -> None:
    """Show the records from `level` on, the value of `FOXSTREAM_LOG`; none where it is empty.

    Handlers of the program's own go on as they are. Raises `InvalidInputError` for a level that
    is none.
    """
    asked = (level or "").strip().lower()
    if not asked:
        return
    if asked not in _LEVELS:
        raise InvalidInputError(f"{VARIABLE} is {asked!r}: one of {', '.join(_LEVELS)}")
    _screen.setLevel(asked.upper())
    if _root.getEffectiveLevel() > _screen.level:
        _root.setLevel(_screen.level)
    _root.addHandler(_screen)
