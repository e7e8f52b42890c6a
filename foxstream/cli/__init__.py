"""The command line: the only rooms that print.

    program                       the commands and their options, as typer reads them
    ask, caption, demo, tail, models, serve    one room for each command
    session                       whom a command speaks to
    answers                       an answer as it comes, as text or as JSON lines
    screen, status, harmless      the terminal: where the cursor is, what must not reach it
    failures                      errors -> one line, a hint and an exit code

House rule: standard output is the answer, all else goes to standard error. What is heavy is
imported when a command runs.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Run the command line of this process and return its exit code."""
    try:
        from foxstream.cli.program import run
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in {"typer", "rich"}:
            raise
        print(
            f'foxstream: the command line needs {library} - pip install "foxstream[cli]"',
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return run(sys.argv[1:])
