"""The rules that say where an answer begins: what starts a token clock and what does not."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_CORPUS = ("test_bench_self_test.py::test_every_first_token_of_the_corpus_is_found",)

FIRSTS = (
    Mutant(
        "an empty chunk begins no answer",
        "deltas.py",
        "if text or reasoning or calls:",
        "if said is not None:",
        _CORPUS,
    ),
    Mutant(
        "reasoning begins an answer",
        "deltas.py",
        "if text or reasoning or calls:",
        "if text or calls:",
        _CORPUS,
    ),
    Mutant(
        "a tool call begins an answer",
        "deltas.py",
        "if text or reasoning or calls:",
        "if text or reasoning:",
        _CORPUS,
    ),
    Mutant(
        "every spelling of reasoning is read",
        "deltas.py",
        "reasoning = said.reasoning_content or said.reasoning or said.thinking",
        "reasoning = said.reasoning_content or said.thinking",
        _CORPUS,
    ),
    Mutant(
        "reasoning is no text",
        "progress.py",
        "if self.first_text is None and delta.text:",
        "if self.first_text is None:",
        _CORPUS,
    ),
    Mutant(
        "text is no reasoning",
        "progress.py",
        "if self.first_reasoning is None and delta.reasoning:",
        "if self.first_reasoning is None:",
        _CORPUS,
    ),
    Mutant(
        "only tokens start a token clock",
        "streams.py",
        "        if deltas:\n            self._note_tokens(deltas, now)",
        "        if telling.has_events:\n            self._note_tokens(deltas, now)",
        _CORPUS,
    ),
    Mutant(
        "an error is the end of an answer",
        "decoder.py",
        "self.fail(wire.task_failed(_failure(event.data)))",
        "self._finish()",
        _CORPUS,
    ),
)
