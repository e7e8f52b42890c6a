"""The judge of histories: the truth once and in order, or a named error with all that was seen.

House rule: it knows what was sent and what was seen, and nothing of how foxstream works. What it
excuses, nobody could have known.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from benchmarks.histories.life import ENOUGH, Opening, Outcome
from benchmarks.histories.mishaps import Told, fits, is_whole, told_words
from benchmarks.histories.recorded import Words
from foxstream import APITimeoutError, Completion, FoxError, StreamDivergedError

__all__ = ["judge"]

_ENOUGH_ATTEMPTS = 5
_FINISHED = {"truth", "silent"}


def judge(outcome: Outcome) -> str | None:
    """What is wrong with an outcome; `None` where nothing is."""
    if len(outcome.openings) + len(outcome.looks) > ENOUGH:
        return f"asked more than {ENOUGH} times"
    if outcome.error is not None:
        return next(_of_error(outcome, outcome.error), None)
    if outcome.completion is not None:
        return next(_of_completion(outcome, outcome.completion), None)
    return "the loop ended without a completion and without an error"


def _of_completion(outcome: Outcome, completion: Completion) -> Iterator[str]:
    seen, truth = outcome.seen, outcome.recording.words
    if Words(completion.reasoning, completion.text) != seen:
        yield "the completion is not what the loop saw"
    if completion.state != "complete":
        yield f"the loop ended well, and the state is {completion.state}"
    if completion.finish_reason != "stop" and not _was_not_told_why(outcome):
        yield f"the finish reason is {completion.finish_reason}"
    if seen.text != truth.text and not _text_is_plausible(outcome):
        yield f"taken for the whole, though it is not: {_difference(seen, truth)}"
    yield from _of_reasoning(outcome, complete=completion.reasoning_complete)
    if any(any(opening.seen) for opening in outcome.openings) and not completion.recovered:
        yield "a connection was lost, and the completion does not say so"
    if len(outcome.openings) == 1 and not outcome.looks and completion.recovered:
        yield "nothing was lost, and the completion says so"


def _of_reasoning(outcome: Outcome, *, complete: bool) -> Iterator[str]:
    seen, truth = outcome.seen.reasoning, outcome.recording.words.reasoning
    if complete and seen != truth and not _reasoning_is_plausible(outcome):
        yield f"the reasoning is called complete: {_difference(Words(seen), Words(truth))}"
    if not truth.startswith(seen) and not any(
        told.reasoning.startswith(seen) for told in _misleading(outcome)
    ):
        yield f"the reasoning is not what was said: {_difference(Words(seen), Words(truth))}"
    if not complete and not _FINISHED & set(outcome.looks):
        yield "the reasoning is called incomplete, though no finished task took over"


def _of_error(outcome: Outcome, error: BaseException) -> Iterator[str]:
    seen, truth = outcome.seen, outcome.recording.words
    if not isinstance(error, FoxError) or type(error) is FoxError:
        yield f"{type(error).__name__} is no named error: {error}"
        return
    partial = Words(error.partial.reasoning, error.partial.text) if error.partial else Words()
    if partial != seen:
        yield f"the partial is not what the loop saw: {_difference(partial, seen)}"
    if error.task_id is None:
        yield "the error does not name its task"
    if not seen.begins(truth):
        yield from _of_wrong_words(outcome)
    if isinstance(error, StreamDivergedError) and not any(
        _lies(o, outcome) for o in outcome.openings
    ):
        yield "called diverged, though every connection told the truth"
    if _can_be_healed(outcome) and not _is_out_of_attempts(outcome, error):
        yield f"given up, though the task had the answer: {type(error).__name__}: {error}"


def _of_wrong_words(outcome: Outcome) -> Iterator[str]:
    """Words that are not those of the truth: they were told first, and the end has to say so."""
    seen, truth = outcome.seen, outcome.recording.words
    told_first = any(seen.begins(told) for told in _misleading(outcome))
    contradicted = "truth" in outcome.looks and not truth.text.startswith(seen.text)
    if not told_first:
        yield f"lost or repeated: {_difference(seen, truth)}"
    elif contradicted and not isinstance(outcome.error, StreamDivergedError):
        yield f"{outcome.ending} for words that are not those of the task"


def _misleading(outcome: Outcome) -> Iterator[Words]:
    """What was told wrongly, and first: nothing that had been seen contradicted it."""
    for opening in outcome.openings:
        told = _told(opening, outcome)
        if _lies(opening, outcome) and opening.seen.begins(told):
            yield told


def _lies(opening: Opening, outcome: Outcome) -> bool:
    return not _told(opening, outcome).begins(outcome.recording.words)


def _told(opening: Opening, outcome: Outcome) -> Words:
    connection = opening.connection
    return told_words(connection, outcome.recording) if isinstance(connection, Told) else Words()


def _last_telling(outcome: Outcome) -> tuple[Told, Words] | None:
    """The last connection, if it told everything that it had to tell."""
    last = outcome.openings[-1]
    if isinstance(last.connection, Told) and is_whole(last.connection, outcome.recording):
        return last.connection, _told(last, outcome)
    return None


def _text_is_plausible(outcome: Outcome) -> bool:
    """Whether the text was told to its end, and neither the count nor the task contradicts it."""
    last = _last_telling(outcome)
    if last is None or last[1].text != outcome.seen.text:
        return False
    return "silent" in outcome.looks or (fits(last[0]) and not outcome.history.verify)


def _was_not_told_why(outcome: Outcome) -> bool:
    """Whether the chunk that tells the finish reason was left out, and no task made up for it."""
    last = _last_telling(outcome)
    left_out = last is not None and last[0].twist in {"missing", "uncounted"}
    return left_out and not _FINISHED & set(outcome.looks)


def _reasoning_is_plausible(outcome: Outcome) -> bool:
    """No task knows the reasoning: only the count can contradict it."""
    last = _last_telling(outcome)
    return last is not None and last[1].reasoning == outcome.seen.reasoning and fits(last[0])


def _can_be_healed(outcome: Outcome) -> bool:
    history = outcome.history
    patient = history.limit >= _ENOUGH_ATTEMPTS and history.task.ends == "truth"
    return patient and outcome.recording.words.text.startswith(outcome.seen.text)


def _is_out_of_attempts(outcome: Outcome, error: FoxError) -> bool:
    """A silence is told once all attempts since the last new token are used up."""
    in_vain = sum(opening.seen == outcome.seen for opening in outcome.openings)
    failures = in_vain + any(outcome.seen) + outcome.looks.count("busy")
    return isinstance(error, APITimeoutError) and failures > outcome.history.limit


def _difference(got: Words, wanted: Words) -> str:
    """Where the first of the two channels that differ begins to."""
    ours, theirs = next(pair for pair in zip(got, wanted, strict=True) if pair[0] != pair[1])
    at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False)))
    return f"{ours[at : at + 20]!r} for {theirs[at : at + 20]!r} after {at} characters"
