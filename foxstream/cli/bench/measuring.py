"""The loads of a run, one after the other, shown as they end and kept in the end.

House rule: however it ends, what was measured is shown and kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

import msgspec

from foxstream.bench.driver import Heard
from foxstream.bench.machine import machine
from foxstream.bench.plan import Plan
from foxstream.bench.record import Record
from foxstream.bench.result import Machine, Report, Result
from foxstream.bench.running import connected, driven
from foxstream.bench.self_test.load import accuracy
from foxstream.bench.summary import summarise
from foxstream.bench.tokens import spent
from foxstream.cli.bench.columns import show
from foxstream.cli.bench.consent import target_of
from foxstream.cli.bench.failing import all_failed, first_failure
from foxstream.cli.bench.keeping import Files, RawFile, kept_whole, raw_file
from foxstream.cli.bench.levels_table import levels_lines
from foxstream.cli.bench.load_table import load_lines
from foxstream.cli.bench.under_way import tell
from foxstream.cli.screen import Screen
from foxstream.errors import FoxError

__all__ = ["CLIENT_LIMITED", "Measuring", "measured_on", "show_results", "started"]

CLIENT_LIMITED = 3
"""The exit code of `--strict` where this machine may have been the slow one."""


def started() -> str:
    """The present instant, as reports tell it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


def measured_on() -> Machine:
    """The machine, and what the stopwatch is made of."""
    return machine("aiohttp", "msgspec")


def show_results(results: Sequence[Result], screen: Screen) -> None:
    """All loads side by side, where there are several."""
    if len(results) > 1:
        screen.say("\n")
        show(levels_lines(results), screen)


class Measuring:
    """A run: each of `plans` a load, in their order. It is a `Job`: call it to run them."""

    def __init__(
        self, plans: Sequence[Plan], files: Files, api_key: str | None, *, strict: bool
    ) -> None:
        self._plans = plans
        self._files = files
        self._api_key = api_key
        self._strict = strict
        self._report = Report(
            started=started(),
            target=target_of(plans[0], api_key),
            machine=measured_on(),
            plan=plans[0],
        )

    async def __call__(self, screen: Screen) -> int:
        """Run every load, tell and keep what came of it, and return the exit code."""
        results = self._report.results
        stopped: BaseException | None = None
        raw: RawFile | None = None
        kept = True
        try:
            async with raw_file(self._files.raw) as raw:
                for plan in map(self._with_what_is_left, self._plans):
                    if plan is None:
                        screen.head("The other loads are not run: --max-total-tokens is used up.")
                        break
                    stopped = await self._load(plan, raw, screen)
                    if stopped is not None or all_failed(results[-1:]):
                        break
        finally:
            if results:
                kept = await kept_whole(self._report, self._files, raw, screen)
        show_results(results, screen)
        if stopped is not None:
            raise stopped
        return self._exit_code(screen, kept=kept)

    def _with_what_is_left(self, plan: Plan) -> Plan | None:
        """The plan with the tokens that earlier loads have left it; `None` where there are none."""
        if plan.max_total_tokens is None:
            return plan
        records = (record for result in self._report.results for record in result.records)
        left = plan.max_total_tokens - sum(map(spent, records))
        return msgspec.structs.replace(plan, max_total_tokens=left) if left > 0 else None

    async def _load(self, plan: Plan, raw: RawFile | None, screen: Screen) -> BaseException | None:
        """Run one load and show it; what stopped it before its end."""
        records: list[Record] = []

        def heard(record: Record) -> None:
            records.append(record)
            if raw is not None:
                raw.add(record)

        stopped: BaseException | None = None
        try:
            await self._driven(plan, heard, screen)
        except (asyncio.CancelledError, FoxError) as error:
            stopped = error
        if records or stopped is None:
            self._report.results.append(summarise(records, plan))
        if stopped is not None:
            screen.head(f"{plan.level} ended early, after {len(records)} requests.")
        if records or stopped is None:
            self._tell(screen)
        return stopped

    async def _driven(self, plan: Plan, heard: Heard, screen: Screen) -> None:
        if screen.watched:
            screen.tick(plan.level, "getting ready")
        seen = partial(tell, screen=screen) if screen.watched else None
        async with connected(plan, self._api_key) as peer:
            records = await driven(plan, peer.client, heard, seen)
            if peer.gateway is not None:
                try:
                    truth = await peer.gateway.truth()
                    self._report.accuracy.extend(accuracy(plan.level, records, truth))
                except FoxError as error:
                    screen.note(f"the truth is not known: {error}")

    def _tell(self, screen: Screen) -> None:
        *earlier, result = self._report.results
        if earlier:
            screen.say("\n")
        ours = [line for line in self._report.accuracy if line.check.startswith(f"{result.level}:")]
        show(load_lines(result, self._plans[0].slo, ours, screen.width), screen)

    def _exit_code(self, screen: Screen, *, kept: bool) -> int:
        """1 where something failed, 3 where `--strict` finds fault, else 0."""
        last = self._report.results[-1:]
        if all_failed(last):
            screen.complain(first_failure(last[0]))
            return 1
        if self._strict and any(result.client.limits for result in self._report.results):
            screen.complain("this machine may have been the slow one, which --strict forbids")
            return CLIENT_LIMITED
        return 0 if kept else 1
