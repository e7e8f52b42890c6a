"""What the finished task adds to a stream: the tail of a cut answer, usage, a second opinion.

House rule: two completions come in, one goes out. The task's text is the authority (contract,
section 4); where it says nothing, it proves nothing.
"""

from __future__ import annotations

import msgspec

from foxstream.answer import Choice, Completion, Delta, ToolCallDelta
from foxstream.errors import StreamDivergedError, StreamTruncatedError

__all__ = ["disagrees", "mended", "supplemented"]


def mended(
    delivered: Completion, finished: Completion, received_ns: int
) -> tuple[list[Delta], Completion]:
    """The tail that a cut stream owes, from the finished task, and the whole with it.

    `StreamDivergedError` where the task does not begin with what was delivered,
    `StreamTruncatedError` where it says nothing: that proves nothing of an answer that was cut
    (section 4). Reasoning that only the stream carried cannot come back.
    """
    if not any(choice.text or choice.tool_calls for choice in finished.choices):
        raise _nothing_said()
    known = {choice.index: choice for choice in delivered.choices}
    told = {choice.index: choice for choice in finished.choices}
    pairs = [(known.get(i, Choice(i)), told.get(i, Choice(i))) for i in sorted({*known, *told})]
    tail = [_tail_of(ours, theirs, received_ns) for ours, theirs in pairs]
    whole = msgspec.structs.replace(
        finished,
        choices=tuple(
            msgspec.structs.replace(
                theirs,
                reasoning=ours.reasoning or theirs.reasoning,
                finish_reason=theirs.finish_reason or ours.finish_reason,
            )
            for ours, theirs in pairs
        ),
        reasoning=delivered.reasoning or finished.reasoning,
        finish_reason=finished.finish_reason or delivered.finish_reason,
        usage=finished.usage or delivered.usage,
        model=delivered.model or finished.model,
        id=delivered.id or finished.id,
        task_id=delivered.task_id,
        recovered=True,
        reasoning_complete=False,
    )
    return [delta for delta in tail if delta.text or delta.tool_calls], whole


def _nothing_said() -> StreamTruncatedError:
    return StreamTruncatedError("the stream was cut, and the finished task has no text")


def _tail_of(ours: Choice, theirs: Choice, received_ns: int) -> Delta:
    heard = [call.arguments for call in ours.tool_calls]
    if len(heard) > len(theirs.tool_calls):
        raise _another_answer("tool calls", len(heard)) if theirs.tool_calls else _nothing_said()
    calls: list[ToolCallDelta] = []
    for index, call in enumerate(theirs.tool_calls):
        new = index >= len(heard)
        arguments = call.arguments if new else _beyond(heard[index], call.arguments)
        if new:
            calls.append(ToolCallDelta(index, call.id, call.name, arguments))
        elif arguments:
            calls.append(ToolCallDelta(index, arguments=arguments))
    text = _beyond(ours.text, theirs.text)
    return Delta(text, "", tuple(calls), theirs.index, theirs.finish_reason, received_ns)


def _beyond(known: str, whole: str) -> str:
    if known and not whole:
        raise _nothing_said()
    if not whole.startswith(known):
        raise _another_answer("characters", len(known))
    return whole[len(known) :]


def _another_answer(what: str, count: int) -> StreamDivergedError:
    return StreamDivergedError(
        f"the finished task tells another answer than the {count:,} {what} that were delivered"
    )


def disagrees(streamed: Completion, finished: Completion) -> bool:
    """Whether the finished task has words that the stream did not say, or other ones."""
    ours = {choice.index: choice for choice in streamed.choices}
    return any(
        (theirs.text and theirs.text != ours.get(theirs.index, Choice()).text)
        or (theirs.tool_calls and _said_to(theirs) != _said_to(ours.get(theirs.index, Choice())))
        for theirs in finished.choices
    )


def _said_to(choice: Choice) -> list[str]:
    """The words of its tool calls; their ids may be known to one side alone."""
    return [call.arguments for call in choice.tool_calls]


def supplemented(streamed: Completion, finished: Completion) -> Completion:
    """The streamed completion, with the usage and finish reasons that only the task knows."""
    reasons = {choice.index: choice.finish_reason for choice in finished.choices}
    choices = tuple(
        msgspec.structs.replace(
            choice, finish_reason=choice.finish_reason or reasons.get(choice.index)
        )
        for choice in streamed.choices
    )
    return msgspec.structs.replace(
        streamed,
        usage=streamed.usage or finished.usage,
        finish_reason=streamed.finish_reason or finished.finish_reason,
        choices=choices,
    )
