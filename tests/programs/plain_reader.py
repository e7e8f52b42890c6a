"""A program without `await`: `python -m tests.programs.plain_reader URL END`.

It tells the task as soon as it has a token; then it leaves the stream open and ends by END.
"""

from __future__ import annotations

import argparse
import os
import sys

from foxstream import sync
from tests.programs import tell

__all__ = ["ENDS"]


def _read_on(answer: sync.Stream, _: sync.Client) -> None:
    for _delta in answer:
        pass


def _end(_answer: sync.Stream, _: sync.Client) -> None:
    """The end of the program is enough."""


def _exit(_answer: sync.Stream, _: sync.Client) -> None:
    sys.exit(3)


def _fail(_answer: sync.Stream, _: sync.Client) -> None:
    raise ZeroDivisionError("in the loop")


def _fork(answer: sync.Stream, client: sync.Client) -> None:
    """The child tells what it can do; then the parent reads on, as if there had been no child."""
    child = os.fork()
    if child == 0:
        tell(_refusal(client))
        tell(_said(sync.stream("1:3:0")))
        sys.exit(4)  # and not `os._exit`: all objects are finalised
    _, status = os.waitpid(child, 0)
    tell(os.waitstatus_to_exitcode(status))
    tell(f"{_said(answer)} {answer.timings.reconnects}")


def _refusal(client: sync.Client) -> str:
    try:
        client.models()
    except RuntimeError as error:
        return str(error)
    return "none"


def _said(answer: sync.Stream) -> str:
    for _ in answer:
        pass
    return answer.state


ENDS = {"read": _read_on, "end": _end, "exit": _exit, "fail": _fail, "fork": _fork}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("end", choices=ENDS)
    parser.add_argument("--prompt", default="1:400:0.02")
    options = parser.parse_args()
    os.environ["FOXAPI_BASE_URL"] = options.url
    client = sync.Client()
    answer = client.stream(options.prompt)
    next(answer)
    tell(answer.task_id)
    ENDS[options.end](answer, client)
