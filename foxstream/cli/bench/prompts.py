"""A file of prompts: one a line, or JSON lines.

House rule: what is wrong with a file is said with the number of its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from foxstream.errors import InvalidInputError
from foxstream.question import ask

__all__ = ["prompts_of"]

_MOST = 256 * 1024 * 1024


class _Line(msgspec.Struct):
    """One line of JSON; what else it holds is not asked."""

    prompt: str


_decoder = msgspec.json.Decoder(_Line)


def prompts_of(file: str) -> tuple[str, ...]:
    """The prompts of a file, in their order; empty lines are none.

    It is read as JSON lines where its name ends in `.jsonl`, or where its first line is an object
    with a `prompt`. Raises `InvalidInputError` for a file that cannot be read, and names the line
    that holds no prompt.
    """
    lines = [
        (number, line.removesuffix("\r"))
        for number, line in enumerate(_text(file).split("\n"), 1)
        if line.strip()
    ]
    if not lines:
        raise InvalidInputError(f"{file} holds no prompt")
    as_json = file.endswith((".jsonl", ".ndjson")) or _is_object(lines[0][1])
    return tuple(_checked(file, lines, as_json=as_json))


def _text(file: str) -> str:
    data = _bytes(file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInputError(f"{file}, line {line} is not UTF-8 text") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidInputError(f"{file}, line {line} holds a NUL: it is not a text")
    return text


def _bytes(file: str) -> bytes:
    path = Path(file)
    try:
        with path.open("rb") as opened:
            data = opened.read(_MOST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(f"the prompts of {file} cannot be read: {reason}") from error
    if len(data) > _MOST:
        raise InvalidInputError(f"{file} is larger than {_MOST >> 20} MiB")
    return data


def _is_object(line: str) -> bool:
    try:
        _decoder.decode(line)
    except msgspec.MsgspecError:
        return False
    return True


def _checked(file: str, lines: list[tuple[int, str]], *, as_json: bool) -> Iterator[str]:
    for number, line in lines:
        try:
            prompt = _decoder.decode(line).prompt if as_json else line
            ask(prompt.strip() and prompt)
        except (msgspec.MsgspecError, InvalidInputError) as error:
            raise InvalidInputError(f"{file}, line {number} is no prompt: {error}") from error
        yield prompt
