"""Random histories of mishaps: each ends as it must, and the judge can tell when it does not."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import msgspec
import pytest

from benchmarks import faults
from benchmarks.__main__ import main
from benchmarks.histories import dry, virtual
from benchmarks.histories.history import History, history_of
from benchmarks.histories.life import Life, Outcome
from benchmarks.histories.mishaps import Cut, Told
from benchmarks.histories.oracle import judge
from benchmarks.histories.recorded import Words, recorded
from benchmarks.histories.tasks import Task
from benchmarks.histories.trial import Tally, random_histories, spread
from foxstream import (
    APIConnectionError,
    APITimeoutError,
    Completion,
    Delta,
    FoxError,
    StreamDivergedError,
    StreamTruncatedError,
)
from foxstream.decoder import Decoder
from foxstream.retelling import Retelling
from foxstream.telling import Telling
from tests.unmeasured import unmeasured, untraced  # noqa: F401 (a fixture)

ROOT = Path(__file__).parent.parent
REASONING, TEXT = recorded().words
CUT = Told(cut=Cut(2000, "reset"))


def well(tally: Tally) -> None:
    assert not tally.failures, "\n".join(faults.lines(tally))


def test_ten_thousand_histories_in_virtual_time():
    tally = spread(random_histories, range(10_000))
    well(tally)
    assert tally.lived == 10_000
    assert 0.5 < tally.endings["truth"] / tally.lived < 0.9


@untraced()
def test_some_of_them_on_trio():
    well(random_histories(range(10_000, 10_300), backend="trio"))


@untraced()
def test_with_and_without_a_loop_they_end_the_same():
    for seed in range(20_000, 20_300):
        history = history_of(seed)
        outcomes = [lived(history) for lived in (dry.lived, virtual.lived)]
        endings = {(o.ending, o.seen, len(o.openings), o.looks) for o in outcomes}
        assert len(endings) == 1, seed


def test_a_history_is_made_from_its_seed_and_can_be_written_down():
    assert history_of(7) == history_of(7) != history_of(8)
    for seed in range(100):
        history = history_of(seed)
        assert msgspec.json.decode(msgspec.json.encode(history), type=History) == history


def outcome(
    *connections: object,
    reasoning: str = REASONING,
    text: str = TEXT,
    error: FoxError | None = None,
    kept: Words | None = None,
    looks: tuple[str, ...] = (),
    **fields: object,
) -> Outcome:
    """What the loop would have seen of a history, and how it would have ended."""
    life = Life(History(connections, **fields))
    for _ in connections or [None]:
        life.open()
    life.looks.extend(looks)
    life.see(Delta(text, reasoning))
    if error is None:
        recovered = len(connections) > 1
        whole = Completion(text, reasoning, finish_reason="stop", recovered=recovered)
        return Outcome.of(life, whole)
    error.partial = Completion(*reversed(kept or Words(reasoning, text)), state="truncated")
    error.task_id = "task-1"
    return Outcome.of(life, error=error)


FAILED = partial(outcome, task=Task(ends="failed"))


def lost() -> FoxError:
    return APIConnectionError("lost")


def test_the_judge_lets_the_truth_pass_and_what_nobody_could_know():
    assert judge(outcome()) is None
    assert judge(FAILED(CUT, text=TEXT[:9], error=lost())) is None
    uncounted = Told("uncounted", 1)
    assert judge(outcome(uncounted, reasoning=REASONING[len("0Été ") :])) is None
    hole = TEXT.removeprefix("0lièvre ")
    assert judge(outcome(Told("uncounted", 18), text=hole)) is None
    assert judge(FAILED(Told("missing", 18), text=hole, error=lost())) is None


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (outcome(text=TEXT + "again"), "taken for the whole"),
        (outcome(CUT, Told(), text=TEXT[:9] + TEXT[5:]), "taken for the whole"),
        (outcome(CUT, Told(), text=TEXT[:9] + TEXT[10:]), "taken for the whole"),
        (outcome(CUT, text=TEXT[:9]), "taken for the whole"),
        (outcome(Told("uncounted", 18), text=TEXT[9:], verify=True), "taken for the whole"),
        (outcome(reasoning=REASONING[:-1]), "the reasoning is called complete"),
        (FAILED(CUT, text=TEXT[1:9], error=lost()), "lost or repeated"),
        (FAILED(CUT, reasoning=REASONING[1:], text="", error=lost()), "lost or repeated"),
        (FAILED(CUT, reasoning=REASONING[:-1], text="0", error=lost()), "lost or repeated"),
        (FAILED(CUT, text=TEXT[:9], error=lost(), kept=Words(REASONING, TEXT[:8])), "partial"),
        (FAILED(CUT, text=TEXT[:9], error=FoxError("?")), "no named error"),
        (FAILED(CUT, text=TEXT[:9], error=StreamDivergedError("!")), "called diverged"),
        (outcome(CUT, text=TEXT[:9], error=StreamTruncatedError("cut")), "given up"),
        (outcome(CUT, text=TEXT[:9], error=APITimeoutError("slow")), "given up"),
    ],
)
def test_the_judge_tells_what_is_wrong(wrong, complaint):
    assert complaint in (judge(wrong) or "nothing")


def test_the_judge_knows_other_wrongs():
    life = Life(History())
    life.open()
    bare = Outcome.of(life, error=KeyError("choices"))
    assert "no named error" in judge(bare)
    assert "without a completion" in judge(Outcome.of(life))
    seen_more = outcome(error=lost(), text="", task=Task(ends="failed"))
    life.see(Delta("0"))
    assert "not what the loop saw" in judge(msgspec.structs.replace(seen_more, seen=life.seen))
    told = FAILED(Told("missing", 18), text=TEXT.removeprefix("0lièvre "), error=lost())
    assert "not those of the task" in judge(msgspec.structs.replace(told, looks=("truth",)))


def _not_compared(self, channel, piece):
    left = len(self._expected.get(channel, "")) - self._heard.get(channel, 0)
    if left > 0:
        self._heard[channel] += min(left, len(piece))
    return piece[max(0, left) :]


BROKEN = {
    "not compared": (Retelling, "_new_of", _not_compared),
    "not behind": (Retelling, "behind", False),
    "told twice": (Telling, "begin_again", Telling.begin),
    "not counted": (Telling, "miscounted", False),
    "end of bytes": (Decoder, "eof", Decoder._finish),
}


@pytest.mark.parametrize(("room", "name", "broken"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("lived", [dry.lived, virtual.lived], ids=["dry", "virtual"])
def test_a_broken_rule_is_found(lived, room, name, broken, monkeypatch):
    monkeypatch.setattr(room, name, broken)
    assert any(judge(lived(history_of(seed))) for seed in range(300))


def test_a_failing_seed_is_printed_with_what_lives_it_again(monkeypatch):
    monkeypatch.setattr(Telling, "miscounted", False)
    tally, lines = faults.measure(range(60))
    seeds = [failure.history.seed for failure in tally.failures]
    assert seeds
    assert f"  python -m benchmarks faults --verbose --schedules 1 --seed {seeds[0]}" in list(lines)
    again, story = faults.measure(range(seeds[0], seeds[0] + 1), verbose=True)
    assert [failure.history.seed for failure in again.failures] == seeds[:1]
    assert f"judged: {again.failures[0].complaint}" in list(story)
    written = msgspec.json.encode(again.failures[0].history)
    assert faults.measure(written)[0].failures == again.failures


def test_the_command_fails_where_a_history_does(monkeypatch, capsys):
    monkeypatch.setattr(Telling, "miscounted", False)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "faults", "--schedules", "60"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    assert "wrong: " in capsys.readouterr().out


def command(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "benchmarks", "faults", *options],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_prints_how_they_ended_and_what_they_met():
    run = command("--schedules", "250", "--seed", "5")
    assert (run.returncode, run.stderr) == (0, "")
    assert "250 histories of one answer, 0 ended wrongly" in run.stdout
    assert all(word in run.stdout for word in ("truth", "cut: stall", "told: diverged"))


def test_the_command_tells_one_history_in_full():
    for sockets in ([], ["--sockets"]):
        run = command("--schedules", "1", "--seed", "13", "--verbose", *sockets)
        assert (run.returncode, run.stderr) == (0, "")
        assert '"seed": 13' in run.stdout
        assert run.stdout.endswith("judged: as it must be\n")
