"""What a chunk means: `Chunk` -> `Delta`s, and all of them -> one `Completion`.

House rule: pieces are kept as they came and joined only when somebody asks for the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from foxstream import wire
from foxstream.answer import Choice, Completion, Delta, State, ToolCall, ToolCallDelta, Usage

__all__ = ["Channel", "Transcript", "chunk_of", "completion_of", "usage_of"]


Channel = tuple[int, str]
"""One stream of words: the index of a choice, and which of its fields they belong to."""


class Transcript:
    """What was said so far, over all choices of one answer."""

    def __init__(self) -> None:
        self.model: str = ""
        self.id: str = ""
        self.usage: Usage | None = None
        self._voices: defaultdict[int, _Voice] = defaultdict(_Voice)

    def add(self, chunks: Iterable[wire.Chunk], received_ns: int) -> list[Delta]:
        """Fold the chunks of one read in; a delta for each choice that carried something.

        Role-only, empty, finish-only and usage-only chunks bring none, but what they say is kept
        for the completion.
        """
        deltas: list[Delta] = []
        voices = self._voices
        known = self.id and self.model
        for chunk in chunks:
            if chunk.usage is not None or not known:
                self._note(chunk)
                known = self.id and self.model
            for choice in chunk.choices or ():
                index = choice.index or 0
                voice = voices[index]
                finish_reason = choice.finish_reason or None
                if finish_reason:
                    voice.finish_reason = finish_reason
                said = choice.delta
                if said is None:
                    continue
                text = said.content or ""
                reasoning = said.reasoning_content or said.reasoning or said.thinking or ""
                calls = tuple(map(voice.call, said.tool_calls)) if said.tool_calls else ()
                if text:
                    voice.text.append(text)
                if reasoning:
                    voice.reasoning.append(reasoning)
                if text or reasoning or calls:
                    deltas.append(Delta(text, reasoning, calls, index, finish_reason, received_ns))
        return deltas

    def _note(self, chunk: wire.Chunk) -> None:
        """Keep what a chunk says of the whole answer."""
        self.id = self.id or chunk.id or ""
        self.model = self.model or chunk.model or ""
        if chunk.usage is not None:
            self.usage = usage_of(chunk.usage)

    def take(self, deltas: Iterable[Delta]) -> None:
        """Fold deltas in that were made elsewhere."""
        for delta in deltas:
            self._voices[delta.index].take(delta)

    def adopt(self, other: Transcript) -> None:
        """Take over what `other` knows of the answer beside its words."""
        self.id, self.model = self.id or other.id, self.model or other.model
        self.usage = other.usage or self.usage
        for index, voice in other._voices.items():
            ours = self._voices[index]
            ours.finish_reason = voice.finish_reason or ours.finish_reason

    def channels(self) -> dict[Channel, str]:
        """The words said so far: of each choice the text, the reasoning, each call's arguments."""
        return {
            (index, name): words
            for index, voice in self._voices.items()
            for name, words in voice.channels()
        }

    @property
    def silent(self) -> bool:
        """Whether no choice has come yet, not even an empty one."""
        return not self._voices

    @property
    def finished(self) -> bool:
        """Whether every choice that spoke has said how it ended."""
        voices = self._voices.values()
        return bool(voices) and all(voice.finish_reason for voice in voices)

    def completion(
        self, state: State = "complete", task_id: str | None = None, *, recovered: bool = False
    ) -> Completion:
        """What was said until now as one value."""
        choices = tuple(voice.choice(index) for index, voice in sorted(self._voices.items()))
        return _whole(
            choices,
            self.usage,
            self.model,
            self.id,
            state=state,
            task_id=task_id,
            recovered=recovered,
        )


class _Voice:
    """The pieces of one choice, in order."""

    __slots__ = ("by_id", "calls", "finish_reason", "last_call", "reasoning", "spoken_of", "text")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.calls: defaultdict[int, _CallPieces] = defaultdict(_CallPieces)
        self.last_call = 0
        self.by_id: dict[str, int] = {}
        self.spoken_of: dict[int | None, int] = {}
        self.finish_reason: str | None = None

    def take(self, delta: Delta) -> None:
        """Keep what a delta says."""
        if delta.text:
            self.text.append(delta.text)
        if delta.reasoning:
            self.reasoning.append(delta.reasoning)
        for call in delta.tool_calls:
            self.calls[call.index].add(call)

    def channels(self) -> Iterator[tuple[str, str]]:
        """Every stream of words of this choice, by name."""
        yield "text", "".join(self.text)
        yield "reasoning", "".join(self.reasoning)
        for index, pieces in self.calls.items():
            yield f"tool_calls[{index}]", "".join(pieces.arguments)

    def call(self, fragment: wire.ToolCallFragment) -> ToolCallDelta:
        index, said = self._call_index(fragment), _call_of(fragment)
        call = ToolCallDelta(index, said.id, said.name, said.arguments)
        self.calls[index].add(call)
        return call

    def _call_index(self, fragment: wire.ToolCallFragment) -> int:
        """Some servers leave `index` out or repeat it: a new id begins a new call all the same.

        A fragment without an id goes on with the call that its index last spoke of.
        """
        index = self.spoken_of.get(fragment.index, fragment.index)
        if index is None:
            index = self.last_call
        here = self.calls.get(index)
        if fragment.id and here is not None and here.id not in {"", fragment.id}:
            index = self.by_id.get(fragment.id, self.last_call + 1)
        if fragment.id:
            self.by_id.setdefault(fragment.id, index)
        self.last_call = max(self.last_call, index)
        self.spoken_of[fragment.index] = index
        return index

    def choice(self, index: int) -> Choice:
        return Choice(
            index=index,
            text="".join(self.text),
            reasoning="".join(self.reasoning),
            tool_calls=tuple(pieces.whole() for _, pieces in sorted(self.calls.items())),
            finish_reason=self.finish_reason,
        )


