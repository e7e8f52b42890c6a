"""Tasks, models and uploads as values."""

from __future__ import annotations

import pytest

from foxstream.resources import Model, Task


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("pending", False),
        ("processing", False),
        ("running", False),
        ("completed", True),
        ("failed", True),
    ],
)
def test_only_two_statuses_are_an_end(status, ended):
    assert Task("task-1", status).ended is ended


def test_what_the_service_did_not_say_is_none():
    task = Task("task-1")
    assert (task.progress, task.created, task.stream_url, task.completion, task.error) == (
        (None,) * 5
    )
    assert task.usage == {}
    assert Model("m").capabilities is None
    assert Model("m", ()).capabilities == ()
