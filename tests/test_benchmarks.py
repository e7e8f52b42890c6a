"""The benchmarks still run, and nobody is fast by being wrong; how fast is never asserted."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from benchmarks import __main__ as command
from benchmarks import markdown, table
from benchmarks.machine import Machine
from benchmarks.options import parse
from benchmarks.plot import drawn
from benchmarks.recording import record
from benchmarks.referee import Turn, WrongAnswerError, compete, fingerprint, ratio, rows, spread
from benchmarks.registry import MEASURES, USUAL, told
from benchmarks.report import Case, Check, Report, Row, Spread, Stage, from_json, to_json
from benchmarks.scale import Scale, span
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

ROOT = Path(__file__).parent.parent
NAMES = ["foxstream", "msgspec alone", "httpx-sse + json", "openai"]
OPTIONAL = {"openai"} if importlib.util.find_spec("openai") is None else set()
SVG = "{http://www.w3.org/2000/svg}"


class Run(msgspec.Struct):
    out: str
    err: str
    json: bytes
    svg: bytes


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "benchmarks", *options],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("benchmarks")
    kept, plot = folder / "kept.json", folder / "plot.svg"
    done = run("decode", "--quick", "--profile", "--json", str(kept), "--plot", str(plot))
    assert done.returncode == 0, done.stderr
    return Run(done.stdout, done.stderr, kept.read_bytes(), plot.read_bytes())


@pytest.fixture(scope="module")
def report(quick: Run) -> Report:
    (report,) = from_json(quick.json)
    return report


def made(*cases: Case, benchmark: str = "burst") -> Report:
    machine = Machine("A Processor", 2, "Linux x86_64", "CPython 3.11.7")
    return Report(benchmark, "what it is", machine, {"foxstream": "1", "openai": "2"}, [], [*cases])


BURST = Case(
    "burst",
    "us",
    rows=[
        Row("foxstream", spread([2.0, 3.0, 4.0])),
        Row("raw <asyncio>", spread([2.0, 3.0, 4.0]), Spread(1.0, 0.9, 1.2), goal=1.1),
        Row("httpx-sse + json", spread([20.0]), Spread(0.2, 0.2, 0.2), goal=1 / 6),
        Row("openai", spread([300.0, 310.0]), Spread(0.01, 0.009, 0.02), goal=1 / 35),
        Row("anthropic", goal=1 / 2),
    ],
    notes=["the server was busy in turns of openai (90%)"],
)
CHECKS = Case(
    "held",
    "",
    checks=[
        Check(
            "memory of a stream that has a name which is too long for its line", 9.3, "KiB", 14.0
        ),
        Check("chunks a second", 250_000.0, "/s", 100_000.0, at_least=True),
        Check("built", 1.0, goal=1.0),
        Check("late, p99", 120.4, "ms", 100.0),
        Check("of no goal", 5.5, "ms"),
    ],
)
TOLD = [made(BURST), made(CHECKS, benchmark="fleet")]


# What is measured


def test_the_report_says_what_was_measured_and_on_what(report):
    assert report.benchmark == "decode"
    assert all(report.machine.facts)
    assert {"foxstream", "msgspec", "httpx", "httpx-sse"} <= report.versions.keys()
    assert [case.title for case in report.cases] == ["64 frames a read", "1 frame a read"]


def test_every_contender_reads_the_same_text(report):
    recording = record(256)
    assert report.pace[0].startswith("256 chunks")
    sent = fingerprint(recording.text, recording.reasoning)
    for case in report.cases:
        answers = {row.name: row.answer for row in case.rows}
        assert answers == {name: None if name in OPTIONAL else sent for name in NAMES}


def test_every_figure_is_a_median_between_its_quartiles(report):
    for case in report.cases:
        spreads = [row.cost for row in case.rows if row.name not in OPTIONAL]
        spreads += [row.ratio for row in case.rows if row.ratio]
        spreads += [stage.cost for stage in case.stages]
        assert len(spreads) == 10 - 2 * len(OPTIONAL)
        assert all(0 < of.low <= of.median <= of.high for of in spreads)


def test_what_was_found_is_told_kept_and_drawn(quick, report):
    assert quick.err == "measuring decode, 1 of 1\n"
    assert quick.out.splitlines() == [*table.lines(report), ""]
    assert quick.json == to_json([report])
    assert quick.svg == drawn([report])


def test_the_table_fits_80_columns_and_names_everyone(quick):
    lines = quick.out.splitlines()
    assert max(map(len, lines)) <= 80
    for name in NAMES:
        assert sum(line.startswith(name.ljust(17)) for line in lines) == 2


def lie() -> Turn:
    return Turn(1e6, answer="lie")


def test_a_wrong_answer_is_an_error():
    with pytest.raises(WrongAnswerError, match="liar answered lie, and truth was sent"):
        compete({"liar": lie}, "truth", turns=1)


def test_ratios_are_of_neighbours_in_time():
    ours = [Turn(cost, "") for cost in (1.0, 2.0, 9.0)]
    theirs = [Turn(cost, "") for cost in (2.0, 4.0, 9.0)]
    assert ratio(ours, theirs) == spread([0.5, 0.5, 1.0])


def test_rows_are_in_the_order_of_their_names_and_ours_has_no_ratio():
    turns = {"b": [Turn(4.0, "x")] * 2, "a": [Turn(2.0, "x")] * 2}
    found = rows(turns, ["a", "b", "c"], {"b": 0.6, "c": 0.5}, scale=10)
    assert found == [
        Row("a", spread([20.0]), answer="x"),
        Row("b", spread([40.0]), spread([0.5]), 0.6, "x"),
        Row("c", goal=0.5),
    ]


def test_the_recording_is_a_stream_of_the_service():
    recording = record(64)
    assert len(recording.data) == 64
    assert b"".join(recording.reads(5)) == b"".join(recording.reads(1))
    assert recording.text.startswith("A large grey rabbit")
    assert recording.reasoning.startswith("The clip")
    assert not (recording.text + recording.reasoning).isascii()


# What is held to a goal


@pytest.mark.parametrize(
    ("median", "verdict", "ahead"),
    [(1.11, "not reached", None), (1.1, "reached", None), (0.88, "passed", 0.97)],
)
def test_a_ratio_is_within_its_goal_or_not(median, verdict, ahead):
    row = Row("other", spread([1.0]), Spread(median, 0.1, 9.0), goal=1.1)
    assert (row.verdict, row.next_goal) == (verdict, ahead)


def test_the_next_goal_of_a_small_ratio_is_a_part_of_a_whole_number():
    row = Row("other", spread([1.0]), spread([1 / 71.7]), goal=1 / 25)
    assert row.next_goal == 1 / 65


@pytest.mark.parametrize(
    ("value", "at_least", "verdict", "ahead"),
    [
        (101, False, "not reached", None),
        (100, False, "reached", None),
        (80, False, "passed", 88),
        (0, False, "passed", None),
        (99, True, "not reached", None),
        (100, True, "reached", None),
        (250, True, "passed", 230),
    ],
)
def test_a_value_is_within_its_goal_or_not(value, at_least, verdict, ahead):
    check = Check("it", value, goal=100, at_least=at_least)
    assert (check.verdict, check.next_goal) == (verdict, ahead)


def test_nothing_where_nothing_is_the_goal_is_reached():
    assert Check("it", 0.0, goal=0.0).verdict == "reached"


def test_what_has_no_goal_or_was_not_measured_has_no_verdict():
    unjudged = [Row("it", goal=1.0), Row("it", ratio=spread([1.0])), Check("it", 1.0)]
    assert [(it.verdict, it.next_goal) for it in unjudged] == [(None, None)] * 3


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_says_what_it_measures(name):
    assert told(name)
    assert type(MEASURES[name].QUICK) is MEASURES[name].Pace


# How it is told


def test_a_contender_that_is_not_installed_says_so():
    assert "not installed: extra `bench`" in table.row_line(Row("openai", goal=0.04))


def test_no_line_of_a_table_is_longer_than_80():
    stages = [Stage("sse.Parser", spread([1.0])), Stage("deltas", spread([2.0]))]
    busiest = msgspec.structs.replace(BURST, title="two requests, TLS", stages=stages)
    lines = list(table.lines(made(busiest, CHECKS)))
    assert max(map(len, lines)) <= 80
    assert any(line.endswith("not reached") for line in lines)


def test_a_long_name_takes_a_line_more():
    first, second = table.check_lines(CHECKS.checks[0])
    assert first == "memory of a stream that has a name"
    assert " ".join(second.split()) == "which is too long for its line 9.30 KiB <= 14 passed"


def test_kept_reports_are_the_same_when_they_are_read():
    assert from_json(to_json(TOLD)) == TOLD


def test_markdown_has_a_line_for_every_goal_and_one_for_every_rider():
    lines = list(markdown.lines(TOLD))
    assert lines == [
        "A Processor, 2 cores, Linux x86_64, CPython 3.11.7; foxstream 1, openai 2:",
        "",
        "| what | measured | goal | verdict |",
        "|---|---|---|---|",
        "| burst: foxstream / raw <asyncio> | 1.00 (0.90 to 1.20) | ≤ 1.10 | reached |",
        "| burst: foxstream / httpx-sse + json | 1/5.0 (1/5.0 to 1/5.0) | ≤ 1/6 | not reached |",
        "| burst: foxstream / openai | 1/100 (1/111 to 1/50.0) | ≤ 1/35 | passed, next: ≤ 1/91 |",
        "| burst: foxstream / anthropic | — | ≤ 1/2 | not installed |",
        f"| fleet, held: {CHECKS.checks[0].what} | 9.30 KiB | ≤ 14 | passed, next: ≤ 10 |",
        "| fleet, held: chunks a second | 250,000 /s | ≥ 100,000 | passed, next: ≥ 230,000 |",
        "| fleet, held: built | 1 | ≤ 1 | reached |",
        "| fleet, held: late, p99 | 120 ms | ≤ 100 | not reached |",
        "",
        "- burst: the server was busy in turns of openai (90%)",
        "",
        "| CPU of a delta | burst, µs |",
        "|---|---|",
        "| foxstream | 3.00 |",
        "| raw <asyncio> | 3.00 |",
        "| httpx-sse + json | 20.0 |",
        "| openai | 305 |",
        "| anthropic | — |",
    ]


def test_the_picture_is_well_formed_and_says_every_figure():
    svg = ET.fromstring(drawn(TOLD))
    assert svg.tag == f"{SVG}svg"
    assert {child.get("id") for child in svg} >= {"title", "desc"}
    shown = [text.text for text in svg.iter(f"{SVG}text")]
    spoken = " ".join(title.text or "" for title in svg.iter(f"{SVG}title"))
    for row in BURST.rows:
        assert row.name in shown
        assert row.name in spoken
        assert row.cost is None or table.cost_text(row.cost.median) in shown
        assert row.ratio is None or table.ratio_text(row.ratio.median) in shown
    assert "not installed" in shown
    assert "prefers-color-scheme: dark" in (svg.findtext(f"{SVG}style") or "")


def test_the_picture_has_a_bar_for_who_ran_and_a_tick_for_each_goal_of_theirs():
    group = ET.fromstring(drawn(TOLD)).find(f"{SVG}g")
    assert group is not None
    bars = [rect.get("class") for rect in group.iter(f"{SVG}rect")]
    ticks = [line for line in group.iter(f"{SVG}line") if line.get("class") == "tick"]
    assert bars == ["ours", "other", "other", "other"]
    assert len(ticks) == 3


def test_nothing_in_the_picture_leaves_it():
    svg = ET.fromstring(drawn([made(BURST, BURST, CHECKS), made(BURST)]))
    width, height = float(svg.get("width", "")), float(svg.get("height", ""))
    for line in svg.iter(f"{SVG}line"):
        assert 0 < float(line.get("x1", "")) <= float(line.get("x2", "")) < width
        assert 0 < float(line.get("y1", "")) <= float(line.get("y2", "")) < height
    for text in svg.iter(f"{SVG}text"):
        assert 0 < float(text.get("x", "")) < width
        assert 0 < float(text.get("y", "")) < height


@pytest.mark.parametrize("figures", [[3.0], [0.5, 433.0], [1.0, 1.0], [0.0, -4.0], [7e-4, 2e6]])
def test_an_axis_holds_its_figures_and_marks_them(figures):
    low, high = span(figures)
    scale = Scale(low, high, left=100, width=170)
    places = [scale.at(figure) for figure in figures]
    assert all(100 <= place <= 270 for place in places)
    assert all(scale.at(figure) > 100 for figure in figures if figure > 0)
    assert scale.marks()
    assert all(a < b for a, b in pairwise(map(scale.at, scale.marks())))
    assert (scale.at(low), scale.at(high)) == (100, 270)


# The command line


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool, bool]]:
    """What was asked to be measured, which is not."""
    asked: list[tuple[str, bool, bool]] = []

    def measured(name: str, *, quick: bool, profile: bool) -> Report:
        asked.append((name, quick, profile))
        return made(BURST, benchmark=name)

    monkeypatch.setattr(command, "measured", measured)
    return asked


def ask(monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", *options])
    command.main()


@pytest.mark.parametrize("options", [(), ("all",), ("paced", "all")])
def test_everything_is_measured_where_nothing_is_named(options, measured, monkeypatch):
    ask(monkeypatch, *options)
    assert measured == [(name, False, False) for name in USUAL]


def test_measures_are_named_in_any_order_and_told_one_after_the_other(
    measured, monkeypatch, capsys
):
    ask(monkeypatch, "--quick", "paced", "burst", "paced")
    assert measured == [("paced", True, False), ("burst", True, False)]
    told = capsys.readouterr()
    assert told.err == "measuring paced, 1 of 2\nmeasuring burst, 2 of 2\n"
    assert told.out.index("paced: what it is") < told.out.index("burst: what it is")


def test_what_was_measured_is_kept_though_the_next_one_fails(measured, monkeypatch, tmp_path: Path):
    def wrong(name: str, **options: bool) -> Report:
        if name == "burst":
            raise WrongAnswerError("openai answered lie, and truth was sent")
        return made(BURST, benchmark=name)

    monkeypatch.setattr(command, "measured", wrong)
    kept = tmp_path / "kept.json"
    with pytest.raises(SystemExit, match="error: openai answered lie, and truth was sent"):
        ask(monkeypatch, "decode", "burst", "--json", str(kept))
    assert [report.benchmark for report in from_json(kept.read_bytes())] == ["decode"]


def test_kept_figures_are_told_again(monkeypatch, capsys, tmp_path: Path):
    one, two, both = (tmp_path / name for name in ("1.json", "2.json", "both.json"))
    one.write_bytes(to_json(TOLD[:1]))
    two.write_bytes(to_json(TOLD[1:]))
    plot = tmp_path / "plot.svg"
    ask(monkeypatch, "show", str(one), str(two), "--json", str(both), "--plot", str(plot))
    lines = [line for report in TOLD for line in (*table.lines(report), "")]
    assert capsys.readouterr().out.splitlines() == lines
    assert (both.read_bytes(), plot.read_bytes()) == (to_json(TOLD), drawn(TOLD))
    ask(monkeypatch, "show", str(both), "--only", "fleet")
    assert capsys.readouterr().out.splitlines() == [*table.lines(TOLD[1]), ""]
    ask(monkeypatch, "show", str(both), "--markdown")
    assert capsys.readouterr().out.splitlines() == list(markdown.lines(TOLD))


@pytest.mark.parametrize("content", [None, b"{}", b"not JSON"])
def test_a_file_that_holds_no_reports_is_refused(content, monkeypatch, tmp_path: Path):
    file = tmp_path / "kept.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit, match=r"kept\.json holds no reports"):
        ask(monkeypatch, "show", str(file))


def test_an_unknown_measure_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(["brust"])
    assert "no measure is called 'brust'" in capsys.readouterr().err


@pytest.mark.parametrize("other", [[], ["show"], ["mishaps"], ["faults"]])
def test_help_shows_an_example_that_can_be_asked_for(other, capsys):
    with pytest.raises(SystemExit):
        parse([*other, "--help"])
    told = capsys.readouterr().out
    start = "  python -m benchmarks "
    examples = [line.removeprefix(start) for line in told.splitlines() if line.startswith(start)]
    assert examples
    for example in examples:
        parse(example.split())


def test_the_commands_of_the_readme_are_understood():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"python -m benchmarks\b([^`\n]*)", readme)
    assert len(commands) >= 4
    for words in commands:
        assert parse(words.split()).command in {"measure", "show", "mishaps", "faults"}