class _CallPieces:
    """The fragments of one tool call: its id and name come once, its arguments in pieces."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []

    def add(self, call: ToolCallDelta) -> None:
        self.id = self.id or call.id
        self.name = self.name or call.name
        self.arguments.append(call.arguments)

    def whole(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.arguments))


def completion_of(body: wire.ChatCompletion, task_id: str | None = None) -> Completion:
    """A finished `ChatCompletion` as a `Completion`.

    A task's result may put its text elsewhere (contract, 9.3): choices are read first, then
    `message`, `text`, `content`.
    """
    choices = tuple(map(_choice_of, body.choices or ())) or _bare_choice_of(body)
    usage = None if body.usage is None else usage_of(body.usage)
    return _whole(choices, usage, body.model or "", body.id or "", task_id=task_id)


def chunk_of(completion: Completion) -> wire.Chunk:
    """A whole completion as the one chunk that would have said all of it."""
    return wire.Chunk(
        id=completion.id,
        model=completion.model,
        choices=[_chunk_choice_of(choice) for choice in completion.choices],
        usage=None if completion.usage is None else _token_usage_of(completion.usage),
    )


def _token_usage_of(usage: Usage) -> wire.TokenUsage:
    nested: dict[str, dict[str, object]] = {}
    for dotted, count in usage.details.items():
        group, _, name = dotted.partition(".")
        nested.setdefault(group, {})[name] = count
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    return wire.TokenUsage(*counts, **nested)


def usage_of(usage: wire.TokenUsage) -> Usage:
    """The counts as the service reported them, nested ones under their dotted wire names."""
    groups = {
        "prompt_tokens_details": usage.prompt_tokens_details,
        "completion_tokens_details": usage.completion_tokens_details,
    }
    details = {
        f"{group}.{name}": count
        for group, counts in groups.items()
        for name, count in (counts or {}).items()
        if isinstance(count, int)
    }
    return Usage(
        _count(usage.prompt_tokens),
        _count(usage.completion_tokens),
        _count(usage.total_tokens),
        details,
    )


def _count(number: float | None) -> int | None:
    return None if number is None else int(number)


def _whole(
    choices: tuple[Choice, ...],
    usage: Usage | None,
    model: str,
    id: str,
    *,
    state: State = "complete",
    task_id: str | None = None,
    recovered: bool = False,
) -> Completion:
    first = next((choice for choice in choices if choice.index == 0), Choice())
    return Completion(
        text=first.text,
        reasoning=first.reasoning,
        tool_calls=first.tool_calls,
        finish_reason=first.finish_reason,
        usage=usage,
        model=model,
        id=id,
        task_id=task_id,
        choices=choices,
        state=state,
        recovered=recovered,
    )


def _choice_of(choice: wire.MessageChoice) -> Choice:
    message = choice.message or wire.Message()
    return Choice(
        index=choice.index or 0,
        text=message.content or "",
        reasoning=message.reasoning_content or message.reasoning or message.thinking or "",
        tool_calls=tuple(map(_call_of, message.tool_calls or ())),
        finish_reason=choice.finish_reason,
    )


def _chunk_choice_of(choice: Choice) -> wire.ChunkChoice:
    calls = [
        wire.ToolCallFragment(index, call.id, wire.ToolFunction(call.name, call.arguments))
        for index, call in enumerate(choice.tool_calls)
    ]
    said = wire.ChunkDelta(choice.text, choice.reasoning, tool_calls=calls)
    return wire.ChunkChoice(choice.index, said, choice.finish_reason)


def _bare_choice_of(body: wire.ChatCompletion) -> tuple[Choice, ...]:
    if not isinstance(body, wire.Result):
        return ()
    if body.message is not None:
        return (_choice_of(wire.MessageChoice(message=body.message)),)
    if body.text is None and body.content is None:
        return ()
    return (Choice(text=body.text or body.content or ""),)


def _call_of(call: wire.ToolCallFragment) -> ToolCall:
    function = call.function or wire.ToolFunction()
    return ToolCall(call.id or "", function.name or "", function.arguments or "")
