"""Errors: what they say, what they keep, and that they survive a journey."""

from __future__ import annotations

import copy
import pickle

import pytest

from foxstream import Completion, errors

SAMPLES = [
    errors.FoxError("m"),
    errors.InvalidInputError("m"),
    errors.MissingExtraError("m"),
    *(
        kind(400, "m", type="t", code="c", request_id="r", retry_after=1.5)
        for kind in [errors.APIStatusError, *errors.APIStatusError.__subclasses__()]
    ),
    errors.APIConnectionError("m"),
    errors.APITimeoutError("m", phase="stall"),
    errors.ProtocolError("m"),
    errors.StreamTruncatedError("m"),
    errors.StreamDivergedError("m"),
    errors.TaskFailedError("m", code="c"),
]


def test_every_error_is_sampled():
    assert {type(error).__name__ for error in SAMPLES} == set(errors.__all__)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("journey", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_a_copy_and_a_process_boundary(error, journey):
    error.task_id, error.partial = "task-1", Completion("half", state="truncated")
    arrived = journey(error)
    assert type(arrived) is type(error)
    assert vars(arrived) == vars(error)
    assert str(arrived) == str(error)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_one_root_catches_every_error(error):
    with pytest.raises(errors.FoxError):
        raise error


def test_a_status_error_says_all_it_knows():
    error = errors.RateLimitError(
        429, "slow down", type="rate_limit_error", code="c", request_id="req-1", retry_after=0.0
    )
    assert str(error) == (
        "HTTP 429: slow down (type rate_limit_error, code c, request id req-1, retry after 0 s)"
    )
    assert str(errors.NotFoundError(404, "no such task")) == "HTTP 404: no such task"


def test_a_failed_task_says_its_code():
    assert str(errors.TaskFailedError("refused", code="generation_failed")) == (
        "refused (code generation_failed)"
    )
    assert str(errors.TaskFailedError("refused")) == "refused"


def test_a_timeout_is_a_connection_error_and_names_its_clock():
    error = errors.APITimeoutError("no token came", phase="first_token")
    assert isinstance(error, errors.APIConnectionError)
    assert error.phase == "first_token"


def test_refused_input_is_also_a_value_error():
    with pytest.raises(ValueError, match="m"):
        raise errors.InvalidInputError("m")
    with pytest.raises(ImportError, match="m"):
        raise errors.MissingExtraError("m")
