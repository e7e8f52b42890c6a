"""The rules that keep to bounds: of time, of sockets, of who sees the key, of bytes."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CLOCKS = (
    Mutant(
        "keep-alives do not reset stall",
        "streams.py",
        "        if deltas:\n            self._note_tokens",
        "        self._rested = True\n        if deltas:\n            self._note_tokens",
        ("test_streams.py::test_keep_alives_feed_no_clock",),
    ),
    Mutant(
        "the reader's own time is not charged",
        "streams.py",
        "        self._rested = True\n        silent",
        "        self._clocks.restart(now)\n        silent",
        ("test_streams.py::test_the_reader_s_own_time_is_not_charged",),
    ),
    Mutant(
        "None switches a clock off",
        "clocks.py",
        "self._limit_ns = None if limit is None else _after(0, self._limit)",
        "self._limit_ns = _after(0, self._limit)",
        ("test_streams.py::test_timeouts_can_be_switched_off",),
    ),
    Mutant(
        "total is a limit beside every other clock",
        "clocks.py",
        "if until is None or (total is not None and total < until) else until",
        "if until is None else until",
        ("test_clocks.py::test_the_nearest_end_counts_and_is_named",),
    ),
    Mutant(
        "total ends every attempt",
        "recovery.py",
        'if error.phase == "total":\n            raise error',
        "",
        ("test_recovery.py::test_a_connect_timeout_is_reopened_and_total_is_final",),
    ),
)

LEAVING = (
    Mutant(
        "leaving closes the connection",
        "streams.py",
        "response, self._response = self._response, None",
        "response, self._response = None, None",
        ("test_streams.py::test_leaving_early_keeps_what_was_said",),
    ),
    Mutant(
        "a cancelled read closes the connection",
        "streams.py",
        "        await self.aclose()\n        self._error.task_id",
        "        self._error.task_id",
        ("test_streams.py::test_a_cancelled_read_closes_and_says_so_afterwards",),
    ),
    Mutant(
        "a cut connection is closed before the next is opened",
        "streams.py",
        "                await response.aclose()\n                self._heal(",
        "                self._heal(",
        ("test_healing.py::test_trouble_while_reopening_is_waited_out",),
    ),
)

KEYS = (
    Mutant(
        "the key goes home only",
        "address.py",
        "        if origin in self._trusted:\n            headers |= self._headers",
        "        if True:\n            headers |= self._headers",
        (
            "test_address.py::test_another_origin_is_asked_without_the_key",
            "test_streams.py::test_a_stream_url_elsewhere_gets_no_key",
        ),
    ),
    Mutant(
        "another port is another origin",
        "address.py",
        'return Origin(parts.scheme, parts.hostname.rstrip("."), port)',
        'return Origin(parts.scheme, parts.hostname.rstrip("."), usual)',
        ("test_address.py::test_another_origin_is_asked_without_the_key",),
    ),
    Mutant(
        "https is not left",
        "address.py",
        'if self.origin.scheme == "https" and origin.scheme != "https":',
        "if False:",
        ("test_streams.py::test_a_stream_url_that_leaves_https_or_is_none_is_refused",),
    ),
    Mutant(
        "a redirect stays within its origin",
        "address.py",
        "return target if _origin(target) == _origin(url) else None",
        "return target",
        ("test_client.py::test_a_redirect_to_another_origin_is_not_followed",),
    ),
    Mutant(
        "a POST follows no redirect",
        "service.py",
        'request.method != "GET" or not 300',
        "not 300",
        ("test_client.py::test_a_post_follows_no_redirect",),
    ),
    Mutant(
        "redirects are bounded",
        "service.py",
        "_MAX_REDIRECTS = 3",
        "_MAX_REDIRECTS = 30",
        ("test_client.py::test_redirects_are_bounded",),
    ),
    Mutant(
        "a secret does not show itself",
        "address.py",
        "return \"'***'\"",
        "return str.__repr__(self)",
        (
            "test_address.py::test_a_secret_does_not_show_itself",
            "test_client.py::test_locals_in_a_traceback_show_no_key",
        ),
    ),
    Mutant(
        "a header cannot become two",
        "address.py",
        "if not _FIELD_VALUE.fullmatch(value):",
        "if False:",
        ("test_address.py::test_a_header_value_with_a_control_character_is_refused_and_not_shown",),
    ),
    Mutant(
        "a task id is checked before it enters a path",
        "endpoints.py",
        "return bool(_TASK_ID.fullmatch(text))",
        "return True",
        ("test_client.py::test_a_task_id_that_is_none_is_refused",),
    ),
)

BYTES = (
    Mutant(
        "a line end of two bytes is one, however cut",
        "sse.py",
        "self._after_cr = last == _CR",
        "self._after_cr = False",
        ("test_sse.py::test_a_line_feed_after_a_carriage_return_is_one_line_end_however_cut",),
    ),
    Mutant(
        "an event has a largest size",
        "sse.py",
        "if self._partial_size > self._limit:",
        "if False:",
        ("test_sse.py::test_over_the_limit_the_good_events_come_first_then_nothing",),
    ),
    Mutant(
        "lines end where the grammar says",
        "sse.py",
        "lines = block.splitlines()",
        'lines = [line.encode() for line in block.decode("utf-8", "replace").splitlines()]',
        ("test_decoder.py::test_exactly_what_was_sent_however_the_bytes_are_cut",),
    ),
    Mutant(
        "events that look as usual have one line of data each",
        "sse.py",
        'return None if _LF in b"".join(each) else',
        "return",
        ("test_sse.py::test_reads_that_look_alike_bring_what_the_grammar_says",),
    ),
    Mutant(
        "a carriage return ends a line also where events look as usual",
        "sse.py",
        "if _CR in data:",
        "if False:",
        ("test_sse.py::test_reads_that_look_alike_bring_what_the_grammar_says",),
    ),
    Mutant(
        "only the beginning of a usual event waits",
        "sse.py",
        "if self._between_events and self._pattern.begins(block):",
        "if self._between_events:",
        ("test_sse.py::test_wherever_reads_are_cut_they_bring_what_the_grammar_says",),
    ),
    Mutant(
        "a chunk that reports an error is none, also among others",
        "wire.py",
        "if errors.count(None) < len(errors):",
        "if False:",
        ("test_decoder.py::test_an_error_among_chunks_of_one_read_ends_the_stream",),
    ),
    Mutant(
        "an answer has a largest size",
        "service.py",
        "if size > self._max_response_bytes:",
        "if False:",
        ("test_client.py::test_an_answer_over_the_limit_is_refused_while_it_comes",),
    ),
    Mutant(
        "a compressed stream is refused",
        "replies.py",
        'if coding not in {"", "identity"}:',
        "if False:",
        ("test_streams.py::test_what_is_no_plain_event_stream_is_refused",),
    ),
)
