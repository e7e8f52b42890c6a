"""The same without `await`, for scripts and notebooks: a plain iterator, plain calls.

    for delta in foxstream.sync.stream("What is happening?", videos=["clip.mp4"]):
        print(delta.text, end="", flush=True)

    clients, streams              what users see: one line for each method of the asynchronous ones
    facing                        how a coroutine becomes a plain call
    loop                          the event loop, in a thread of its own

House rule: nothing is done twice. The loop starts at the first use and ends with the program; it
is another thread's, so these calls work where a loop runs already, and hold it up while they wait.
"""

from foxstream.sync.clients import Client, stream
from foxstream.sync.streams import Stream

__all__ = ["Client", "Stream", "stream"]
