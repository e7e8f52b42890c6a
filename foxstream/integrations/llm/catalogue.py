"""Which models there are: those of a list in this file, or of the file that a refresh has written.

House rule: no network. A file that cannot be read is as good as none.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import llm
import msgspec

from foxstream.resources import Model

__all__ = ["attachment_types", "catalogue", "keep"]

_EYES = ("text", "vision")
_ALL = ("text", "vision", "video", "audio")
_KNOWN = {
    "gemini-2.5-pro": _ALL,
    "gemini-3-pro-preview": _ALL,
    "gemini-3.1-pro-preview": _ALL,
    "gemini-3.5-flash": _ALL,
    "gemini-3.8-flash": _ALL,
    "gpt-5.4": _EYES,
    "gpt-5.5": _EYES,
    "claude-opus-4-6": _EYES,
    "claude-opus-4-7": _EYES,
    "claude-sonnet-4-6": _EYES,
    "kimi-k2.6": _EYES,
    "nemotron-3-nano-omni": _ALL,
}
_TYPES = {
    "vision": "image/png image/jpeg image/webp image/gif image/heic image/avif image/bmp",
    "video": "video/mp4 video/mpeg video/quicktime video/webm",
    "audio": "audio/wav audio/x-wav audio/wave audio/mpeg audio/mp3 audio/aiff audio/aac "
    "audio/ogg audio/flac audio/mp4 audio/x-m4a",
}


def catalogue() -> list[Model]:
    """The models of the last refresh, else those that are known here."""
    try:
        return msgspec.json.decode(_file().read_bytes(), type=list[Model])
    except FileNotFoundError:
        pass
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        warnings.warn(f"{_file()}: {error}; mend it with `llm foxapi refresh`", stacklevel=2)
    return [Model(id, capabilities) for id, capabilities in _KNOWN.items()]


def keep(models: list[Model]) -> Path:
    """Write the models for every later start of llm; where to."""
    file = _file()
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(models), indent=2))
    new.replace(file)
    return file


def attachment_types(model: Model) -> frozenset[str]:
    """The MIME types that it takes; all where it is not known what it can do."""
    kinds = _TYPES if model.capabilities is None else model.capabilities
    return frozenset(type for kind in kinds for type in _TYPES.get(kind, "").split())


def _file() -> Path:
    return llm.user_dir() / "foxapi_models.json"
