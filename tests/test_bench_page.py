"""The page: whole in one file, harmless whatever it tells, readable in a real browser."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from foxstream.bench import page as room
from foxstream.bench.ink import contrast
from foxstream.bench.metrics import SPANS
from foxstream.bench.page import page
from foxstream.bench.page.cells import estimated, percent, told
from foxstream.bench.page.levels import level
from foxstream.bench.page.markup import Markup, tag, text
from foxstream.bench.page.spans import spans_table
from foxstream.bench.page.words import limits, meaning, model, target, verdict
from foxstream.bench.plan import Plan
from foxstream.bench.record import Record
from foxstream.bench.result import (
    Client,
    Distribution,
    Estimate,
    Load,
    Outcomes,
    Report,
    Result,
    Tokens,
)
from foxstream.errors import MissingExtraError
from tests.benchruns import made_report
from tests.test_floors import GUARDED, WAITS, imports

ROOT = Path(__file__).parent.parent
BENCH = ROOT / "foxstream" / "bench"
DRAWING = [
    *sorted((BENCH / "figures").glob("*.py")),
    *sorted((BENCH / "page").glob("*.py")),
    BENCH / "amounts.py",
    BENCH / "ink.py",
]
HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\" '&amp;\x00\u202e\ud800"
VOID = {"meta", "link"}
PLAIN = {0xA0: " ", 0x202F: " ", 0x2013: "-", 0x2212: "-"}


@pytest.fixture(scope="module")
def report() -> Report:
    return made_report(limits=["the event loop stood still for 350 ms", "another reason"])


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return page(report)


class Outline(HTMLParser):
    """What is opened, closed and said; every element must be closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.names: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def loaded(name: str = "1 at once", **more: object) -> Result:
    return Result(level=name, load=Load(arrivals="closed", concurrency=1), **more)


def spread(p50: float | None = 0.4, **more: object) -> Distribution:
    half = Estimate() if p50 is None else Estimate(p50, p50 - 0.1, p50 + 0.1)
    return Distribution(count=50, p50=half, **more)


def said(markup: str) -> str:
    """Its words, with plain spaces and hyphens."""
    return Outline(markup).text.translate(PLAIN)


# The file


def test_the_page_is_well_formed_and_says_what_it_is(html):
    outline = Outline(html)
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert outline.names.count("h1") == 1
    assert outline.names.count("svg") == 8
    assert "raw records are not part" not in outline.text
    assert "fox-1 · the embedded gateway on this machine" in outline.text
    assert "2025-03-01T09:30:00+00:00" in outline.text


def test_the_page_needs_nothing_from_elsewhere(html):
    outline = Outline(html)
    links = [
        value
        for name, key, value in outline.attributes
        if key in {"src", "href", "xlink:href", "srcset", "action", "data", "poster"}
    ]
    assert {link for link in links if not link.startswith("#")} == {"data:,"}
    assert not {"script", "iframe", "object", "embed", "base", "form", "img"} & {*outline.names}
    assert "://" not in html
    assert not re.search(r"@import|url\((?!#)", html)


def test_the_page_forbids_itself_everything_else(html):
    policy = next(value for _, key, value in Outline(html).attributes if "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_the_same_report_gives_the_same_page(html):
    again = made_report(limits=["the event loop stood still for 350 ms", "another reason"])
    assert page(again) == html


def test_no_id_comes_twice(html):
    ids = [value for _, key, value in Outline(html).attributes if key == "id"]
    assert len(ids) == len(set(ids))


def test_a_report_read_from_json_has_a_page_without_figures(report):
    read = msgspec.json.decode(msgspec.json.encode(report), type=Report)
    outline = Outline(page(read))
    assert outline.names.count("svg") == 1
    assert "Time to first token against load" in outline.text
    assert "The raw records are not part of this report" in outline.text


def test_an_empty_report_has_a_page():
    assert "Nothing was measured." in said(page(Report()))


def test_without_matplotlib_the_page_names_the_command(monkeypatch, report):
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r'pip install "foxstream\[bench\]"'):
        page(report)


