"""What may be waited for and how often: refused at once where it makes no sense."""

from __future__ import annotations

import math

import msgspec
import pytest

from foxstream import InvalidInputError, Retries, Timeouts

CLOCKS = Timeouts.__struct_fields__


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("value", [0.001, 1, 86_400.0, None])
def test_clocks_take_seconds_or_none(clock, value):
    assert getattr(Timeouts(**{clock: value}), clock) == value


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize(
    "value", [0, -1, -0.5, math.nan, math.inf, 10**400, 1e300, True, "30", b"1", [], 1j]
)
def test_clocks_refuse_everything_else_and_name_it(clock, value):
    with pytest.raises(InvalidInputError) as caught:
        Timeouts(**{clock: value})
    assert str(caught.value) == f"timeouts.{clock} is {value!r}: seconds above 0, or None"


def test_a_changed_copy_is_checked_too():
    with pytest.raises(InvalidInputError, match=r"timeouts\.total is -1"):
        msgspec.structs.replace(Timeouts(), total=-1)


@pytest.mark.parametrize("limit", [-1, 1.5, True, "3", None, math.nan])
def test_the_number_of_retries_is_a_whole_one(limit):
    with pytest.raises(InvalidInputError) as caught:
        Retries(limit=limit)
    assert str(caught.value) == f"retries.limit is {limit!r}: a whole number from 0 on"


@pytest.mark.parametrize("name", ["backoff", "max_backoff", "poll_interval"])
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, None, "1", False, 10**400])
def test_waits_are_seconds_from_zero_on(name, value):
    with pytest.raises(InvalidInputError) as caught:
        Retries(**{name: value})
    assert str(caught.value) == f"retries.{name} is {value!r}: seconds from 0 on"


def test_zero_retries_and_zero_waits_are_allowed():
    assert Retries(0, 0, 0.0, 0) == Retries(0, 0.0, 0.0, 0.0)
