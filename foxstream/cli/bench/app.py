"""The commands of the stopwatch, as typer reads them.

House rule: what is heavy is imported when a command runs, and before anything is sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foxstream.cli.bench.options import Force, Html, Json, Options, Quick, Slo, command
from foxstream.cli.running import Job
from foxstream.errors import InvalidInputError

__all__ = ["EXAMPLE", "bench_app"]

EXAMPLE = "foxstream bench --local --concurrency 1,4 --requests 8"
"""What ends its help."""


def bench_app() -> typer.Typer:
    """`foxstream bench`, and the commands under it."""
    app = typer.Typer(
        callback=command(_bench), invoke_without_command=True, epilog=f"Example: {EXAMPLE}"
    )
    app.command("self-test", epilog="Example: foxstream bench self-test --quick")(_self_test)
    app.command(epilog="Example: foxstream bench compare before.json after.json")(compare)
    app.command(epilog="Example: foxstream bench report out.jsonl --report out.html")(report)
    return app


def _bench(context: typer.Context, options: Options) -> Job | None:
    """Measure the time to the first token, between tokens and to the end, and how sure that is.

    Tables go to standard output, everything else to standard error. 20 requests are sent unless
    told otherwise, and none leaves this machine without --yes or a typed y.

    Exit codes: 0 done; 1 failed; 2 refused; 3 client-limited, with --strict; 130 Ctrl-C.
    """
    if context.invoked_subcommand is not None:
        if options != Options():
            raise InvalidInputError(f"options of a run are not for {context.invoked_subcommand}")
        return None
    if options.explain:
        from foxstream.cli.bench.explaining import explain

        return explain
    return _measuring(context, options)


def _measuring(context: typer.Context, options: Options) -> Job:
    from foxstream.cli.bench.consent import agree
    from foxstream.cli.bench.keeping import Files
    from foxstream.cli.bench.levels import plans_of
    from foxstream.cli.bench.measuring import Measuring

    plans = plans_of(options)
    files = Files(_path(options.json), _path(options.report), _path(options.raw))
    files.check()
    agree(plans, options.api_key, context.obj, yes=options.yes)
    return Measuring(plans, files, options.api_key, strict=options.strict)


def _self_test(quick: Quick = False, json: Json = None) -> Job:
    """Measure the error of this tool on this machine, against answers whose truth is known.

    Exit codes: 0 all goals reached; 1 some not.
    """
    from foxstream.cli.bench.keeping import Files
    from foxstream.cli.bench.self_testing import SelfTesting

    files = Files(_path(json))
    files.check()
    return SelfTesting(files, quick=quick)


def compare(
    before: Annotated[str, typer.Argument(metavar="BEFORE.json", help="The earlier report.")],
    after: Annotated[str, typer.Argument(metavar="AFTER.json", help="The later report.")],
    force: Force = False,
) -> Job:
    """Tell whether the later of two reports is better, worse, or neither for sure.

    Exit codes: 0 better; 1 worse; 3 undecided.
    """
    from foxstream.cli.bench.comparing import comparing

    return comparing(before, after, force=force)


def report(
    raw: Annotated[str, typer.Argument(metavar="RAW.jsonl", help="What --raw has written.")],
    slo: Slo = None,
    json: Json = None,
    page: Html = None,
) -> Job:
    """Make everything again from the raw records of a run."""
    from foxstream.cli.bench.keeping import Files
    from foxstream.cli.bench.levels import slo_of
    from foxstream.cli.bench.reporting import reporting

    files = Files(_path(json), _path(page))
    files.check(Path(raw))
    return reporting(raw, slo_of(slo), files)


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name)
