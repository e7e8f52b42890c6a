"""Stopwatches beside each other: what they are asked, what they tell, how they are judged.

The exports in `tests/stopwatches` were written by guidellm 0.8.1 and aiperf 0.13.0, three requests
each, before the gateway with injected truth; of guidellm's only the requests are kept.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from benchmarks import markdown, table
from benchmarks.measures import stopwatch
from benchmarks.stopwatches import aiperf, guidellm, run
from benchmarks.stopwatches import errors as judging
from benchmarks.stopwatches.errors import Distance, Error, errors
from benchmarks.stopwatches.field import AIPERF, FOXSTREAM, GUIDELLM, PEERS, PLAIN, Workshop
from benchmarks.stopwatches.load import Load
from benchmarks.stopwatches.run import RunFailedError, figures
from benchmarks.stopwatches.stopwatch import Sample
from foxstream.bench.truth.process import truthful_gateway
from foxstream.bench.truth.script import script_of
from foxstream.bench.truth.witness import Arrival, Seen
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

EXPORTS = Path(__file__).parent / "stopwatches"
FEW = Load(streams=2, requests=6, chunks=4, interval=0.01)
NOBODY = Workshop(None)


@pytest.fixture
def anyio_backend():
    return "asyncio"


def exported(name: str, place: Path) -> Path:
    """The folder in which an export lies as if its stopwatch had just left it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(EXPORTS / name, place)
    return place


def home(folder: Path, name: str, script: str) -> None:
    """An environment in which a program of that name does what `script` says."""
    program = folder / name / "bin" / name
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    facts = folder / name / "lib" / "python3.12" / "site-packages" / f"{name}-1.2.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")


# What they are asked


def test_a_load_is_of_answers_that_differ_and_keep_to_it_in_the_mean():
    scripts = list(Load(streams=10, requests=200, chunks=20, interval=0.02).scripts())
    assert len({script.lead for script in scripts}) == 200
    assert all(0.15 <= script.lead <= 0.35 for script in scripts)
    assert {script.chunks for script in scripts} == set(range(10, 31))
    assert sum(script.chunks for script in scripts) / 200 == pytest.approx(20, abs=0.2)


@pytest.mark.parametrize(("peer", "field"), [(guidellm, "prompt"), (aiperf, "text")])
def test_a_peer_is_asked_for_the_same_answers_as_many_at_once(peer, field, tmp_path):
    command = peer.command("http://127.0.0.1:1", FEW, tmp_path)
    lines = (tmp_path / "prompts.jsonl").read_bytes().splitlines()
    asked = [script_of(msgspec.json.decode(line)[field]) for line in lines]
    assert asked == list(FEW.scripts())
    words = " ".join(command)
    assert "http://127.0.0.1:1" in words
    assert str(tmp_path / "prompts.jsonl") in words
    assert "streams=2" in words or "--concurrency 2" in words
    assert "count=6" in words or "--request-count 6" in words


def test_aiperf_is_given_a_tokenizer_that_is_on_the_disk(tmp_path):
    command = aiperf.command("http://127.0.0.1:1", FEW, tmp_path)
    folder = Path(command[command.index("--tokenizer") + 1])
    told = msgspec.json.decode((folder / "tokenizer.json").read_bytes())
    assert told["model"]["unk_token"] in told["model"]["vocab"]


# What they tell


def test_guidellm_is_read_as_it_reckons_itself(tmp_path):
    export = exported("guidellm.json", tmp_path / "benchmarks.json")
    benchmark = msgspec.json.decode(export.read_bytes())["benchmarks"][0]
    told = benchmark["requests"]["successful"]
    samples = list(guidellm.samples(tmp_path))
    assert [sample.name for sample in samples] == [each["response_id"] for each in told]
    for sample, each in zip(samples, told, strict=True):
        assert sample.ttft_ns / 1e6 == pytest.approx(each["time_to_first_token_ms"], abs=1e-3)
        assert sample.started_ns / 1e9 == pytest.approx(each["request_start_time"], abs=1e-6)


def test_aiperf_is_read_as_it_reckons_itself(tmp_path):
    export = exported("aiperf.jsonl", tmp_path / "artifacts" / "profile_export.jsonl")
    told = [msgspec.json.decode(line) for line in export.read_bytes().splitlines()]
    samples = list(aiperf.samples(tmp_path))
    assert [sample.name for sample in samples] == [
        each["metadata"]["x_request_id"] for each in told
    ]
    for sample, each in zip(samples, told, strict=True):
        ttft = each["metrics"]["time_to_first_token"]
        assert (ttft["unit"], sample.ttft_ns) == ("ms", round(ttft["value"] * 1e6))
        assert sample.started_ns == each["metadata"]["request_start_ns"]


def test_what_aiperf_warmed_up_with_or_got_no_token_of_is_left_out(tmp_path):
    export = exported("aiperf.jsonl", tmp_path / "artifacts" / "profile_export.jsonl")
    warm, empty, whole = map(msgspec.json.decode, export.read_bytes().splitlines())
    warm["metadata"]["benchmark_phase"] = "warmup"
    del empty["metrics"]["time_to_first_token"]
    export.write_bytes(b"\n".join(map(msgspec.json.encode, (warm, empty, whole))))
    (sample,) = aiperf.samples(tmp_path)
    assert sample.name == whole["metadata"]["x_request_id"]


# How they are judged

SEEN = Seen(
    {"a": [1_000, 2_000], "b": [3_000], "c": [5_000], "cut": []},
    {
        "a": Arrival(100),
        "b": Arrival(200, "asked-b"),
        "c": Arrival(150, "asked-c"),
        "cut": Arrival(300),
    },
)


