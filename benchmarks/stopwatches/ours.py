"""foxstream's own: `foxstream bench`, with the kernel's stamps and without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.stopwatches.load import MODEL, Load, write_lines
from benchmarks.stopwatches.stopwatch import Sample
from foxstream.bench.record import from_lines

__all__ = ["command", "plain_command", "samples"]

_RECORDS = "records.jsonl"


def command(url: str, load: Load, folder: Path, *options: str) -> list[str]:
    """With the kernel's stamps, as it is shipped."""
    prompts = write_lines(folder / "prompts.jsonl", load, lambda prompt: {"prompt": prompt})
    return [
        *(sys.executable, "-m", "foxstream", "bench"),
        *("--openai", f"{url}/v1", "--model", MODEL),
        *("--concurrency", str(load.streams), "--requests", str(load.requests)),
        *("--prompts", str(prompts), "--raw", str(folder / _RECORDS)),
        *options,
    ]


def plain_command(url: str, load: Load, folder: Path) -> list[str]:
    """Without them."""
    return command(url, load, folder, "--no-stamps")


def samples(folder: Path) -> Iterator[Sample]:
    """From the last byte of the request in the kernel's hands to the first token."""
    with (folder / _RECORDS).open("rb") as lines:
        for record in from_lines(lines):
            sent, first = record.submit_sent_ns, record.first_token_ns
            if record.answer_id and not record.failed and sent and first:
                yield Sample(record.answer_id, sent, first - sent)
