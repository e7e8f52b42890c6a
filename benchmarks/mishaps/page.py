"""A report as text: for the terminal, at most 80 columns, and as the table of the README.

House rule: it shows what the report holds, and works out nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from benchmarks.mishaps.contest import Cell, Report

__all__ = ["lines", "markdown"]

_WIDTH = 80
_ABSENT = "—"


def lines(report: Report) -> Iterator[str]:
    """The report, line by line, without line ends."""
    yield "mishaps: what a loop gets when its stream goes wrong"
    machine = report.machine
    known = [machine.processor, f"{machine.cores} cores", machine.system, machine.python]
    yield from textwrap.wrap(", ".join(known), _WIDTH)
    versions = [f"{name} {version}" for name, version in report.versions.items()]
    yield from textwrap.wrap(", ".join(versions), _WIDTH)
    for row in report.rows:
        yield ""
        yield row.title
        for cell in row.cells:
            yield from textwrap.wrap(
                cell.verdict,
                _WIDTH,
                initial_indent=f"  {cell.client:<20}",
                subsequent_indent=" " * 22,
            )


def markdown(report: Report) -> Iterator[str]:
    """One row for each fault, one column for each client."""
    heads = [f"{client} {report.versions[client]}" for client in report.clients]
    yield _row("what goes wrong", *heads)
    yield "|---" * (1 + len(heads)) + "|"
    for row in report.rows:
        cells = {cell.client: _marked(cell) for cell in row.cells}
        yield _row(row.title, *(cells.get(client, _ABSENT) for client in report.clients))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _marked(cell: Cell) -> str:
    """The verdict, with names of code marked as such."""
    marked = cell.verdict
    for name in (cell.seen.error, cell.seen.kept_in and f".{cell.seen.kept_in}"):
        if name:
            marked = marked.replace(name, f"`{name}`", 1)
    return marked
