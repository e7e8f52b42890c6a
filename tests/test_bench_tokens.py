"""Tokens are those the service counted; chunks and reads are something else."""

from __future__ import annotations

import pytest

from foxstream.bench.plan import Plan
from foxstream.bench.summary import summarise
from foxstream.bench.tokens import packing, tokens
from foxstream.bench.window import Window
from tests.records import closed_loop, failed, ns, record

RATE = Plan(arrivals="constant", rate=1.0)


def collected(chunks: int, reads: int, count: int | None):
    """A record of so many chunks in so many reads."""
    instants = [ns(0.3 + 0.01 * (number * reads // chunks)) for number in range(chunks)]
    return record(chunk_ns=instants, completion_tokens=count)


def notes(*records) -> list[str]:
    return summarise(records, RATE).notes


def test_sums_are_of_complete_answers():
    told = summarise(
        [
            record(prompt_tokens=7, total_tokens=10),
            record(prompt_tokens=5, total_tokens=8),
            failed(2),
        ],
        RATE,
    ).tokens
    assert (told.prompt, told.completion, told.total) == (12, 6, 18)


def test_a_sum_with_an_unknown_part_is_unknown():
    result = summarise([record(0), record(1, completion_tokens=None)], RATE)
    assert result.tokens.completion is None
    assert result.tokens.per_second is None
    assert result.notes == ["1 complete answers came without a count of their tokens"]


def test_a_steady_loop_has_the_tokens_of_all_that_ran_in_its_window():
    told = summarise(closed_loop([1.0] * 48, 4), Plan(concurrency=4)).tokens
    assert told.completion == 44 * 2
    assert told.per_second == pytest.approx(8.0, rel=0.05)


def test_the_window_cuts_through_a_request():
    long = record(ttft=1.0, gaps=[1.0] * 9, completion_tokens=20)
    told = tokens([long], [long], Window(ns(0.5), ns(5.5)))
    assert told.per_second == 20 * 5 / 10 / 5


def test_without_a_window_there_is_no_speed():
    assert tokens([record()], [record()], None).per_second is None


def test_a_proxy_that_collects_chunks_is_told():
    (sentence, packed) = notes(collected(27, 10, 27))
    assert sentence.startswith("2.7 chunks came in one read on average: something between")
    assert packed.startswith("a chunk held 1.0 tokens")


def test_chunks_of_several_tokens_are_told():
    assert notes(collected(10, 10, 31)) == [
        "a chunk held 3.1 tokens on average: itl is between reads, not tokens"
    ]


def test_what_comes_one_by_one_needs_no_word():
    assert notes(collected(10, 10, 10)) == []
    assert list(packing(tokens([], [], None))) == []