def test_importing_the_page_loads_no_matplotlib():
    code = (
        "import sys, foxstream.bench, foxstream.bench.page, foxstream.bench.ink; "
        "from foxstream.bench import Report; "
        "print({'matplotlib', 'numpy', 'asyncio', 'aiohttp'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("file", DRAWING, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_neither_page_nor_figures_wait_or_read_a_clock(file):
    nodes = [*ast.walk(ast.parse(file.read_text()))]
    assert not [node for node in nodes if isinstance(node, (*WAITS, ast.AsyncFunctionDef))]
    assert not {name.partition(".")[0] for node in nodes for name in imports(node)} & GUARDED


# Words from outside


def test_whatever_is_no_markup_is_text():
    assert tag("p", "<b>", Markup("<i>")) == "<p>&lt;b&gt;<i></p>"
    assert tag("meta", name='"x', http_equiv="y") == '<meta name="&quot;x" http-equiv="y">'
    assert tag("td", class_="a", data_name="b") == '<td class="a" data-name="b"></td>'
    assert text("a\x00\u202eb\ud800") == "a\ufffd\ufffdb\ufffd"


def test_hostile_words_do_not_break_out():
    report = made_report([1, 4], failing=0.3, limits=[HOSTILE])
    report.started = HOSTILE
    report.plan = Plan(prompts=(HOSTILE,), model=HOSTILE, base_url=f"http://{HOSTILE}/", seed=1)
    report.machine = msgspec.structs.replace(
        report.machine, processor=HOSTILE, versions={HOSTILE: HOSTILE}
    )
    report.accuracy = [msgspec.structs.replace(report.accuracy[0], check=HOSTILE, unit=HOSTILE)]
    for result in report.results:
        result.level = HOSTILE
        result.notes = [HOSTILE]
        result.metrics[HOSTILE] = Distribution(unit=HOSTILE, count=3, p50=Estimate(1.0, 0.5, 2.0))
        result.outcomes = Outcomes(errors={HOSTILE: 2})
        for record in result.records:
            record.error = record.error and HOSTILE
    outline = Outline(page(report))
    assert not {"script", "img"} & {*outline.names}
    assert not [key for _, key, _ in outline.attributes if key.startswith("on")]
    assert "<script>alert(1)</script>" in outline.text
    assert page(report).encode()


# Sentences


def test_one_load_is_told_with_its_interval():
    ttft = spread(0.4, p90=Estimate(1.25, 1.1, 1.4))
    result = loaded(metrics={"ttft": ttft}, outcomes=Outcomes(complete=50))
    assert verdict([result]).replace("\N{NO-BREAK SPACE}", " ") == (
        "Half of the requests got their first token within 0.400 s (with 95 % confidence 0.300 s "
        "to 0.500 s), nine in ten within 1.25 s. All 50 requests succeeded."
    )


def test_many_loads_are_compared():
    results = [
        loaded("1 at once", metrics={"ttft": spread(0.2)}, outcomes=Outcomes(complete=50)),
        loaded(
            "9 at once",
            metrics={"ttft": spread(0.5)},
            outcomes=Outcomes(complete=48, errors={"E": 2}),
        ),
    ]
    assert verdict(results).replace("\N{NO-BREAK SPACE}", " ") == (
        "Half of the requests got their first token within 200 ms at the first load (1 at once) "
        "and within 500 ms at the last (9 at once), 2.5 times as long. 2 of 100 requests failed."
    )


def test_too_little_is_no_verdict():
    few = loaded(metrics={"ttft": Distribution(count=3)}, outcomes=Outcomes(complete=3))
    none = loaded("none", outcomes=Outcomes(errors={"APITimeoutError": 4}))
    assert verdict([few]).startswith("Too few requests (3) to say how long")
    assert verdict([none]) == "No request got a first token. 4 of 4 requests failed."
    assert verdict([few, none]).startswith("1 at once: Too few requests")
    lone = loaded(metrics={"ttft": Distribution(count=3, p50=Estimate(0.5))})
    assert "confidence" not in verdict([lone])


def test_reasons_to_doubt_are_at_the_top(html):
    assert html.index('class="warning"') < html.index("<table")
    warned = said(html)
    assert "These figures may be those of this machine, not of the service." in warned
    assert "1 at once: the event loop stood still for 350 ms" in warned
    assert limits([loaded(client=Client(limits=["a", "b"]))]) == ["1 at once: a", "1 at once: b"]
    assert "warning" not in page(Report(results=[loaded()])).partition("</style>")[2]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (None, ""),
        (Plan(), "https://api.foxapi.cc"),
        (Plan(base_url="https://me:secret@host:8/v1?key=1"), "https://host:8/v1"),
        (Plan(openai="http://localhost:9/v1"), "http://localhost:9/v1 (OpenAI-compatible)"),
        (Plan(local=True), "the embedded gateway on this machine, with injected truth"),
    ],
)
def test_the_target_is_told_without_secrets(plan, told):
    assert target(plan) == told
    assert "secret" not in page(Report(plan=plan))


