"""Many answers, asked for by plain calls.

House rule: a method says no more than which one it stands for; what that takes, returns and raises
is told in `foxstream.client`.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self, Unpack

from foxstream import client as asynchronous
from foxstream.client import StreamOptions
from foxstream.sync.facing import Face, blocking, made_as, wrapping
from foxstream.sync.streams import Stream
from foxstream.watching import Observer

__all__ = ["Client", "stream"]


class Client(Face[asynchronous.Client]):
    """`foxstream.Client` for plain calls: use it as `with Client() as client`, or `close()` it.

    It takes the same arguments. Several threads may use it at once. `on_status` is called in the
    event loop's own thread.
    """

    @made_as(asynchronous.Client)
    def __init__(self, behind: asynchronous.Client) -> None:
        super().__init__(behind, behind.close)

    @property
    def observer(self) -> Observer | None:
        """Who watches the answers of this client; set to watch them, also where all are watched."""
        return self._behind.observer

    @observer.setter
    def observer(self, observer: Observer | None) -> None:
        self._behind.observer = observer

    stream: Final = wrapping(asynchronous.Client.stream, Stream)
    attach: Final = wrapping(asynchronous.Client.attach, Stream)
    submit: Final = blocking(asynchronous.Client.submit)
    get_task: Final = blocking(asynchronous.Client.get_task)
    wait: Final = blocking(asynchronous.Client.wait)
    generate: Final = blocking(asynchronous.Client.generate)
    models: Final = blocking(asynchronous.Client.models)
    upload: Final = blocking(asynchronous.Client.upload)
    close: Final = blocking(asynchronous.Client.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def stream(
    prompt: str | None = None, *, client: Client | None = None, **options: Unpack[StreamOptions]
) -> Stream:
    """`Client.stream`, with a client of its own for its lifetime where none is given."""
    if client is not None:
        return client.stream(prompt, **options)
    return Stream(asynchronous.stream(prompt, **options))
