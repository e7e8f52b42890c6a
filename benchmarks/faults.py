"""Random histories of an answer, lived by the thousand: what they met and how they ended.

House rule: a history that ends wrongly is told with the command that lives it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

import msgspec

from benchmarks.histories import virtual
from benchmarks.histories.history import History, history_of
from benchmarks.histories.life import Outcome
from benchmarks.histories.oracle import judge
from benchmarks.histories.sockets import LANES, dealt, live_all
from benchmarks.histories.trial import Tally, names, random_histories, spread

__all__ = ["Tally", "lines", "measure", "story"]

_FEW = 200
_ROW = "{:<34}{:>9}{:>8}"


def measure(
    what: range | bytes, *, sockets: bool = False, verbose: bool = False
) -> tuple[Tally, Iterator[str]]:
    """Live the histories of these seeds, or one that is given as JSON: the tally, and as text."""
    if isinstance(what, range) and not (sockets or verbose):
        tally = random_histories(what) if len(what) < _FEW else spread(random_histories, what)
        return tally, lines(tally)
    outcomes = list(_outcomes(what, sockets=sockets))
    tally = Tally.of(outcomes)
    if verbose:
        return tally, chain.from_iterable(map(story, outcomes))
    return tally, lines(tally, sockets=sockets)


def _outcomes(what: range | bytes, *, sockets: bool) -> Iterator[Outcome]:
    if isinstance(what, bytes):
        yield virtual.lived(msgspec.json.decode(what, type=History))
    elif sockets:
        for lane in LANES:
            yield from live_all(dealt(what, lane), lane)
    else:
        yield from map(virtual.lived, map(history_of, what))


def lines(tally: Tally, *, sockets: bool = False) -> Iterator[str]:
    """The tally, line by line."""
    yield f"faults: {tally.lived:,} histories of one answer, {len(tally.failures):,} ended wrongly"
    yield from _counted("ended by", tally.endings, tally.lived)
    yield from _counted("met", tally.met, tally.lived)
    for failure in tally.failures:
        yield ""
        yield f"wrong: {failure.complaint}"
        yield f"  python -m benchmarks faults {_again(failure.history, sockets=sockets)}"


def _counted(title: str, counts: Counter[str], of: int) -> Iterator[str]:
    yield ""
    yield _ROW.format(title, "times", "share")
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield _ROW.format(name, f"{count:,}", f"{count / of:.1%}")


def _again(history: History, *, sockets: bool) -> str:
    """The options that live this history once more."""
    if history.seed is None:
        return f"--verbose --history '{msgspec.json.encode(history).decode()}'"
    return f"--verbose --schedules 1 --seed {history.seed}" + " --sockets" * sockets


def story(outcome: Outcome) -> Iterator[str]:
    """One history in full: what was to happen, what happened, and what the judge says."""
    yield msgspec.json.format(msgspec.json.encode(outcome.history)).decode()
    for connection, seen in outcome.openings:
        met = ", ".join(names(connection)) or "nothing"
        yield f"after {len(seen.text)} characters, a connection met: {met}"
    yield f"looks at the task: {', '.join(outcome.looks) or 'none'}"
    yield f"seen: {len(outcome.seen.text)} characters of {len(outcome.recording.words.text)}"
    yield f"ended by {outcome.ending}: {outcome.error or ''}".rstrip(": ")
    yield f"judged: {judge(outcome) or 'as it must be'}"
