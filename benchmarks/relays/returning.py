"""A viewer that drops off at random bytes and returns with the id of the last event it has.

House rule: it is cut wherever it happens to be, also inside an event or before the first.
"""

from __future__ import annotations

import random
import socket
from http.client import HTTPConnection

from benchmarks.referee import Turn, WrongAnswerError
from benchmarks.relays.beat import ALL, Beat, Ear
from benchmarks.relays.hosted import hosted
from foxstream.sse import Parser

__all__ = ["RETURNS", "take_turn"]

RETURNS = "times that it returned"

_RATE = 2000.0
_EACH = 3  # events that it gets between two returns, in the mean
_BYTES = 90  # of an event, about


def take_turn(face: str, returns: int, seed: int = 0) -> Turn:
    """Nothing costs anything here: the answer is that nothing was missed and nothing came twice."""
    beat = Beat(returns * (_EACH + 2), _RATE)  # more than it gets until it stays
    dice, viewer = random.Random(seed), _Viewer()
    with hosted(face, beat) as host:
        host.begin()
        for _ in range(returns):
            viewer.look(host.port, dice.randint(0, 2 * _EACH * _BYTES))
        viewer.look(host.port, None)
    if viewer.ear.heard != beat.events:
        raise WrongAnswerError(f"{viewer.ear.heard} events came, {beat.events} were made")
    return Turn(0.0, ALL, {RETURNS: float(viewer.looks - 1)})


class _Viewer:
    def __init__(self) -> None:
        self.ear = Ear([])
        self.looks = 0
        self._last_id = ""

    def look(self, port: int, size: int | None) -> None:
        """Read so many bytes of a response, or all of it, then leave."""
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        connection.request("GET", "/events", headers=headers)
        response = connection.getresponse()
        self.looks += response.status == 200
        for event in Parser().feed(response.read(size)):
            self._last_id = event.id or self._last_id
            self.ear.hear(event.data)
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
        response.close()
        connection.close()
