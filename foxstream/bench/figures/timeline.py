"""What happened when: first tokens and failures in the order of the run.

House rule: time is counted from when the first request of the whole run was due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from foxstream.bench.amounts import Unit, count, unit_of
from foxstream.bench.figures.axes import Axes
from foxstream.bench.figures.canvas import drawn, legend
from foxstream.bench.figures.plot import Plot, origin, seconds_since, steady
from foxstream.bench.figures.scales import far_apart, linear, logarithmic, thinned
from foxstream.bench.figures.tidy import plain
from foxstream.bench.ink import FAILURE, SHADE, Look, look
from foxstream.bench.metrics import span
from foxstream.bench.record import Record
from foxstream.bench.result import Result
from foxstream.bench.window import ended

__all__ = ["errors_plot", "stalls", "ttft_over_time"]

_GRID = (180, 120)
_ROWS = 8
_OTHERS = "others"


def stalls(records: Sequence[Record]) -> list[tuple[int, int]]:
    """The times at which the event loop stood still, each once, in order."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(stall for record in records for stall in record.stalls_ns):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def ttft_over_time(results: Sequence[Result]) -> Plot | None:
    """Each request at the time it was due; `None` where none had a first token."""
    records = _records(results)
    if not _waited(records):
        return None
    title = "Time to first token in the course of the run"
    svg = drawn("ttft-time", title, lambda axes: _draw_ttft(axes, results, records), height=262)
    return Plot("ttft-time", title, " ".join(_words(results, records)), svg)


def errors_plot(results: Sequence[Result]) -> Plot | None:
    """When requests failed, a line for each name; `None` where none did."""
    failed = [record for record in _records(results) if record.failed]
    if not failed:
        return None
    title, start = "Failures in the course of the run", origin(results)
    rows = _rows(failed)
    height = 80 + 22 * len(set(rows.values()))
    svg = drawn(
        "errors", title, lambda axes: _draw_errors(axes, failed, rows, start), height=height
    )
    words = (
        f"Each cross is one of {count(len(failed))} failed requests, at the last instant that is "
        "known of it. Crosses close together speak for one cause at the service or on the way."
    )
    return Plot("errors", title, words, svg)


def _records(results: Sequence[Result]) -> list[Record]:
    return [record for result in results for record in result.records]


def _waited(records: Sequence[Record]) -> list[float]:
    """The times to first token, in seconds, of the requests that did not fail."""
    found = (span("ttft", record) for record in records if not record.failed)
    return [seconds for seconds in found if seconds is not None and seconds > 0]


def _words(results: Sequence[Result], records: Sequence[Record]) -> Iterator[str]:
    yield (
        "Each mark is a request, at the time it was due. A level cloud means that the service "
        "kept its pace; one that rises means that work piles up."
    )
    if sum(len(steady(result)) for result in results) < len(records):
        yield "Hollow marks, such as those of the warm-up, are in no figure of the tables."
    if any(record.failed for record in records):
        yield "Crosses at the upper edge are failures, which waited for ever."
    if found := stalls(records):
        longest = max(seconds_since(*stall) for stall in found)
        unit = unit_of([longest])
        yield (
            f"Shaded: the event loop of this program stood still ({count(len(found))} in all, "
            f"{unit.told(longest)} {unit.symbol} at the longest); what was read then is late here, "
            "not at the service."
        )


def _draw_ttft(axes: Axes, results: Sequence[Result], records: Sequence[Record]) -> None:
    start = origin(results)
    seconds = _waited(records)
    unit = unit_of(seconds)
    for first, last in stalls(records):
        edges = (seconds_since(start, first), seconds_since(start, last))
        axes.axvspan(*edges, color=SHADE.sentinel, linewidth=0.8, zorder=0.5)
    for number, result in enumerate(results):
        _draw_level(axes, result, look(number), start, unit)
    _draw_failed(axes, records, start)
    _scale(axes, seconds, unit)
    legend(axes)


def _scale(axes: Axes, seconds: Sequence[float], unit: Unit) -> None:
    axes.set_xlabel("due at (s since the first)")
    if far_apart(seconds):
        axes.set_yscale("log")
        logarithmic(axes.yaxis, "time to first token", unit, [unit.of(each) for each in seconds])
    else:
        axes.set_ylim(0, unit.of(max(seconds)) * 1.12)
        linear(axes.yaxis, "time to first token", unit)


def _draw_level(axes: Axes, result: Result, look: Look, start: int, unit: Unit) -> None:
    inside = steady(result)
    kept = set(map(id, inside))
    beside = [record for record in result.records if id(record) not in kept]
    for records, face, label in (
        (inside, look.colour, plain(result.level)),
        (beside, "none", None),
    ):
        points = [
            (seconds_since(start, record.intended_ns), unit.of(seconds))
            for record in records
            for seconds in _waited([record])
        ]
        if points:
            x, y = zip(*thinned(points, *_GRID), strict=True)
            axes.plot(
                x,
                y,
                linestyle="none",
                marker=look.marker,
                color=look.colour,
                markerfacecolor=face,
                markersize=3.2,
                markeredgewidth=0.8,
                label=label,
            )


def _draw_failed(axes: Axes, records: Sequence[Record], start: int) -> None:
    due = [seconds_since(start, record.intended_ns) for record in records if record.failed]
    if due:
        x, y = zip(*thinned([(each, 1.0) for each in due], *_GRID), strict=True)
        axes.plot(
            x,
            y,
            transform=axes.get_xaxis_transform(),
            linestyle="none",
            marker="x",
            markersize=5,
            color=FAILURE,
            clip_on=False,
            label="failed",
        )


def _rows(failed: Sequence[Record]) -> dict[str, str]:
    """Of each name its row; those beyond the most frequent share one."""
    frequent = Counter(str(record.error) for record in failed).most_common()
    own = frequent if len(frequent) <= _ROWS else frequent[: _ROWS - 1]
    kept = {name for name, _ in own}
    return {name: plain(name) if name in kept else _OTHERS for name, _ in frequent}


def _draw_errors(axes: Axes, failed: Sequence[Record], rows: dict[str, str], start: int) -> None:
    names = list(dict.fromkeys(rows.values()))
    marks = [
        (seconds_since(start, ended(record)), float(names.index(rows[str(record.error)])))
        for record in failed
    ]
    x, y = zip(*thinned(marks, _GRID[0], len(names)), strict=True)
    axes.plot(x, y, linestyle="none", marker="x", markersize=6, color=FAILURE)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("failed at (s since the first was due)")
