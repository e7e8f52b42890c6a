"""The comparison of clients on streams that go wrong: what foxstream promises of each fault, and
that the words for it follow from what was seen. How well others do is shown, never asserted."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.machine import machine, versions
from benchmarks.mishaps import contest, page
from benchmarks.mishaps.clients import CLIENTS, FOXSTREAM
from benchmarks.mishaps.contest import Cell, Report, Row, compare
from benchmarks.mishaps.faults import FAULTS, PIECES, Fault
from benchmarks.mishaps.stage import Log
from benchmarks.mishaps.verdict import Observation, verdict
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

README = Path(__file__).parent.parent / "README.md"
PROMISED = {
    "none": "whole",
    "end": "whole",
    "reset": "whole",
    "chunked": "whole",
    "keep-alives": "whole",
    "silence": "whole",
    "error-object": "whole",
    "error-event": "whole",
    "opening": "whole",
    "submit": "InternalServerError after 0 of 4",
    "reopening": "whole",
    "repeated": "StreamDivergedError (1 repeated), kept in .partial",
    "missing": "StreamDivergedError (1 lost), kept in .partial",
    "id-comment": "whole",
    "separator": "whole",
    "split": "whole",
    "bom": "whole",
    "endless": "ProtocolError after 2 of 4, kept in .partial",
    "gzip": "ProtocolError after 0 of 4",
    "abroad": "whole, keeps the key",
    "redirect": "APIStatusError after 0 of 4",
    "break": "socket closed within 1 s",
    "cancel": "socket closed within 1 s",
}
TELLING = ["none", "end", "keep-alives", "repeated", "break"]
OTHERS = [name for name, client in CLIENTS.items() if client.installed and name != FOXSTREAM]
UNHURRIED, HURRIED = 30.0, 5.0


def cells(rows: list[Row]) -> dict[tuple[str, str], Cell]:
    return {(cell.client, row.fault): cell for row in rows for cell in row.cells}


@pytest.fixture(scope="module")
def ours() -> list[Row]:
    return asyncio.run(compare([FOXSTREAM], FAULTS, UNHURRIED))


@pytest.fixture(scope="module")
def theirs() -> dict[tuple[str, str], Cell]:
    return cells(asyncio.run(compare(OTHERS, TELLING, HURRIED)))


def test_every_fault_has_a_promise():
    assert PROMISED.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", FAULTS)
def test_foxstream_does_what_it_promises(fault, ours):
    cell = cells(ours)[FOXSTREAM, fault]
    assert cell.verdict == PROMISED[fault], cell.seen.message
    assert cell.seen.log.submits == (fault != "submit")


def test_what_was_mended_was_opened_again(ours):
    openings = {fault: cell.seen.log.openings for (_, fault), cell in cells(ours).items()}
    assert openings["none"] == openings["bom"] == openings["abroad"] == 1
    for fault in ("end", "reset", "chunked", "keep-alives", "silence", "error-event", "opening"):
        assert openings[fault] == 2
    assert openings["reopening"] == 3


def words_for(seen: Observation) -> str:
    """What the verdict has to say, from the facts alone."""
    if seen.how == "error":
        return f"{seen.error} "
    if seen.how == "hang":
        return f"hangs (> {HURRIED:g} s) after "
    if seen.how == "left":
        return "socket closed within 1 s" if seen.log.left else "socket open after 1 s"
    if "".join(seen.heard) == "".join(PIECES):
        return "whole"
    cut = tuple(seen.heard) == PIECES[: len(seen.heard)]
    return "silent truncation" if cut else " in silence"


@pytest.mark.parametrize("client", OTHERS)
def test_others_are_whole_where_nothing_goes_wrong(client, theirs):
    assert theirs[client, "none"].verdict == "whole"


@pytest.mark.parametrize("client", OTHERS)
@pytest.mark.parametrize("fault", TELLING)
def test_the_words_for_others_follow_from_what_was_seen(client, fault, theirs):
    cell = theirs[client, fault]
    assert cell.seen.heard[:2] == list(PIECES[:2])
    assert words_for(cell.seen) in cell.verdict
    assert ("pays" in cell.verdict) == (cell.seen.log.submits > 1)


def seen(*heard: str, how: str = "end", log: Log | None = None, **facts: object) -> Observation:
    return Observation([*heard], how, log or Log(), **{"seconds": 3.0} | facts)


ONE, TWO, THREE, FOUR = PIECES


@pytest.mark.parametrize(
    ("observed", "words"),
    [
        (seen(ONE, TWO, THREE, FOUR), "whole"),
        (seen(ONE, TWO + THREE, FOUR), "whole"),
        (seen(), "silent truncation (0 of 4)"),
        (seen(ONE, TWO, THREE), "silent truncation (3 of 4)"),
        (seen(ONE, TWO, TWO, THREE, FOUR), "1 repeated in silence"),
        (seen(ONE, TWO, *PIECES), "2 repeated in silence"),
        (seen(ONE, THREE, FOUR), "1 lost in silence"),
        (seen(ONE, ONE, FOUR), "1 repeated and 2 lost in silence"),
        (seen(ONE, "l\ufffduft ", THREE, FOUR), "1 lost and 1 garbled in silence"),
        (seen(TWO, ONE, THREE, FOUR), "out of order in silence"),
        (seen(ONE, how="hang"), "hangs (> 3 s) after 1 of 4"),
        (seen(ONE, how="error", error="ReadError"), "ReadError after 1 of 4"),
        (
            seen(ONE, ONE, how="error", error="FoxError", kept_in="partial"),
            "FoxError (1 repeated), kept in .partial",
        ),
        (seen(ONE, THREE, how="error", error="FoxError"), "FoxError (1 lost)"),
        (seen(ONE, TWO, how="left", log=Log(left=True)), "socket closed within 1 s"),
        (seen(ONE, TWO, how="left"), "socket open after 1 s"),
        (seen(*PIECES, log=Log(submits=2)), "whole, pays 2 times"),
        (seen(*PIECES, log=Log(abroad=True, key_abroad=True)), "whole, sends the key"),
        (seen(*PIECES, log=Log(abroad=True)), "whole, keeps the key"),
        (seen(ONE, log=Log(took_all=True)), "silent truncation (1 of 4), buffers 32 MiB"),
    ],
)
def test_a_verdict_says_what_was_seen(observed, words):
    assert verdict(observed, Fault("-")) == words


def test_who_does_not_end_is_killed_and_hangs():
    (row,) = asyncio.run(compare([FOXSTREAM], ["none"], 0.001))
    assert row.cells[0].verdict.startswith("hangs (> 0.001 s) after ")


@pytest.fixture(scope="module")
def report(ours) -> Report:
    return Report(machine(), versions() | {"openai": "0"}, [FOXSTREAM, "openai"], ours)


def test_the_table_has_a_row_for_each_fault_and_a_cell_for_each_client(report):
    heads, rule, *rows = page.markdown(report)
    assert heads.startswith("| what goes wrong | foxstream ")
    assert {line.count("|") for line in (heads, rule, *rows)} == {4}
    assert [row.split(" | ")[0] for row in rows] == [
        f"| {fault.title}" for fault in FAULTS.values()
    ]
    assert "| `ProtocolError` after 2 of 4, kept in `.partial` | — |" in "\n".join(rows)


def test_the_terminal_shows_every_verdict_within_80_columns(report):
    lines = list(page.lines(report))
    assert max(map(len, lines)) <= 80
    for fault, promised in PROMISED.items():
        at = lines.index(FAULTS[fault].title)
        assert lines[at + 1].split(maxsplit=1) == [FOXSTREAM, promised]


@pytest.mark.parametrize(("options", "shown"), [([], "mishaps: "), (["--markdown"], "| what ")])
def test_the_command_prints_and_keeps(options, shown, report, monkeypatch, capsys, tmp_path: Path):
    kept = tmp_path / "mishaps.json"
    monkeypatch.setattr(contest, "measure", lambda: report)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "mishaps", *options, "--json", str(kept)])
    command.main()
    assert capsys.readouterr().out.startswith(shown)
    rows = json.loads(kept.read_bytes())["rows"]
    assert {row["fault"]: row["cells"][0]["verdict"] for row in rows} == PROMISED


def test_the_readme_shows_every_fault():
    shown = README.read_text().partition("## When it goes wrong")[2].partition("\n## ")[0]
    rows = [line for line in shown.splitlines() if line.startswith("| ")][1:]
    titles = [f"| {fault.title}" for fault in FAULTS.values()]
    assert [row.split(" | ")[0] for row in rows] == titles
