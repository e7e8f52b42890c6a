"""The errors of other libraries: what they prove, and what they must not show."""

from __future__ import annotations

from socket import gaierror

import pytest

from foxstream.transports.foreign import never_left, without_frames

REFUSED = ConnectionRefusedError(111, "refused")


def caused_by(cause: BaseException) -> Exception:
    error = OSError("all attempts failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "proven"),
    [
        (REFUSED, True),
        (gaierror(-2, "name not known"), True),
        (caused_by(REFUSED), True),
        (caused_by(ExceptionGroup("", [REFUSED, caused_by(REFUSED)])), True),
        (caused_by(ExceptionGroup("", [REFUSED, TimeoutError()])), False),
        (ConnectionResetError(104, "reset"), False),
        (caused_by(TimeoutError()), False),
        (OSError("?"), False),
    ],
)
def test_only_names_and_refusals_do(error, proven):
    assert never_left(error) is proven


def test_no_link_of_the_chain_shows_its_frames():
    try:
        try:
            raise ExceptionGroup("", [caused_by(REFUSED)])
        except ExceptionGroup as group:
            raise OSError("last") from group
    except OSError as error:
        last = error
    assert last.__traceback__ is not None
    assert last.__cause__.__traceback__ is not None
    assert without_frames(last) is last
    assert last.__traceback__ is None
    assert last.__cause__.__traceback__ is None


def test_what_the_caller_was_handling_is_left_alone():
    refused = ConnectionRefusedError(111, "of another request")
    with pytest.raises(ConnectionRefusedError):
        raise refused
    error = OSError("all attempts failed")
    error.__context__ = refused
    assert never_left(error)
    assert not never_left(error, refused)
    without_frames(error, refused)
    assert refused.__traceback__ is not None
