"""How a test fails that is not about what it says it is.

House rule: these are no `FoxError`, so that an application which handles those does not hide them.
"""

from __future__ import annotations

__all__ = ["CassetteError", "UnansweredError", "UnaskedError"]


class UnansweredError(AssertionError):
    """More was asked than answers were scripted."""


class UnaskedError(AssertionError):
    """Answers were scripted that nobody asked for."""


class CassetteError(AssertionError):
    """A cassette is missing, unreadable, or does not hold what is asked; how to record it."""
