"""The stopwatch on the command line, in this process, against gateways on real sockets."""

from __future__ import annotations

import re
import shlex
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from anyio.from_thread import start_blocking_portal

from foxstream.bench.metrics import SPANS
from foxstream.bench.progress import Progress
from foxstream.bench.record import Record, from_lines, to_line
from foxstream.bench.result import Accuracy, Client, Estimate, Report
from foxstream.bench.truth.script import Script
from foxstream.cli.bench.app import EXAMPLE
from foxstream.cli.bench.consent import cost_of
from foxstream.cli.bench.levels import plans_of
from foxstream.cli.bench.options import Options
from foxstream.cli.bench.under_way import facts_of
from foxstream.cli.program import run
from foxstream.gateway import Faults, Piece, ScriptedEngine, Think, running_gateway
from foxstream.gateway.faults import Reply
from tests.benchruns import made_report
from tests.terminal import FakeTerminal, picture

STOP = Piece(finish_reason="stop")
FAST = Script(lead=0.05, interval=0.005, chunks=4, reasoning=1).prompt
LOCAL = ["bench", "--local", "--prompt", FAST]
FAR = ["bench", "--base-url", "https://far.test", "--api-key", "sk-1"]
PERCENTILES = ["p50", "p90", "p95", "p99", "p99.9"]


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in ("FOXAPI_API_KEY", "FOXAPI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_network(monkeypatch):
    """Whoever looks a host up or opens a connection fails the test."""

    def refuse(*_arguments, **_options):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def serve():
    """Starts a gateway that plays a script; its URL."""
    with ExitStack() as stack:

        def start(*script, **options):
            portal = stack.enter_context(start_blocking_portal())
            running = running_gateway(ScriptedEngine(script), **options)
            return stack.enter_context(portal.wrap_async_context_manager(running))

        yield start


def read(file):
    return msgspec.json.decode(Path(file).read_bytes(), type=Report)


def options(**given):
    return Options(**given)


def test_a_run_is_shown_and_kept_in_every_form(capsys):
    files = ["--json", "out.json", "--raw", "out.jsonl", "--report", "out.html"]
    kept = [*files, "--slo", "ttft=5,itl=1"]
    assert run([*LOCAL, "--concurrency", "1,2", "--requests", "6", *kept]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith("1 at once\n")
    assert out.splitlines()[1].split() == PERCENTILES
    for name in ("ttft", "ttft_from_sent", "ttft_text", "itl", "tpot", "e2e", "submit", "queue"):
        assert len(re.findall(rf"^{name} ", out, re.MULTILINE)) == 2
    assert "goodput         100.0 %" in out
    assert "within ttft 5.00 s and itl 1.00 s" in out.replace("\N{NO-BREAK SPACE}", " ")
    assert "against truth   first token, mean error" in out
    report = read("out.json")
    assert [result.level for result in report.results] == ["1 at once", "2 at once"]
    assert 0.05 < report.results[0].ttft.p50.value < 0.5
    assert {"foxstream", "aiohttp", "msgspec"} == set(report.machine.versions)
    assert len(report.accuracy) == 8
    assert len(list(from_lines(Path("out.jsonl").read_bytes().splitlines()))) == 12
    assert "<h1>Time to first token</h1>" in Path("out.html").read_text()


def test_the_raw_records_tell_what_the_run_told(capsys):
    kept = ["--slo", "ttft=0.06", "--json", "one.json"]
    assert run([*LOCAL, "--requests", "10", "--warmup", "2", "--raw", "r.jsonl", *kept]) == 0
    first = capsys.readouterr().out
    with Path("r.jsonl").open("ab") as raw:
        raw.write(b'{"index":12,"intended')
    assert run(["bench", "report", "r.jsonl", *kept[:3], "two.json", "--report", "r.html"]) == 0
    again, err = capsys.readouterr()
    assert err == "The last line was cut and is left out.\n"
    assert again == re.sub(
        r"^against truth.*?\n(?=\S|\Z)", "", first, flags=re.MULTILINE | re.DOTALL
    )
    assert read("one.json").results == read("two.json").results
    assert Path("r.html").stat().st_size > 10_000


def test_the_example_of_the_help_runs(capsys):
    words = shlex.split(EXAMPLE)[1:]
    assert run([*words, "--prompt", FAST]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[-1].startswith("4 at once ")


@pytest.mark.parametrize("plain", [True, False])
def test_who_watches_sees_it_under_way(monkeypatch, capsys, plain):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1" if plain else "")
    monkeypatch.setattr(sys, "stderr", FakeTerminal())
    slow = Script(lead=0.4, interval=0.005, chunks=4).prompt
    assert run(["bench", "--local", "--prompt", slow, "--requests", "2"]) == 0
    told = sys.stderr.getvalue()
    if plain:
        assert told == "1 at once\n"
    else:
        assert "1 at once: 0 of 2 done, 1 in flight\x1b[K" in told
        assert "1 at once: 1 of 2 done, 1 in flight, ttft 4" in told
        assert picture(told, 80) == [""]
    assert capsys.readouterr().out.startswith("1 at once\n")


def test_arrivals_by_the_clock(capsys):
    assert run([*LOCAL, "--rate", "20,40", "--duration", "0.4", "--no-stamps"]) == 0
    out = capsys.readouterr().out
    assert "20/s constant" in out
    assert "user stamps" in out
    rows = [line.split() for line in out.splitlines()[-2:]]
    assert [row[:4] for row in rows] == [
        ["20/s", "constant", "8", "0"],
        ["40/s", "constant", "16", "0"],
    ]


def test_an_openai_compatible_server(serve, capsys):
    url = serve(Think("Hm. "), "A fox ", "runs.", STOP)
    assert run(["bench", "--openai", f"{url}/v1", "--requests", "3", "--direct"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "complete, 0 failed" in out
    assert "against truth" not in out


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [
        (401, "AuthenticationError", "- check FOXAPI_API_KEY"),
        (500, "InternalServerError", "- the service has a problem; try again later"),
    ],
)
def test_when_every_request_fails_the_first_error_is_told(serve, capsys, status, error, hint):
    refused = Reply(status, b'{"error":{"message":"no \x1b[2J key"}}')
    url = serve("ok", STOP, faults=Faults(submit=[refused] * 20))
    assert run(["bench", "--base-url", url, "--requests", "4", "--concurrency", "1,2"]) == 1
    out, err = capsys.readouterr()
    assert "2 at once" not in out
    assert f"failed with     {error} (4)" in out
    (line,) = err.splitlines()
    assert line.startswith(f"foxstream: every request failed at 1 at once: HTTP {status}: ")
    assert hint in line
    assert "\x1b" not in out + err


def test_failures_stand_apart_and_count_as_for_ever(serve, capsys):
    faults = Faults(submit=[Reply(500), Reply(500)])
    url = serve("ok", STOP, faults=faults)
    assert run(["bench", "--base-url", url, "--requests", "6", "--json", "o.json"]) == 0
    out = capsys.readouterr().out
    (ever, *_) = re.findall(r"^  2 failed as ∞ .*$", out, re.MULTILINE)
    assert "∞" in ever[16:] or "-" in ever[16:]
    assert "failed with     InternalServerError (2)" in out
    (result,) = read("o.json").results
    assert result.ttft.failures == 2


def test_a_client_that_was_slow_fails_a_strict_run(monkeypatch, capsys):
    slow = Client(limits=["it could \x1b[2J not keep up"])
    monkeypatch.setattr("foxstream.bench.summary.keeping_up", lambda *_: slow)
    few = [*LOCAL, "--requests", "2", "--json", "out.json"]
    assert run(few) == 0
    assert run([*few, "--strict"]) == 3
    out, err = capsys.readouterr()
    assert out.count("CLIENT-LIMITED  it could ␛[2J not keep up") == 2
    assert err == "foxstream: this machine may have been the slow one, which --strict forbids\n"
    assert read("out.json").results[0].client == slow


def test_nothing_leaves_this_machine_unasked(no_network, capsys):
    more = ["--max-tokens", "50", "--concurrency", "1,4", "--video", "https://a.test/b.mp4"]
    assert run([*FAR, *more, "--raw", "r.jsonl"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    told = " ".join(err.split())
    assert "40 requests, each about 2 prompt tokens and its media" in told
    assert "at most 2,000 in all" in told
    assert "https://far.test" in told
    assert "nothing was sent: --yes sends it" in told
    assert not Path("r.jsonl").exists()


class Typed(FakeTerminal):
    """A keyboard."""


@pytest.mark.parametrize(("answer", "sent"), [("y\n", True), ("n\n", False), ("", False)])
def test_at_a_terminal_it_asks(monkeypatch, answer, sent):
    seen, asked = FakeTerminal(), []
    monkeypatch.setattr(sys, "stdin", Typed(answer))
    monkeypatch.setattr(sys, "stderr", seen)

    async def measured(self, screen):
        asked.append(self)
        return 0

    monkeypatch.setattr("foxstream.cli.bench.measuring.Measuring.__call__", measured)
    assert run(FAR) == (0 if sent else 2)
    assert "Send them? [y/N] " in seen.getvalue()
    assert bool(asked) is sent


@pytest.mark.parametrize(
    ("given", "requests", "told"),
    [
        ({}, 20, "20 requests, each about 2 prompt tokens. Tokens of the answers: unknown"),
        ({"requests": 1, "max_tokens": 8}, 1, "1 request, "),
        ({"duration": 9.0}, None, "As many requests as fit in the time"),
        ({"duration": 9.0, "max_tokens": 8}, None, "at most 8 each"),
        ({"duration": 9.0, "rate": "2,3"}, 45, "45 requests"),
        ({"prompt": "x" * 4000, "warmup": 5}, 25, "about 1,000 prompt tokens"),
    ],
)
def test_the_cost_is_told_as_far_as_it_is_known(given, requests, told):
    cost = cost_of(plans_of(options(**given)))
    assert cost.requests == requests
    assert told in cost.told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"concurrency": "1,x"}, "--concurrency holds 'x', which is no number"),
        ({"concurrency": "0"}, "at least 1 request"),
        ({"concurrency": "4,4"}, "a load is named twice: 4 at once, 4 at once"),
        ({"rate": "0"}, "above 0"),
        ({"rate": "5", "arrivals": "closed"}, "--rate is not for closed arrivals"),
        ({"rate": "5", "concurrency": "2"}, "not with --rate"),
        ({"arrivals": "poisson"}, "poisson arrivals need --rate"),
        ({"slo": "ttft"}, "--slo holds '', which is no number"),
        ({"slo": "speed=1"}, "slo names 'speed'"),
        ({"slo": "ttft=nan"}, "seconds above 0"),
        ({"local": True, "base_url": "http://127.0.0.1:1"}, "exclude each other"),
        ({"local": True, "api_key": "sk-1"}, "--local needs no --api-key"),
        ({"video": ["missing.mp4"]}, "videos[0] is missing.mp4, which is no file"),
        ({"temperature": 3.0}, "temperature"),
        ({"prompt": ""}, "nothing to ask"),
        ({"prompt": "x", "prompts": "y"}, "exclude each other"),
        ({"prompts": "missing.txt"}, "No such file"),
        ({"timeout": 0.0}, "timeouts.total"),
    ],
)
def test_what_cannot_be_asked_is_refused(given, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        plans_of(options(**given))


def test_every_option_reaches_the_plan():
    first, second = plans_of(
        options(
            model="m",
            prompt="What?",
            image=["https://a.test/b.png"],
            system="Be brief.",
            max_tokens=9,
            temperature=0.5,
            reasoning=False,
            cache="bust",
            seed=3,
            rate="1, 2.5",
            arrivals="poisson",
            requests=5,
            duration=1.0,
            warmup=2,
            max_total_tokens=70,
            openai="http://127.0.0.1:1/v1",
            direct=True,
            timeout=3.0,
            stamps=False,
            slo="ttft=0.8, itl=0.05",
        )
    )
    assert (first.rate, second.rate, second.level) == (1.0, 2.5, "2.5/s poisson")
    assert (first.prompts, first.images) == (("What?",), ("https://a.test/b.png",))
    assert (first.model, first.system_prompt, first.reasoning) == ("m", "Be brief.", False)
    assert (first.cache, first.seed, first.warmup, first.direct) == ("bust", 3, 2, True)
    assert (first.requests, first.duration, first.max_total_tokens) == (5, 1.0, 70)
    assert (first.timeouts.total, first.stamps) == (3.0, False)
    assert first.slo == {"ttft": 0.8, "itl": 0.05}
    assert (first.max_tokens, first.temperature) == (9, 0.5)
    assert first.openai == "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("p.txt", b"\xef\xbb\xbfone\r\n\n two\xe2\x80\xa8three \n", ("one", " two\u2028three ")),
        ("p.txt", b'{"lead": 1}\n{"prompt": "x"}', ('{"lead": 1}', '{"prompt": "x"}')),
        ("p.txt", b'{"prompt": "one", "id": 7}\n{"prompt": "t\\no"}\n', ("one", "t\no")),
        ("p.jsonl", b'{"prompt":"one"}', ("one",)),
    ],
)
def test_a_file_of_prompts(name, data, found):
    Path(name).write_bytes(data)
    assert plans_of(options(prompts=name))[0].prompts == found


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("p.txt", b"", "p.txt holds no prompt"),
        ("p.txt", b"\n \r\n", "p.txt holds no prompt"),
        ("p.txt", b"one\ntwo\n\xff\xfe", "p.txt, line 3 is not UTF-8 text"),
        ("p.txt", b"one\nt\0o", "p.txt, line 2 holds a NUL"),
        ("p.txt", b"one\n" + b"x" * 100_001, "p.txt, line 2 is no prompt"),
        ("p.jsonl", b'{"prompt":"one"}\n\n{"prompt":', "p.jsonl, line 3 is no prompt"),
        ("p.jsonl", b"one", "p.jsonl, line 1 is no prompt"),
        ("p.txt", b'{"prompt":"one"}\n{"prompt":7}', "p.txt, line 2 is no prompt"),
        ("p.jsonl", b'{"prompt":" "}', "p.jsonl, line 1 is no prompt"),
    ],
)
def test_an_ugly_file_of_prompts_names_its_line(capsys, name, data, told):
    Path(name).write_bytes(data)
    assert run(["bench", "--local", "--prompts", name]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["--json", "no/such/out.json"], "no/such/out.json cannot be written: No such file"),
        (["--raw", "."], ". cannot be written: Is a directory"),
        (["--report", "/proc/out.html"], "/proc/out.html cannot be written"),
        (["--json", "a", "--raw", "./a"], "are the same one"),
    ],
)
def test_a_file_that_cannot_be_written_is_missed_before(no_network, capsys, files, told):
    assert run([*FAR, "--yes", *files]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_costs_nothing_else(capsys):
    Path("full.jsonl").symlink_to("/dev/full")
    files = ["--json", "/dev/full", "--raw", "full.jsonl", "--report", "out.html"]
    assert run([*LOCAL, "--requests", "2", *files]) == 1
    out, err = capsys.readouterr()
    assert "complete, 0 failed" in out
    assert err.count("cannot be written: ") == 2
    assert Path("out.html").stat().st_size > 10_000


@pytest.mark.parametrize("option", [["--report", "out.html"], []])
def test_without_the_extra_its_command_is_named(monkeypatch, no_network, capsys, option):
    if option:
        monkeypatch.setattr("foxstream.bench.page.find_spec", lambda _: None)
    else:
        for name in [name for name in sys.modules if name.startswith("foxstream.bench.stat")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.delitem(sys.modules, "foxstream.cli.bench.measuring", raising=False)
        monkeypatch.delitem(sys.modules, "foxstream.bench.summary", raising=False)
        monkeypatch.delitem(sys.modules, "foxstream.bench.running", raising=False)
        monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    assert run([*FAR, "--yes", *option]) == 2
    assert capsys.readouterr().err.endswith('pip install "foxstream[bench]"\n')


def test_every_figure_is_explained(capsys):
    assert run(["bench", "--explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    named = {line.partition(" = ")[0]: line for line in lines}
    assert set(named) == {*SPANS, "itl", "tpot"}
    assert named["queue"].startswith("queue = first_token \N{MINUS SIGN} stream_opened  open, but")


def shifted(report, factor):
    """The same report with a first token that takes `factor` times as long."""

    def longer(estimate):
        return Estimate(
            *(None if v is None else v * factor for v in msgspec.structs.astuple(estimate))
        )

    for result in report.results:
        ttft = result.metrics["ttft"]
        changed = {name: longer(getattr(ttft, name)) for name in ("p50", "p90")}
        result.metrics["ttft"] = msgspec.structs.replace(ttft, **changed)
    return report


@pytest.mark.parametrize(
    ("factor", "code", "told"), [(0.1, 0, "better"), (9.0, 1, "worse"), (1.0, 3, "undecided")]
)
def test_two_reports_are_compared(capsys, factor, code, told):
    Path("a.json").write_bytes(msgspec.json.encode(made_report((4,))))
    Path("b.json").write_bytes(msgspec.json.encode(shifted(made_report((4,)), factor)))
    assert run(["bench", "compare", "a.json", "b.json"]) == code
    out = capsys.readouterr().out
    assert out.splitlines()[-1].endswith(told)
    assert re.search(r"^4 at once +ttft p50 +m?s ", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "b.json is no report"),
        (b'{"results":[{}]}', "b.json is no report"),
        (b'{"schema":9}', "read by another version"),
        (msgspec.json.encode(made_report((2,))), "do not match"),
        (None, "b.json cannot be read: No such file"),
    ],
)
def test_what_cannot_be_compared_is_refused(capsys, data, told):
    Path("a.json").write_bytes(msgspec.json.encode(made_report((4,))))
    if data is not None:
        Path("b.json").write_bytes(data)
    assert run(["bench", "compare", "a.json", "b.json"]) == 2
    assert told in capsys.readouterr().err


def test_other_prompts_are_compared_by_force_alone(capsys):
    other = made_report((4,))
    other.plan = msgspec.structs.replace(other.plan, prompts=("Another?",))
    Path("a.json").write_bytes(msgspec.json.encode(made_report((4,))))
    Path("b.json").write_bytes(msgspec.json.encode(other))
    assert run(["bench", "compare", "a.json", "b.json"]) == 2
    assert run(["bench", "compare", "a.json", "b.json", "--force"]) == 3
    assert "what was asked differs in prompts" in capsys.readouterr().out


LINE = to_line(Record(index=0, level="1 at once", intended_ns=1))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (LINE + b'{"index":\n' + LINE, "r.jsonl: line 2 is no raw record"),
        (LINE + b"\xff\n", "r.jsonl: line 2 is no raw record"),
        (b"", "r.jsonl holds no whole record"),
        (b'{"index":', "r.jsonl holds no whole record"),
        (to_line(Record(index=0, intended_ns=1)), "tells no pace"),
    ],
)
def test_broken_raw_records_are_refused(capsys, data, told):
    Path("r.jsonl").write_bytes(data)
    assert run(["bench", "report", "r.jsonl"]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("reached", [True, False])
def test_the_self_test_tells_every_goal(monkeypatch, capsys, reached):
    async def check(quick):
        yield Accuracy("a first token", 0.00004, "s", 0.001)
        yield Accuracy(f"an interval {quick}", 0.95, "share", None, reached)
        yield Accuracy("complaints", 0.0, "of 17", 0.0)

    monkeypatch.setattr("foxstream.bench.self_test.CHECKS", {"one": check})
    assert run(["bench", "self-test", "--quick", "--json", "s.json"]) == (0 if reached else 1)
    out, err = capsys.readouterr()
    assert err == ""
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert rows[1] == "40.0 µs ≤ 1.00 ms a first token"
    assert rows[2] == "95.0 % an interval True" + ("" if reached else " - MISSED")
    assert rows[4] == ("all 3 goals reached" if reached else "1 of 3 goals missed")
    assert len(read("s.json").accuracy) == 3


def test_tokens_are_those_of_all_loads_together(capsys):
    few = [*LOCAL, "--concurrency", "1,2,3", "--requests", "4", "--max-total-tokens", "30"]
    assert run([*few, "--json", "o.json"]) == 0
    told = capsys.readouterr()
    assert "--max-total-tokens is used up" in told.err
    assert [result.level for result in read("o.json").results] == ["1 at once"]


def test_a_run_in_which_nothing_was_due_says_so(capsys):
    rare = ["--rate", "0.5", "--arrivals", "poisson", "--duration", "0.2"]
    assert run([*LOCAL, *rare, "--json", "o.json"]) == 0
    assert "0 complete, 0 failed" in capsys.readouterr().out
    assert read("o.json").results[0].load.requests == 0


def test_what_is_refused_in_mid_run_is_no_success_and_costs_no_earlier_results(serve, capsys):
    url = serve("ok", STOP)
    film = Path("clip.mp4")
    film.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(5 << 20))
    Path("old.json").write_text("kept")
    asked = ["bench", "--openai", f"{url}/v1", "--video", str(film), "--json", "old.json"]
    assert run([*asked, "--raw", "r.jsonl"]) == 2
    out, err = capsys.readouterr()
    assert "travel inside a request" in err
    assert "1 complete" not in out
    (record,) = from_lines(Path("r.jsonl").read_bytes().splitlines())
    assert record.error == "InvalidInputError"


