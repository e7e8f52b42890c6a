"""The field: every rider by the name under which it runs."""

from __future__ import annotations

from benchmarks.riders import floors, ours, peers, raw, rungs
from benchmarks.riders.rider import Rider

__all__ = [
    "AIOHTTP",
    "AIOHTTP_SSE",
    "ANTHROPIC",
    "DIRECT",
    "FOXSTREAM",
    "HTTPX_SSE",
    "OPENAI",
    "RAW",
    "RAW_SMALL",
    "RIDERS",
    "RUNGS",
    "STOPWATCH",
]

FOXSTREAM = "foxstream"
DIRECT = "foxstream, direct"
STOPWATCH = "foxstream bench"
RAW = "raw asyncio"
RAW_SMALL = "raw, small reads"
AIOHTTP = "aiohttp + msgspec"
OPENAI = "openai"
ANTHROPIC = "anthropic"
HTTPX_SSE = "httpx-sse + json"
AIOHTTP_SSE = "aiohttp-sse-client"

RIDERS = {
    FOXSTREAM: Rider(ours.foxstream, ("foxstream",), "Delta; two requests, as it is shipped"),
    DIRECT: Rider(ours.direct, ("foxstream",), "Delta; one request, as it is shipped"),
    STOPWATCH: Rider(ours.foxstream, ("scipy",), "records; two requests, each instant stamped"),
    RAW: Rider(raw.raw, ("msgspec",), "structs; two requests, a Protocol written by hand"),
    RAW_SMALL: Rider(raw.raw_small_reads, ("msgspec",), "the same, reads of at most 64 KiB"),
    AIOHTTP: Rider(floors.aiohttp_and_msgspec, ("aiohttp",), "structs; two requests"),
    HTTPX_SSE: Rider(peers.httpx_sse, ("httpx_sse",), "dicts; two requests"),
    AIOHTTP_SSE: Rider(peers.aiohttp_sse_client, ("aiohttp_sse_client",), "dicts; two requests"),
    OPENAI: Rider(peers.openai, ("openai",), "ChatCompletionChunk; one request"),
    ANTHROPIC: Rider(peers.anthropic, ("anthropic",), "events; one request"),
}
"""In the order of the tables."""

RUNGS = {
    "kernel and event loop": Rider(rungs.packets, (), "packets"),
    "aiohttp": Rider(rungs.aiohttp_alone, (), "blocks of the body"),
    "transport": Rider(rungs.transport, (), "blocks of the body, each within a time"),
    "decoder": Rider(rungs.decoder, (), "Delta; no clocks, no recovery"),
    "Stream": RIDERS[FOXSTREAM],
}
"""The way of a delta through foxstream, from below."""
