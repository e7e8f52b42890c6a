"""guidellm: `guidellm run`, its concurrent profile.

With the extra `recommended`, as its documentation advises; what it shows while it runs is
switched off. It asks for a `/health` first, which is vLLM's and not OpenAI's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.stopwatches.load import MODEL, Load, write_lines
from benchmarks.stopwatches.stopwatch import Sample

__all__ = ["command", "samples"]

_REPORT = "benchmarks.json"


class _Timings(msgspec.Struct):
    request_start: float
    first_token_iteration: float


class _Info(msgspec.Struct):
    timings: _Timings


class _Request(msgspec.Struct):
    response_id: str
    info: _Info


class _Requests(msgspec.Struct):
    successful: list[_Request]


class _Benchmark(msgspec.Struct):
    requests: _Requests


class _Report(msgspec.Struct):
    benchmarks: list[_Benchmark]


def command(url: str, load: Load, folder: Path) -> list[str]:
    """The prompts are a file of JSON lines, the figures go to another one."""
    prompts = write_lines(folder / "prompts.jsonl", load, lambda prompt: {"prompt": prompt})
    options = {
        "--backend": f"kind=openai_http,target={url},model={MODEL},validate_backend=false",
        "--profile": f"kind=concurrent,streams={load.streams}",
        "--constraint": f"kind=max_requests,count={load.requests}",
        "--data": f"kind=json_file,path={prompts}",
        "--output": f"kind=json,path={folder / _REPORT}",
    }
    words = [word for option in options.items() for word in option]
    return ["guidellm", "run", *words, "--disable-console"]


def samples(folder: Path) -> Iterator[Sample]:
    """From the first header on its way to the first token, as it told them, on the wall clock."""
    report = msgspec.json.decode((folder / _REPORT).read_bytes(), type=_Report)
    for benchmark in report.benchmarks:
        for request in benchmark.requests.successful:
            timings = request.info.timings
            ttft = timings.first_token_iteration - timings.request_start
            start = round(timings.request_start * 1e9)
            yield Sample(request.response_id, start, round(ttft * 1e9))
