"""Who watches answers: told of each beginning and each end once, and of nothing between them."""

from __future__ import annotations

import logging

import anyio
import pytest

from foxstream import APITimeoutError, Client, StreamTruncatedError
from foxstream.transports import Break, Pause
from foxstream.watching import Call, Ending
from tests.script import KEY, TASK, accepted, chunk, client_of, done, says, task

pytestmark = pytest.mark.anyio


class Notebook:
    """An observer, and the watch of its only answer: writes down what it is told."""

    headers = None

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.told: list[str] = []
        self.endings: list[Ending] = []

    def watch(self, call: Call) -> Notebook:
        self.calls.append(call)
        return self

    def began(self) -> None:
        self.told.append("began")

    def ended(self, ending: Ending) -> None:
        self.told.append(ending.state)
        self.endings.append(ending)


def noted(*plays, **options) -> tuple[Client, Notebook]:
    client, _ = client_of(*plays, **options)
    notebook = Notebook()
    client.observer = notebook
    return client, notebook


ANSWER = (chunk("a"), Pause(1), chunk("b", finish="stop"), done(2))


async def test_a_call_says_what_is_asked_and_of_whom():
    client, notebook = noted(base_url="https://fox.test:444/v1")
    client.stream("hi", model="m")
    client.attach(TASK)
    asked, followed = notebook.calls
    assert (asked.question.model, asked.question.prompt, asked.stream) == ("m", "hi", True)
    assert (asked.host, asked.port, asked.protocol) == ("fox.test", 444, "foxapi")
    assert followed.question is None
    assert not notebook.told


async def test_a_bare_loop_is_told_of_at_its_first_step_and_behind_its_last():
    client, notebook = noted(accepted(), says(*ANSWER))
    answer = client.stream("hi")
    heard = []
    async for delta in answer:
        heard.append((delta.text, list(notebook.told)))
    assert heard == [("a", ["began"]), ("b", ["began"])]
    (ending,) = notebook.endings
    assert (ending.state, ending.completion.text, ending.task_id) == ("complete", "ab", TASK)
    assert (ending.seconds, ending.timings, ending.error) == (1.0, answer.timings, None)


async def test_a_block_is_told_of_when_it_is_left():
    client, notebook = noted(accepted(), says(*ANSWER))
    async with client.stream("hi") as answer:
        async for _ in answer:
            pass
        assert notebook.told == ["began"]
        await client._transport.sleep(60)
    assert notebook.told == ["began", "complete"]
    assert notebook.endings[0].seconds == 1.0


async def test_a_failure_comes_with_its_error_and_a_cancellation_too():
    client, notebook = noted(says(*ANSWER[:1], Break("gone")), says(*ANSWER[:1], Pause(9), *ANSWER))
    with pytest.raises(Exception, match="gone") as caught:
        await client.generate("hi", direct=True)
    with anyio.CancelScope() as scope:
        async for _ in client.stream("hi", direct=True):
            scope.cancel()
    failed, cancelled = notebook.endings
    assert (failed.state, failed.error) == ("failed", caught.value)
    assert failed.completion.text == cancelled.completion.text == "a"
    assert (cancelled.state, type(cancelled.error)) == ("closed", StreamTruncatedError)


async def test_an_answer_that_does_not_open_is_told_of_though_its_block_is_not_entered():
    client, notebook = noted(says(Pause(1000)), timeouts=10.0)
    with pytest.raises(APITimeoutError):
        async with client.stream("hi"):
            raise AssertionError("it opened")
    assert notebook.told == ["began", "failed"]
    assert notebook.endings[0].seconds == 10.0


async def test_one_blocking_request_is_told_of_too():
    client, notebook = noted(accepted(), task("completed", "ok"))
    assert (await client.generate("hi", sync=True)).text == "ok"
    (ending,) = notebook.endings
    assert not notebook.calls[0].stream
    assert (ending.state, ending.completion.text, ending.task_id) == ("complete", "ok", TASK)


async def test_a_blocking_request_that_is_cancelled_is_closed():
    client, notebook = noted(accepted(), task("pending"))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await client.generate("hi", sync=True)
    assert notebook.told == ["began", "closed"]
    assert type(notebook.endings[0].error) is StreamTruncatedError


async def test_who_watches_may_fail_and_no_answer_with_it(caplog):
    client, notebook = noted(accepted(), says(*ANSWER))
    notebook.told = None
    with caplog.at_level(logging.ERROR):
        assert (await client.generate("hi", direct=False, verify=False)).text == "ab"
    assert [record.message for record in caplog.records] == ["who watches an answer failed"] * 2
    assert KEY not in caplog.text


class Failing:
    """An observer that fails where it is asked, or hands out a watch that does."""

    def __init__(self, *, asked: bool) -> None:
        self.asked = asked

    def watch(self, call: Call) -> Failing:
        if self.asked:
            raise ValueError("no")
        return self

    @property
    def headers(self) -> None:
        raise ValueError("no")


@pytest.mark.parametrize("asked", [True, False])
async def test_an_observer_may_fail_too(caplog, asked):
    client, _ = client_of(accepted(), says(*ANSWER), task("completed", "ab"))
    client.observer = Failing(asked=asked)
    assert (await client.generate("hi")).text == "ab"
    assert "who watches an answer failed" in caplog.text


async def test_nobody_watches_unless_asked():
    client, _ = client_of(accepted(), says(*ANSWER), task("completed", "ab"))
    assert client.observer is Client.observer is None
    answer = client.stream("hi")
    assert answer._watch is None
    assert answer._service is client._service
    assert (await answer.get_final_completion()).text == "ab"