def test_an_error_is_of_the_instant_and_of_the_time_beyond_the_gateways_own():
    (error,) = errors([Sample("a", 7_050, 1_000)], SEEN, 7_000, streams=0)
    assert error == Error(ttft=50e-9, added=100e-9)


def test_a_request_is_known_by_either_id_and_the_first_ones_do_not_count():
    told = [Sample("asked-b", 0, 1), Sample("c", 0, 2), Sample("a", 0, 3), Sample("cut", 0, 4)]
    found = errors([*told, Sample("of somebody else", 0, 5)], SEEN, 0, streams=1)
    assert [round(error.ttft * 1e9) for error in found] == [2 - 5_000, 1 - 3_000]


def test_a_wall_clock_that_was_set_makes_no_figure(monkeypatch):
    wall = iter([1_000_000_000, 1_000_040_000, 2_000_000_000])
    monkeypatch.setattr(judging, "both_clocks", lambda: (next(wall), 0))
    distance = Distance()
    assert distance.of("monotonic") == 0
    assert distance.of("wall") == 1_000_000_000
    with pytest.raises(RuntimeError, match="the wall clock was set"):
        distance.of("wall")


# Who is there


def test_who_is_missing_is_told_with_how_to_install_it():
    assert NOBODY.names == [FOXSTREAM, PLAIN]
    assert NOBODY.versions == {}
    of_guidellm, of_aiperf = NOBODY.missing
    assert of_guidellm.startswith("guidellm is not there: python -m venv $FOXSTREAM_PEERS/guidellm")
    assert of_guidellm.endswith("pip install 'guidellm[recommended]'")
    assert of_aiperf.endswith("/aiperf/bin/pip install 'aiperf'")


def test_who_is_there_runs_from_an_environment_of_its_own(tmp_path):
    home(tmp_path, GUIDELLM, "exit 0")
    workshop = Workshop.of({PEERS: str(tmp_path)})
    assert workshop.names == [FOXSTREAM, PLAIN, GUIDELLM]
    assert workshop.versions == {GUIDELLM: "1.2"}
    program = str(tmp_path / "guidellm" / "bin" / "guidellm")
    assert workshop.started(GUIDELLM, ["guidellm", "run"]) == [program, "run"]
    assert workshop.started(FOXSTREAM, ["python", "-m"]) == ["python", "-m"]
    assert [sentence.partition(" ")[0] for sentence in workshop.missing] == [AIPERF]


# How they run


@pytest.mark.anyio
@pytest.mark.parametrize("name", [FOXSTREAM, PLAIN])
async def test_ours_runs_and_every_request_is_judged(name):
    async with truthful_gateway() as gateway:
        found = await figures(name, FEW, gateway, NOBODY)
    assert found.judged == 1.0
    assert 0 < found.ttft <= found.ttft_p99 < found.added_p99
    assert found.ttft < found.added
    assert found.cpu > 0


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("echo starting; echo 'Error: no tokenizer'; echo bye; exit 3", "with 3; Error: no token"),
        ("echo bye; exit 4", "ended with 4; bye"),
        ("exit 0", "No such file .*; it said nothing"),
        ("echo '{}' > ${11#*path=}", "missing required field `benchmarks`"),
        ("echo '{\"benchmarks\": []}' > ${11#*path=}", "none of its requests is known"),
        ("sleep 600", "not done after 0.2 s"),
    ],
)
async def test_a_run_that_comes_to_nothing_is_told_in_its_own_words(
    script, complaint, tmp_path, monkeypatch
):
    if "sleep" in script:
        monkeypatch.setattr(run, "_START", 0.2 - run._SLACK * FEW.seconds)
    home(tmp_path, GUIDELLM, script)
    async with truthful_gateway() as gateway:
        with pytest.raises(RunFailedError, match=complaint):
            await figures(GUIDELLM, FEW, gateway, Workshop(tmp_path))


def test_the_measure_tells_all_who_ran_and_why_others_did_not(monkeypatch, tmp_path):
    home(tmp_path, GUIDELLM, "exit 3")
    monkeypatch.setenv(PEERS, str(tmp_path))
    report = stopwatch.measure(stopwatch.Pace({2: 6}, turns=2, chunks=3))
    assert report.versions[GUIDELLM] == "1.2"
    assert [case.title for case in report.cases] == [
        *("TTFT of 2", "TTFT of 2, p99", "added to 2", "added to 2, p99", "CPU of 2")
    ]
    for case in report.cases:
        assert [row.name for row in case.rows] == [FOXSTREAM, PLAIN]
        assert all(row.cost is not None and row.cost.low > 0 for row in case.rows)
    left_out, missing = report.cases[0].notes
    assert left_out == "guidellm is left out: ended with 3; it said nothing"
    assert missing.startswith("aiperf is not there")
    assert max(map(len, table.lines(report))) <= 80
    told = list(markdown.lines([report]))
    assert f"| {report.subject} | foxstream {report.versions['foxstream']} | {PLAIN} |" in told
    assert sum(line.startswith("| TTFT of 2") for line in told) == 2
    assert told[-1] == f"- {report.legend[-1]}"


def test_nothing_is_compared_where_ours_did_not_come_to_its_end():
    level = stopwatch.Level(2, {AIPERF: []}, ["foxstream is left out: it fell asleep"])
    (case,) = stopwatch._cases(level, [FOXSTREAM, AIPERF])
    assert (case.rows, case.notes) == ([], level.notes)


def test_who_told_of_a_part_only_is_said_so():
    whole = run.Figures(0.1, 0.1, 0.1, 0.1, 0.1, judged=1.0)
    part = msgspec.structs.replace(whole, judged=0.5)
    runs = {FOXSTREAM: [whole], GUIDELLM: [whole, part]}
    assert list(stopwatch._partly(runs)) == ["guidellm told only 50% of the requests"]
