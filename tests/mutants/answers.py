"""The rules that keep an answer whole: replays, ends, tasks, and how often to try."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

REPLAYS = (
    Mutant(
        "the last piece is compared too",
        "retelling.py",
        "if not expected.startswith(known, at):",
        "if at + len(known) < len(expected) and not expected.startswith(known, at):",
        ("test_healing.py::test_another_answer_on_the_stream_is_a_divergence",),
    ),
    Mutant(
        "a replay is compared",
        "retelling.py",
        "if not expected.startswith(known, at):",
        "if False:",
        ("test_retelling.py::test_the_first_difference_folds_nothing_in",),
    ),
    Mutant(
        "what was delivered is not delivered again",
        "retelling.py",
        "return piece[len(known) :]",
        "return piece",
        (
            "test_retelling.py::test_only_what_lies_beyond_comes_out",
            "test_healing.py::test_a_replay_that_is_cut_again_and_again_loses_and_repeats_nothing",
        ),
    ),
    Mutant(
        "new words wait until the old ones were told again",
        "retelling.py",
        "if new and self.behind:",
        "if False:",
        ("test_retelling.py::test_new_words_before_all_the_old_ones_are_a_divergence",),
    ),
    Mutant(
        "a replay tells at least what was delivered",
        "telling.py",
        "if self._retelling is not None and self._retelling.behind:",
        "if False:",
        (
            "test_telling.py::test_a_chunk_that_came_twice_is_found_by_the_replay",
            "test_healing.py::test_a_replay_that_ends_before_what_was_delivered_is_a_divergence",
        ),
    ),
)

ENDS = (
    Mutant(
        "without done an answer is cut",
        "decoder.py",
        "if self._finish_reason_ends and self.transcript.finished:",
        "if self.transcript.finished:",
        ("test_decoder.py::test_but_with_a_task_they_are_a_cut",),
    ),
    Mutant(
        "without a finish reason an answer is cut",
        "decoder.py",
        "if self._finish_reason_ends and self.transcript.finished:",
        "if self._finish_reason_ends:",
        ("test_streams.py::test_direct_mode_cut_is_a_truncation",),
    ),
    Mutant(
        "what comes after done is ignored",
        "decoder.py",
        "        if self.over:\n            return\n        self.events",
        "        if self.error is not None:\n            return\n        self.events",
        ("test_decoder.py::test_exactly_what_was_sent_however_the_bytes_are_cut",),
    ),
    Mutant(
        "total_chunks is believed",
        "telling.py",
        "return self._decoder.total_chunks not in {None, self._decoder.chunks}",
        "return False",
        (
            "test_telling.py::test_a_wrong_count_is_doubted_once",
            "test_healing.py::test_fewer_chunks_than_counted_are_looked_for_once",
        ),
    ),
    Mutant(
        "more chunks than counted are too many",
        "telling.py",
        "return self._decoder.total_chunks not in {None, self._decoder.chunks}",
        "return (self._decoder.total_chunks or 0) > self._decoder.chunks",
        ("test_telling.py::test_a_chunk_that_came_twice_is_found_by_the_replay",),
    ),
    Mutant(
        "verify looks at the task",
        "streams.py",
        "if task is None or not (miscounted or self._verify):",
        "if task is None or not miscounted:",
        ("test_streams.py::test_verify_refuses_another_text",),
    ),
)

TASKS = (
    Mutant(
        "the tail comes from the task",
        "mending.py",
        "return [delta for delta in tail if delta.text or delta.tool_calls], whole",
        "return [], whole",
        ("test_healing.py::test_the_tail_of_a_stream_that_is_gone_comes_from_its_task",),
    ),
    Mutant(
        "the task is held against what was delivered",
        "mending.py",
        "if not whole.startswith(known):",
        "if False:",
        ("test_healing.py::test_a_task_whose_text_is_another_is_a_divergence",),
    ),
    Mutant(
        "a diverged stream is left to its task",
        "recovery.py",
        "if isinstance(error, StreamDivergedError) or _is_gone(error):",
        "if _is_gone(error):",
        ("test_healing.py::test_but_not_where_the_task_goes_on_from_what_was_delivered",),
    ),
    Mutant(
        "a stream that is gone is left to its task",
        "recovery.py",
        "if isinstance(error, StreamDivergedError) or _is_gone(error):",
        "if isinstance(error, StreamDivergedError):",
        ("test_healing.py::test_the_tail_of_a_stream_that_is_gone_comes_from_its_task",),
    ),
    Mutant(
        "a reported error is not final",
        "recovery.py",
        "return self._after_report()",
        "raise error",
        ("test_healing.py::test_a_reported_error_of_a_living_task_is_followed_past",),
    ),
    Mutant(
        "the same report is not asked for again and again",
        "recovery.py",
        "again, self._reported = self._reported, True",
        "again = False",
        ("test_healing.py::test_the_same_error_in_the_replayed_log_leaves_it_to_the_task",),
    ),
    Mutant(
        "results may come late",
        "recovery.py",
        "if task.completion is not None:\n            return task.completion",
        "return task.completion or Completion()",
        ("test_recovery.py::test_late_results_are_waited_for_a_while_without_refreshing",),
    ),
    Mutant(
        "results may not come late for ever",
        "recovery.py",
        "if now - self._completed_at >= LATE_RESULTS * 1e9:",
        "if False:",
        ("test_recovery.py::test_late_results_are_waited_for_a_while_without_refreshing",),
    ),
)

TRIES = (
    Mutant(
        "a submit is not repeated after a 500",
        "recovery.py",
        "return isinstance(error, APIConnectionError) and not error.sent",
        "return isinstance(error, InternalServerError) or _passes(error) and not error.sent",
        ("test_client.py::test_a_failed_submit_is_not_repeated",),
    ),
    Mutant(
        "a submit is not repeated when its answer is lost",
        "recovery.py",
        "return isinstance(error, APIConnectionError) and not error.sent",
        "return isinstance(error, APIConnectionError)",
        ("test_recovery.py::test_a_submit_that_may_have_been_accepted_is_never_repeated",),
    ),
    Mutant(
        "a submit is repeated three times at most",
        "recovery.py",
        "_MOST_REPEATED_POSTS = 3",
        "_MOST_REPEATED_POSTS = 4",
        ("test_recovery.py::test_a_submit_that_was_not_accepted_is_repeated_three_times_at_most",),
    ),
    Mutant(
        "waits have an upper bound",
        "recovery.py",
        "min(self._retries.max_backoff, doubled)",
        "doubled",
        ("test_recovery.py::test_waits_double_up_to_the_longest",),
    ),
    Mutant(
        "waits are spread",
        "recovery.py",
        " * self._chance()",
        "",
        ("test_recovery.py::test_jitter_is_full",),
    ),
    Mutant(
        "tries have an end",
        "recovery.py",
        "used_up = self._failures > self._retries.limit",
        "used_up = self._failures > 1_000",
        ("test_healing.py::test_a_stream_that_keeps_failing_is_left_to_its_task",),
    ),
    Mutant(
        "progress begins the count of tries again",
        "recovery.py",
        "            self._attempts.succeeded()\n",
        "",
        ("test_healing.py::test_new_tokens_begin_the_count_of_attempts_again",),
    ),
    Mutant(
        "repeated tokens are no progress",
        "telling.py",
        "        self.progress = False\n\n",
        "\n",
        ("test_healing.py::test_a_stream_that_keeps_failing_is_left_to_its_task",),
    ),
)