def test_the_plan_is_told_without_what_is_in_the_media():
    plan = Plan(prompts=("long " * 999,), videos=("https://host/clip.mp4?signature=secret",))
    told = said(page(Report(plan=plan)))
    assert "videos 1, images 0" in told
    assert "secret" not in told
    assert told.count("long") < 100


def test_the_model_is_that_of_the_plan_or_of_the_records():
    records = [Record(index=0, intended_ns=0, model=name) for name in ("b", "a", "b", "")]
    assert model(Report(plan=Plan(model="m"))) == "m"
    assert model(Report(results=[loaded().keep(records)])) == "a, b"
    assert model(Report()) == "an unnamed model"


def test_what_ttft_means_comes_from_the_formulas():
    told = said(meaning())
    for name, span in SPANS.items():
        if name.startswith("ttft"):
            assert f"{name} {span.end} - {span.start} : {span.about}" in told


# Tables


def test_a_row_has_its_formula_its_interval_and_its_failures():
    failing = {"p50": 0.5, "p90": None}
    table = spans_table({"ttft": spread(0.4, failures=2, mean=0.45, failing=failing)}, "caption")
    told = said(table)
    assert "ttft first_token - intended n = 50, mean 450 ms 400 ms 300 - 500 - - - -" in told
    assert told.endswith("with 2 failed as ∞ 500 ms ∞ - - -")
    assert 'title="sample too small"' in table
    assert 'data-name="p99.9"' in table


def test_without_a_failure_there_is_no_second_row():
    table = spans_table({"ttft": spread(failing={"p50": 0.4}), "tls": Distribution()}, "")
    assert Outline(table).names.count("tr") == 2
    assert "tls" not in table


def test_a_row_has_one_unit():
    assert told(Distribution(p50=Estimate(0.01), p99=Estimate(2.0))) == told(Distribution(mean=1.0))
    assert told(Distribution(unit="chunks", p50=Estimate(1.0))) == "chunks"
    table = spans_table({"own": Distribution(unit="chunks", count=1, p50=Estimate(2, 1, 3))}, "")
    assert "2.00 chunks 1.00 - 3.00" in said(table)


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        (None, "-"),
        (Estimate(), "-"),
        (Estimate(0.914, 0.87, 0.945), "91.4 % (87.0 to 94.5 %)"),
        (Estimate(0.5), "50.0 %"),
    ],
)
def test_a_share_is_told_in_percent(estimate, shown):
    assert said(percent(estimate)) == shown


def test_a_bound_that_is_not_known_is_infinite():
    assert said(estimated(Estimate(1.0, 0.5, None), told(Distribution(mean=1.0)))) == (
        "1.00 s 0.500 - ∞"
    )
    assert said(estimated(Estimate(1.0), "x")) == "1.00 x"


