"""The service in a process of its own: `python -m tests.programs.service --share 0.01`.

It remembers no task (see `Answer`): killed and started again, it goes on where it was. Its URL is
its one line of output. What only tests ask is under `/test`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections import defaultdict

import msgspec
from aiohttp import web

from tests.programs import tell
from tests.programs.answers import Answer
from tests.programs.mishaps import MISHAPS, REFUSALS, HangUpError, Mishaps, meet, refusal
from tests.script import as_json, done

_JSON = "application/json"


class Service:
    """Tells every answer at its pace; some requests and some events meet a mishap."""

    def __init__(self, refusals: Mishaps, mishaps: Mishaps, delay: float) -> None:
        self._refusals = refusals
        self._mishaps = mishaps
        self._delay = delay
        self._telling = 0
        self._left: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._left_at: dict[str, int] = {}

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/v1/llm/generations", self.submit),
                web.get("/v1/llm/generations/{task_id}/stream", self.stream),
                web.get("/v1/tasks/{task_id}", self.task),
                web.get("/test/telling", self.telling),
                web.get("/test/left/{task_id}", self.left),
            ]
        )
        return app

    async def submit(self, request: web.Request) -> web.Response:
        """The prompt is the recipe of the answer."""
        asked = msgspec.json.decode(await request.read(), type=dict[str, object])
        task_id = Answer.to(str(asked["prompt"])).task_id
        await self._hesitate()
        stream = {"url": f"/v1/llm/generations/{task_id}/stream"}
        task = {"id": task_id, "status": "pending", "stream": stream}
        return web.Response(body=as_json(task), content_type=_JSON)

    async def task(self, request: web.Request) -> web.Response:
        await self._hesitate()
        if self._refusals.next() == "refuse":
            return refusal("refuse")
        return web.Response(body=_answer(request).task(), content_type=_JSON)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        await self._hesitate()
        if mishap := self._refusals.next():
            return refusal(mishap)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self._telling += 1
        try:
            await self._tell(_answer(request), request, response)
        except HangUpError:
            pass
        except (ConnectionError, asyncio.CancelledError):
            self._note_left(request.match_info["task_id"])
        finally:
            self._telling -= 1
        return response

    async def telling(self, request: web.Request) -> web.Response:
        """How many streams are being told, and the mishaps that were met."""
        met = self._refusals.met + self._mishaps.met
        return web.json_response({"telling": self._telling, "met": met})

    async def left(self, request: web.Request) -> web.Response:
        """The monotonic instant at which the reader of a stream was gone, once it is."""
        task_id = request.match_info["task_id"]
        await self._left[task_id].wait()
        return web.json_response(self._left_at[task_id])

    def _note_left(self, task_id: str) -> None:
        self._left_at[task_id] = time.monotonic_ns()
        self._left[task_id].set()

    async def _tell(
        self, answer: Answer, request: web.Request, response: web.StreamResponse
    ) -> None:
        chunks = 0
        for at, event in enumerate(answer.events()):
            await answer.wait(at)
            chunks += await meet(self._mishaps.next(), request, response) + 1
            await response.write(event)
        await response.write(done(chunks))

    async def _hesitate(self) -> None:
        await asyncio.sleep(random.uniform(0.0, self._delay))


def _answer(request: web.Request) -> Answer:
    return Answer.of(request.match_info["task_id"])


async def _serve(options: argparse.Namespace) -> None:
    service = Service(
        Mishaps(REFUSALS, options.refused, options.seed),
        Mishaps(options.mishaps, options.share, options.seed),
        options.delay,
    )
    runner = web.AppRunner(service.app(), access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", options.port).start()
    tell(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="of an answer, at most")
    parser.add_argument("--refused", type=float, default=0.0, help="share of the requests")
    parser.add_argument("--share", type=float, default=0.0, help="of the events")
    parser.add_argument("--mishaps", nargs="*", choices=MISHAPS, default=MISHAPS)
    asyncio.run(_serve(parser.parse_args()))
