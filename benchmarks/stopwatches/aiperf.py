"""aiperf: `aiperf profile` on a file of prompts.

Tokens are counted by the server, as its documentation advises where the server tells them; what it
would fetch beside (telemetry, the metrics of a server) and show is switched off. It loads a
tokenizer all the same, so it is given one of a single word, which is on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.stopwatches.load import MODEL, Load, write_lines
from benchmarks.stopwatches.stopwatch import Sample

__all__ = ["command", "samples"]

_ARTIFACTS = "artifacts"
_RECORDS = "profile_export.jsonl"
_UNKNOWN = "[UNK]"
_TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordLevel", "vocab": {_UNKNOWN: 0}, "unk_token": _UNKNOWN},
}
_TOKENIZER_CONFIG = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": _UNKNOWN}


class _Metadata(msgspec.Struct):
    x_request_id: str
    request_start_ns: int
    benchmark_phase: str


class _Value(msgspec.Struct):
    value: float


class _Metrics(msgspec.Struct, frozen=True):
    time_to_first_token: _Value | None = None


class _Record(msgspec.Struct):
    metadata: _Metadata
    metrics: _Metrics = _Metrics()


def command(url: str, load: Load, folder: Path) -> list[str]:
    """The prompts are a file of JSON lines; each request leaves a line in its export."""
    prompts = write_lines(folder / "prompts.jsonl", load, lambda prompt: {"text": prompt})
    options = {
        "--model": MODEL,
        "--url": url,
        "--endpoint-type": "chat",
        "--input-file": str(prompts),
        "--custom-dataset-type": "single_turn",
        "--concurrency": str(load.streams),
        "--request-count": str(load.requests),
        "--tokenizer": str(_tokenizer(folder / "tokenizer")),
        "--artifact-dir": str(folder / _ARTIFACTS),
        "--export-level": "records",
        "--ui-type": "none",
    }
    words = [word for option in options.items() for word in option]
    switches = ["--streaming", "--use-server-token-count"]
    return ["aiperf", "profile", *words, *switches, "--no-gpu-telemetry", "--no-server-metrics"]


def samples(folder: Path) -> Iterator[Sample]:
    """From its call of aiohttp to the read that brought the first token; its start on the wall."""
    with (folder / _ARTIFACTS / _RECORDS).open("rb") as lines:
        for line in lines:
            record = msgspec.json.decode(line, type=_Record)
            told, ttft = record.metadata, record.metrics.time_to_first_token
            if told.benchmark_phase == "profiling" and ttft is not None:
                yield Sample(told.x_request_id, told.request_start_ns, round(ttft.value * 1e6))


def _tokenizer(folder: Path) -> Path:
    folder.mkdir()
    (folder / "tokenizer.json").write_bytes(msgspec.json.encode(_TOKENIZER))
    (folder / "tokenizer_config.json").write_bytes(msgspec.json.encode(_TOKENIZER_CONFIG))
    return folder