def test_all_of_a_load_is_told():
    result = loaded(
        metrics={"ttft": spread(), "tls": spread(0.2)},
        outcomes=Outcomes(complete=8, errors={"A": 1, "B": 3}, recovered=2, reconnects=5),
        tokens=Tokens(prompt=1200, completion=34, per_second=5.5, chunks_per_read=1.5),
        client=Client(
            clock="mixed", unstamped=7, lag=Distribution(p99=Estimate(0.0001)), stalled=1
        ),
        goodput=Estimate(0.9, 0.8, 0.95),
        notes=["a proxy buffers"],
    )
    result.load = Load(
        arrivals="poisson", concurrency=1, rate=9.0, achieved=8.5, apart={"warmup": 3}
    )
    words = said(level(result, {"ttft": 0.6, "tpot": 0.02}))
    for sentence in (
        "poisson arrivals, 9.00 a second asked for, 8.50 a second sent",
        "warmup 3",
        "8 complete, 4 failed; 2 recovered after 5 reconnects",
        "90.0 % (80.0 to 95.0 %) within ttft 600 ms and tpot 20.0 ms",
        "1 200 prompt, 34 completion, 5.50 completion tokens a second",
        "1.50 chunks a read",
        "mixed stamps, 7 chunks without, read 100 µs (p99) behind the kernel",
        "Failed requests by error B 3 A 1",
        "a proxy buffers",
        "Every other span",
    ):
        assert sentence in words


def test_what_was_not_told_is_left_out():
    words = said(level(loaded(), {}))
    assert not [name for name in ("goodput", "tokens", "chunks", "apart", "error") if name in words]


def test_the_self_test_is_told(html):
    words = said(html)
    assert "TTFT against the truth, median 40.0 µs ≤ 1.00 ms yes" in words
    assert "send delay, p99 3.10 ms ≤ 2.00 ms no" in words
    assert "AMD EPYC 7B13, 2 cores" in words
    assert "How exact" not in page(Report())


# In a browser


SCREENS = [("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390), ("light", 320)]
COLOURS = """() => {
  const solid = node => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor
      if (!colour.startsWith('rgba')) return colour
    }
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const found = []
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, style = getComputedStyle(node)
    if (!walker.currentNode.data.trim()) continue
    found.push([node.closest('svg') ? style.fill : style.color, solid(node)])
  }
  return found
}"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll('svg text')].map(
  node => parseFloat(getComputedStyle(node).fontSize) *
    Math.hypot(node.getScreenCTM().a, node.getScreenCTM().b)))"""
WIDTHS = """() => [document.documentElement.scrollWidth, document.documentElement.clientWidth,
  ...[...document.querySelectorAll('main *')].map(node => node.getBoundingClientRect().right)]"""


@pytest.mark.parametrize(("scheme", "width"), SCREENS)
def test_the_page_is_readable_in_a_browser(browser, html, tmp_path, scheme, width):
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    view = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    problems: list[str] = []
    view.on("console", lambda message: problems.append(message.text))
    view.on("pageerror", lambda error: problems.append(str(error)))
    view.on("request", lambda request: problems.append(request.url))
    view.goto(file.as_uri())
    view.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    picture = view.screenshot(full_page=True)
    scroll, inner, *rights = view.evaluate(WIDTHS)
    colours = {tuple(map(hexed, pair)) for pair in view.evaluate(COLOURS)}
    smallest = view.evaluate(SMALLEST)
    view.close()
    assert picture.startswith(b"\x89PNG")
    assert [each for each in problems if each != file.as_uri() and each != "data:,"] == []
    assert scroll <= inner
    assert max(rights) <= inner
    assert len(colours) >= 3
    assert {pair: contrast(*pair) for pair in colours if contrast(*pair) < 4.5} == {}
    assert smallest >= (9 if width >= 390 else 8)


def hexed(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def test_light_and_dark_differ(browser, html, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    papers = set()
    for scheme in ("light", "dark"):
        view = browser.new_page(color_scheme=scheme)
        view.goto(file.as_uri())
        papers.add(view.evaluate("getComputedStyle(document.body).backgroundColor"))
        view.close()
    assert papers == {"rgb(255, 255, 255)", "rgb(21, 24, 28)"}