def test_a_submit_that_was_refused_and_sent_again_is_told(serve, capsys):
    busy = Reply(429, b"{}", headers={"Retry-After": "0"})
    url = serve("ok", STOP, faults=Faults(submit=[busy, busy]))
    assert run(["bench", "--base-url", url, "--requests", "3", "--json", "o.json"]) == 0
    assert "2 submits refused and sent again" in " ".join(capsys.readouterr().out.split())
    assert read("o.json").results[0].outcomes.resubmitted == 2


def test_a_report_is_not_written_over_what_it_is_made_from(capsys):
    Path("r.jsonl").write_bytes(b"")
    assert run(["bench", "report", "r.jsonl", "--json", "./x/../r.jsonl"]) == 2
    assert "the same one" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["{}", '{"results":[]}'])
def test_what_holds_no_results_is_not_compared(capsys, content):
    Path("empty.json").write_text(content)
    assert run(["bench", "compare", "empty.json", "empty.json"]) == 2
    assert "holds no results" in capsys.readouterr().err


def test_options_of_a_run_are_for_no_other_command(capsys):
    assert run(["bench", "--local", "report", "r.jsonl"]) == 2
    assert "options of a run are not for report" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["self-test"], ["compare"], ["report"]])
def test_the_help_ends_with_an_example(capsys, words):
    assert run(["bench", *words, "--help"]) == 0
    assert "Example: foxstream bench " in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"done": 0, "count": 20}, ["0 of 20 done", "3 in flight"]),
        (
            {"done": 5, "count": 20, "ttft": 0.8, "failed": 1},
            ["5 of 20 done", "3 in flight", "1 failed", "ttft 800 ms", "2.50/s", "6 s left"],
        ),
        ({"done": 5, "duration": 3.0}, ["5 done", "3 in flight", "2.50/s", "1 s left"]),
        ({"done": 0, "duration": 1.0}, ["0 done", "3 in flight", "0 s left"]),
    ],
)
def test_progress_in_words(given, told):
    usual = {"count": None, "failed": 0, "duration": None, "ttft": None}
    progress = Progress(level="1 at once", in_flight=3, seconds=2.0, **usual | given)
    assert [fact.replace("\N{NO-BREAK SPACE}", " ") for fact in facts_of(progress)] == told
