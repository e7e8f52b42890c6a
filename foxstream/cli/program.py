"""The program: its commands, and one line for whatever goes wrong.

House rule: a command reads its options and returns what is to be done; it is done here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import StringIO, TextIOWrapper
from typing import Annotated

import typer

from foxstream import __version__, logs
from foxstream.cli.ask import ask
from foxstream.cli.bench.app import bench_app
from foxstream.cli.caption import caption
from foxstream.cli.demo import demo
from foxstream.cli.failures import exit_code, explained, misused
from foxstream.cli.models import models
from foxstream.cli.running import INTERRUPTED, PIPE_CLOSED, Job, run_job
from foxstream.cli.screen import OutputError, Screen
from foxstream.cli.serve import serve
from foxstream.cli.tail import tail
from foxstream.errors import FoxError

__all__ = ["COMMANDS", "run"]

COMMANDS = {
    demo: "foxstream demo",
    ask: 'foxstream ask "What is happening?" --video clip.mp4 --local',
    caption: "foxstream caption clip.mp4 --every 4s --vtt clip.vtt --local",
    serve: "foxstream serve --port 0",
    tail: "foxstream tail task-llmrouter-1776874565-yq3szvcu",
    models: "foxstream models",
}
"""Every command with the example that ends its help."""


def run(arguments: Sequence[str]) -> int:
    """Do what `arguments` say, and return the exit code.

    0: done. 1: it failed. 2: it was refused before anything was sent. 130: Ctrl-C. 141: nobody
    reads the output any more. 143: SIGTERM. A command may have further ones, and tells them.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    screen = Screen(sys.stdout or StringIO(), sys.stderr or StringIO())
    try:
        return _done(arguments, screen)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        screen.close()
        return PIPE_CLOSED
    except OutputError:
        screen.close()
        return 1


def _done(arguments: Sequence[str], screen: Screen) -> int:
    command = typer.main.get_command(_app(screen))
    try:
        logs.show(os.environ.get(logs.VARIABLE) or "warning")
        outcome: Job | int = command.main(
            list(arguments) or ["--help"], "foxstream", standalone_mode=False, obj=screen
        )
        return outcome if isinstance(outcome, int) else run_job(outcome, screen)
    except typer.TyperException as error:
        screen.complain(misused(error))
        return 2
    except FoxError as error:
        screen.complain(explained(error, *arguments[:1]))
        return exit_code(error)
    except OutputError as error:
        screen.complain(f"standard output cannot be written: {error}")
        raise


def _app(screen: Screen) -> typer.Typer:
    app = typer.Typer(
        callback=_foxstream,
        epilog=f"Example: {COMMANDS[demo]}",
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich" if screen.styled else None,
    )
    for command, example in COMMANDS.items():
        app.command(epilog=f"Example: {example}")(command)
    app.add_typer(bench_app(), name="bench")
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"foxstream {__version__}")
        raise typer.Exit


def _foxstream(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Ask FoxAPI about videos, images and sounds, and see the answer come token by token.

    The service needs a key in FOXAPI_API_KEY; demo, and others with --local, need none.
    """
