"""The benchmarks still run, and nobody is fast by being wrong; how fast is never asserted."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.decode import Row
from benchmarks.recording import record
from benchmarks.referee import Turn, WrongAnswerError, compete, fingerprint, ratio, spread
from benchmarks.table import row_line

ROOT = Path(__file__).parent.parent
NAMES = ["foxstream", "msgspec alone", "httpx-sse + json", "openai"]
OPTIONAL = {"openai"} if importlib.util.find_spec("openai") is None else set()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict]:
    file = tmp_path_factory.mktemp("benchmarks") / "decode.json"
    command = [sys.executable, "-W", "error", "-m", "benchmarks", "decode", "--quick", "--profile"]
    run = subprocess.run(
        [*command, "--json", str(file)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout, json.loads(file.read_bytes())


def test_the_report_says_what_was_measured_and_on_what(quick):
    report = quick[1]
    assert report["benchmark"] == "decode"
    assert report["machine"].keys() == {"processor", "cores", "system", "python"}
    assert {"foxstream", "msgspec", "httpx", "httpx-sse"} <= report["versions"].keys()
    assert [case["frames_per_read"] for case in report["cases"]] == [64, 1]


def test_every_contender_reads_the_same_text(quick):
    _, report = quick
    recording = record(report["pace"]["chunks"])
    sent = fingerprint(recording.text, recording.reasoning)
    for case in report["cases"]:
        answers = {row["name"]: row["answer"] for row in case["rows"]}
        assert answers == {name: None if name in OPTIONAL else sent for name in NAMES}


def test_every_figure_is_a_median_between_its_quartiles(quick):
    for case in quick[1]["cases"]:
        spreads = [row["us_per_chunk"] for row in case["rows"] if row["name"] not in OPTIONAL]
        spreads += [row["ratio"] for row in case["rows"] if row["ratio"]]
        spreads += [stage["us_per_chunk"] for stage in case["stages"]]
        assert len(spreads) == 11 - 2 * len(OPTIONAL)
        assert all(0 < of["low"] <= of["median"] <= of["high"] for of in spreads)


def test_a_goal_is_reached_when_the_median_is_within_it(quick):
    for case in quick[1]["cases"]:
        for row in case["rows"]:
            compared = row["goal"] is not None and row["ratio"] is not None
            assert row["reached"] == (row["ratio"]["median"] <= row["goal"] if compared else None)


def test_the_table_fits_80_columns_and_names_everyone(quick):
    lines = quick[0].splitlines()
    assert max(map(len, lines)) <= 80
    for name in NAMES:
        assert sum(line.startswith(name.ljust(17)) for line in lines) == 2


def test_a_contender_that_is_not_installed_says_so():
    assert "not installed: extra `bench`" in row_line(Row("openai", goal=0.04))


def lie(passes: int) -> Turn:
    return Turn(cpu_ns=1e6 / passes, answer="lie")


def test_a_wrong_answer_is_an_error():
    with pytest.raises(WrongAnswerError, match="liar answered lie, and truth was sent"):
        compete({"liar": lie}, "truth", turns=1, turn_seconds=0.001)


def test_ratios_are_of_neighbours_in_time():
    ours = [Turn(cpu_ns, "") for cpu_ns in (1.0, 2.0, 9.0)]
    theirs = [Turn(cpu_ns, "") for cpu_ns in (2.0, 4.0, 9.0)]
    assert ratio(ours, theirs) == spread([0.5, 0.5, 1.0])


def test_the_recording_is_a_stream_of_the_service():
    recording = record(64)
    assert len(recording.data) == 64
    assert b"".join(recording.reads(5)) == b"".join(recording.reads(1))
    assert recording.text.startswith("A large grey rabbit")
    assert recording.reasoning.startswith("The clip")
    assert not (recording.text + recording.reasoning).isascii()
