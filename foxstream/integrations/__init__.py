"""foxstream inside other frameworks: one room for each, and each imports its own and no other.

House rule: what is said is decided below; a face only hands it to its framework.
"""

from __future__ import annotations

__all__: list[str] = []
