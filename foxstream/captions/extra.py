"""What is said where the libraries that captions need are missing."""

from __future__ import annotations

__all__ = ["MISSING"]

MISSING = 'captions need wcwidth and webvtt-py: pip install "foxstream[captions]"'
