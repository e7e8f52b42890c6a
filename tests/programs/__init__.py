"""Programs that tests start, stop and kill: servers, and clients of them. They tell by the line."""

import sys

__all__ = ["tell"]


def tell(line: object) -> None:
    """One line for whoever started the program."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
