"""The figures: the same records give the same bytes, nothing is left out in silence."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import msgspec
import pytest

from foxstream.bench import ink
from foxstream.bench.amounts import MICROSECONDS, MILLISECONDS, SECONDS, count, digits, unit_of
from foxstream.bench.figures import plots
from foxstream.bench.figures.canvas import drawn
from foxstream.bench.figures.distributions import Curve, gap_curves, ttft_curves, ttft_plot
from foxstream.bench.figures.lanes import MOST_LANES, lanes_plot, picked
from foxstream.bench.figures.loads import loads_plot
from foxstream.bench.figures.plot import Plot, origin
from foxstream.bench.figures.scales import far_apart, round_ticks, thinned
from foxstream.bench.figures.tidy import plain
from foxstream.bench.figures.timeline import errors_plot, stalls, ttft_over_time
from foxstream.bench.record import Record
from foxstream.bench.result import Distribution, Estimate, Load, Report, Result
from foxstream.bench.window import ended
from tests.benchruns import MS, made_report

ROOT = Path(__file__).parent.parent
ALONE = ["ttft-spread", "gaps-spread", "ttft-time", "lanes-0"]
TOGETHER = ["ttft-spread", "loads", "gaps-spread", "ttft-time", "errors"]
HOSTILE = '</svg><script>alert("$x_1$")</script>\x00\x1b\u202e語🦊'


@pytest.fixture(scope="module")
def report() -> Report:
    return made_report()


@pytest.fixture(scope="module")
def figures(report: Report) -> list[Plot]:
    return plots(report)


def result_of(*records: Record, level: str = "alone") -> Result:
    load = Load(arrivals="closed", concurrency=1)
    return Result(level=level, load=load).keep([*records])


def token(index: int = 0, ttft: int = 100, **more: object) -> Record:
    """A request of one token, `ttft` milliseconds after it was due."""
    first = ttft * MS
    instants = dict.fromkeys(("first_token_ns", "first_text_token_ns", "last_token_ns"), first)
    record = Record(index=index, intended_ns=0, chunk_ns=[first], **instants)
    return msgspec.structs.replace(record, **more)


def words_of(plot: Plot) -> list[str]:
    return [element.text or "" for element in ET.fromstring(plot.svg).iter("text")]


# Numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1.2345, "1.23"),
        (0.0405, "0.0405"),
        (12.345, "12.3"),
        (123.45, "123"),
        (1234567, "1\u202f234\u202f567"),
        (-2.5, "-2.50"),
        (1e-9, "0.000000"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (math.nan, "?"),
    ],
)
def test_figures_have_three_digits(value, shown):
    assert digits(value) == shown


@pytest.mark.parametrize(
    ("seconds", "unit"),
    [
        ([], SECONDS),
        ([0.0], SECONDS),
        ([0.2, 1.0], SECONDS),
        ([0.2, math.inf], MILLISECONDS),
        ([0.0002], MICROSECONDS),
        ([-0.4, 0.0001], MILLISECONDS),
    ],
)
def test_the_longest_decides_the_unit(seconds, unit):
    assert unit_of(seconds) is unit


def test_a_unit_tells_seconds():
    assert MILLISECONDS.told(0.4123) == "412"
    assert count(1000) == "1\u202f000"


# Inks


@pytest.mark.parametrize("paper", [ink.PAPER.light, ink.PAPER.dark])
def test_every_colour_stands_out_from_both_papers(paper):
    assert all(ink.contrast(colour, paper) >= 3 for colour in (*ink.SERIES, ink.FAILURE))


@pytest.mark.parametrize("each", [ink.INK, ink.MUTED], ids=lambda each: each.name)
def test_text_is_readable_in_both_schemes(each):
    assert ink.contrast(each.light, ink.PAPER.light) >= 4.5
    assert ink.contrast(each.dark, ink.PAPER.dark) >= 4.5


def test_contrast_is_that_of_the_standard():
    assert ink.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert ink.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert ink.contrast("#123456", "#123456") == 1


def test_series_differ_without_their_colour():
    looks = [ink.look(number) for number in range(140)]
    assert len(set(looks)) == 140
    assert len({look.dash for look in looks[:4]}) == 4
    assert len({look.marker for look in looks[:7]}) == 7
    assert len({each.sentinel for each in ink.INKS}) == len(ink.INKS)


# What is drawn


def test_each_figure_that_the_records_fill_is_drawn(figures):
    assert [plot.name for plot in figures] == [*TOGETHER, "lanes-0", "lanes-1", "lanes-2"]


def test_one_level_without_failures_needs_fewer():
    assert [plot.name for plot in plots(made_report([4], failing=0))] == ALONE


@pytest.mark.parametrize("report", [Report(), Report(results=[result_of()])], ids=["no", "empty"])
def test_without_records_nothing_is_drawn(report):
    assert plots(report) == []


def test_every_figure_is_xml_with_a_label_and_a_caption(figures):
    for plot in figures:
        root = ET.fromstring(plot.svg)
        assert root.tag == "svg"
        assert (root.get("role"), root.get("aria-label")) == ("img", plot.title)
        assert plot.caption.endswith((".", "100 %."))


def test_axes_say_their_units(figures):
    said = {plot.name: " ".join(words_of(plot)) for plot in figures}
    assert "time to first token (ms)" in said["ttft-spread"]
    assert "share of requests (%)" in said["ttft-spread"]
    assert "gap between reads (ms, log)" in said["gaps-spread"]
    assert "due at (s since the first)" in said["ttft-time"]
    assert "requests at once" in said["loads"]
    assert "time since the first was due (s)" in said["lanes-0"]


def test_no_colour_of_one_scheme_alone_is_left(figures):
    for plot in figures:
        assert not [each.name for each in ink.INKS if each.sentinel in plot.svg]
        assert "var(--ink)" in plot.svg
        assert "font-family" not in plot.svg
        assert "<style" not in plot.svg


def test_no_id_comes_twice_on_a_page_and_each_reference_leads_somewhere(figures):
    elements = [element for plot in figures for element in ET.fromstring(plot.svg).iter()]
    ids = [element.get("id") for element in elements if element.get("id")]
    used = {element.get("href") for element in elements if element.get("href")}
    assert len(ids) == len(set(ids))
    assert used
    assert used <= {f"#{each}" for each in ids}
    clips = {element.get("clip-path") for element in elements if element.get("clip-path")}
    assert clips <= {f"url(#{each})" for each in ids}


# The same bytes


def test_the_same_records_give_the_same_bytes_in_another_process(figures):
    code = (
        "import sys, hashlib; from foxstream.bench.figures import plots; "
        "from tests.benchruns import made_report; "
        "svg = ''.join(plot.svg + plot.caption for plot in plots(made_report())); "
        "print(hashlib.sha256(svg.encode()).hexdigest(), 'matplotlib.pyplot' in sys.modules)"
    )
    here = msgspec.json.encode([plot.svg for plot in figures])
    again = msgspec.json.encode([plot.svg for plot in plots(made_report())])
    told = {
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }
    assert here == again
    assert len(told) == 1
    assert told.pop().endswith(" False\n")


def test_the_settings_of_the_reader_neither_matter_nor_change():
    curves = ttft_curves(made_report([1], failing=0).results)
    usual = ttft_plot(curves)
    with mpl.rc_context({"font.size": 30, "axes.grid": False, "svg.fonttype": "path"}):
        assert ttft_plot(curves) == usual
        assert mpl.rcParams["font.size"] == 30
        assert mpl.rcParams["svg.fonttype"] == "path"


# Curves


def test_a_failure_keeps_the_curve_below_one():
    records = [token(0), token(1, 200), token(2, 300), token(3, 400, error="APITimeoutError")]
    (curve,) = ttft_curves([result_of(*records)])
    assert curve.steps() == ([0.1, 0.2, 0.3], [0.25, 0.5, 0.75])
    assert "ends below 100 %" in ttft_plot([curve]).caption


def test_the_band_is_that_of_dvoretzky_kiefer_and_wolfowitz():
    assert Curve("", [1.0], 1000).epsilon == pytest.approx(math.sqrt(math.log(40) / 2000))
    assert (
        "points: alone ±14 (100 requests)." in ttft_plot([Curve("alone", [0.1] * 100, 100)]).caption
    )


def test_of_many_values_the_last_is_kept():
    x, y = Curve("", [float(each) for each in range(1, 10_001)], 10_000).steps()
    assert len(x) <= 301
    assert (x[0], x[-1], y[-1]) == (1.0, 10_000.0, 1.0)
    assert all(share == pytest.approx(value / 10_000) for value, share in zip(x, y, strict=True))


def test_warm_up_is_in_no_curve():
    results = [result_of(token(0, phase="warmup"))]
    assert ttft_curves(results) == gap_curves(results) == []


def test_gaps_are_those_between_reads():
    record = token(chunk_ns=[1 * MS, 1 * MS, 4 * MS, 14 * MS])
    (curve,) = gap_curves([result_of(record)])
    assert curve.values == [0.003, 0.01]


# Axes


def test_ticks_are_ones_twos_and_fives():
    assert round_ticks(3, 220) == [2, 5, 10, 20, 50, 100, 200]
    assert round_ticks(0.9, 90_000) == [0.1, 1, 10, 100, 1000, 10_000, 100_000]


def test_times_far_apart_want_a_logarithmic_axis():
    assert far_apart([1, 13])
    assert not far_apart([1, 11])
    assert not far_apart([0, 0])
    curves = [Curve("", [0.1, 2.0], 2)]
    assert "time to first token (s, log)" in words_of(ttft_plot(curves))


def test_points_on_each_other_are_drawn_once():
    assert thinned([(0, 0), (0.001, 0), (10, 10)], 10, 10) == [(0, 0), (10, 10)]
    assert thinned([(3, 3), (3, 3)], 10, 10) == [(3, 3)]
    assert thinned([], 10, 10) == []


def test_a_long_run_stays_a_small_figure():
    drawn = plots(made_report([16], requests=4000, failing=0.5))
    assert {plot.name: len(plot.svg) for plot in drawn if len(plot.svg) > 300_000} == {}


# Lanes


def test_what_is_left_out_is_said():
    report = made_report([16, 32], requests=300)
    for number, result in enumerate(report.results):
        records, left_out = picked(result, len(report.results))
        assert len(records) == MOST_LANES // 2
        assert len(records) + left_out == 299 + 4 * result.load.concurrency
        plot = lanes_plot(number, result, 2)
        assert plot is not None
        assert f"The first 60 are drawn; {left_out} more are left out." in plot.caption


def test_lanes_are_in_the_order_in_which_requests_were_due():
    records = [token(index, intended_ns=MS * (9 - index)) for index in range(9)]
    lanes, left_out = picked(result_of(*records, token(9, phase="warmup")), 1)
    assert [record.index for record in lanes] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert left_out == 0


@pytest.mark.parametrize(
    ("record", "legend"),
    [
        (token(first_text_token_ns=None), {"waiting", "text"}),
        (token(first_text_token_ns=None, first_reasoning_token_ns=MS), {"waiting", "reasoning"}),
        (Record(index=0, intended_ns=0, error="APITimeoutError"), {"waiting", "failed"}),
    ],
    ids=["tool call", "reasoning alone", "refused at once"],
)
def test_a_lane_needs_no_more_than_what_came(record, legend):
    plot = lanes_plot(0, result_of(record), 1)
    assert plot is not None
    assert legend <= {*words_of(plot)}
    assert not {"waiting", "reasoning", "text", "failed"} - legend & {*words_of(plot)}


# In the course of the run


def test_stalls_that_overlap_are_one():
    records = [token(stalls_ns=[(5, 9)]), token(stalls_ns=[(1, 3), (5, 9)]), token()]
    records.append(token(stalls_ns=[(8, 12)]))
    assert stalls(records) == [(1, 3), (5, 12)]


def test_stalls_failures_and_warm_up_are_said_where_they_are(figures):
    captions = {plot.name: plot.caption for plot in figures}
    assert "stood still (3 in all, 350 ms at the longest)" in captions["ttft-time"]
    assert "Hollow marks" in captions["ttft-time"]
    assert "Crosses" in captions["ttft-time"]
    assert ttft_over_time([result_of(token(error="APITimeoutError"))]) is None
    calm = ttft_over_time([result_of(token(0), token(1))])
    assert calm is not None
    assert not any(word in calm.caption for word in ("Hollow", "Crosses", "Shaded"))


def test_where_all_failed_only_failures_and_lanes_are_drawn():
    refused = Record(index=0, intended_ns=0, closed_ns=5 * MS, error="RateLimitError")
    report = Report(results=[result_of(refused)])
    assert [plot.name for plot in plots(report)] == ["errors", "lanes-0"]
    assert (ended(refused), origin(report.results)) == (5 * MS, 0)


def test_rare_errors_share_a_row():
    failed = [token(number, error=f"Error{number}") for number in range(12)]
    plot = errors_plot([result_of(*failed, token(12, error="Error0"))])
    assert plot is not None
    rows = [word for word in words_of(plot) if word.startswith(("Error", "others"))]
    assert rows == [*(f"Error{number}" for number in range(7)), "others"]
    assert "13 failed requests" in plot.caption


# Load


def loaded(level: str, p50: float | None, **load: object) -> Result:
    estimate = Estimate() if p50 is None else Estimate(p50, p50 / 2, None)
    given = {"arrivals": "constant", "concurrency": 1, **load}
    return Result(level=level, load=Load(**given), metrics={"ttft": Distribution(p50=estimate)})


def test_load_is_a_rate_a_number_at_once_or_a_name():
    rates = loads_plot([loaded("a", 0.1, rate=1.0), loaded("b", 9.0, rate=64.0)])
    names = loads_plot([loaded("first", 0.1), loaded("second", 0.2)])
    assert rates is not None
    assert names is not None
    assert {"requests sent a second", "1", "64", "p50"} <= {*words_of(rates)} | {"p50"}
    assert {"load", "first", "second"} <= {*words_of(names)}


def test_one_level_or_one_figure_is_no_curve():
    assert loads_plot([loaded("a", 0.1)]) is None
    assert loads_plot([loaded("a", 0.1), loaded("b", None)]) is None


# Words from outside


def test_a_hostile_name_stays_text():
    report = made_report([1, 4], failing=0.2)
    for number, result in enumerate(report.results):
        result.level = f"{HOSTILE}{number}"
        for record in result.records:
            record.error = record.error and HOSTILE
    for plot in plots(report):
        root = ET.fromstring(plot.svg)
        assert not [*root.iter("script")]
        assert len([*root.iter("svg")]) == 1
    assert plain(HOSTILE) == '</svg><script>alert("...'


def test_a_drawing_that_fails_leaves_the_settings_alone():
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError):
        drawn("broken", "Broken", lambda _: 1 / 0)
    assert dict(mpl.rcParams) == before
