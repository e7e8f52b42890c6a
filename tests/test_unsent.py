"""Which failures prove that a request never left."""

from __future__ import annotations

from socket import gaierror

import pytest

from foxstream.transports.unsent import never_left

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
