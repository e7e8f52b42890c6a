"""The plugin for `llm`: `llm -m foxapi/gemini-2.5-pro "What happens?" -a clip.mp4`.

House rule: llm loads this at each start, so it says only what there is; and it must not fail, since
that would take llm with it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from foxstream.errors import MissingExtraError

try:
    import click
    import llm
except ImportError as _missing:
    raise MissingExtraError('this needs llm: pip install "foxstream[llm]"') from _missing

__all__ = ["register_commands", "register_models"]


@llm.hookimpl
def register_models(register: Callable[..., None]) -> None:
    """Every known model as `foxapi/<name>`, and `foxapi`, which asks the one of its options."""
    try:
        from foxstream.integrations.llm._models import registered
    except ImportError as error:
        warnings.warn(f"foxapi is left out: llm 0.32 or newer is needed ({error})", stacklevel=1)
        return
    for model, async_model in registered():
        register(model, async_model)


@llm.hookimpl
def register_commands(cli: click.Group) -> None:
    """`llm foxapi models` and `llm foxapi refresh`."""
    from foxstream.integrations.llm.commands import foxapi

    cli.add_command(foxapi)
