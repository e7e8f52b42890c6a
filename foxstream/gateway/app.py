"""The gateway as an aiohttp application: which path leads to which handler."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import partial
from typing import Unpack

from aiohttp import web

from foxstream import logs
from foxstream.gateway.chat import Chat
from foxstream.gateway.desk import Desk
from foxstream.gateway.engine import Engine
from foxstream.gateway.files import FileStore
from foxstream.gateway.generations import Generations
from foxstream.gateway.keyring import Keyring
from foxstream.gateway.listing import Listing
from foxstream.gateway.middlewares import add_request_id, envelope, host_check, key_check
from foxstream.gateway.models import ModelSource
from foxstream.gateway.settings import Options, Settings
from foxstream.gateway.sources import Sources
from foxstream.gateway.tasks import TaskTable
from foxstream.gateway.uploads import Uploads

__all__ = ["create_app"]


def create_app(
    engine: Engine | None = None,
    api_key: str | Collection[str] | None = None,
    **options: Unpack[Options],
) -> web.Application:
    """Build a gateway that answers as the service does, with `engine` in the model's place.

    Without an engine it measures videos (`LocalEngine`; `MissingExtraError` without the extra
    `video`). `api_key`: one key or several, each with tasks of its own; `None` lets everybody
    in, which is meant for loopback, so only loopback `Host` names are answered by default. The
    options are explained by `Settings`; `InvalidInputError` where one makes no sense.
    """
    if isinstance(engine, ModelSource):
        options.setdefault("models", None)
    logs.show(os.environ.get(logs.VARIABLE))
    settings = Settings(**options)
    keyring = Keyring(api_key)
    files = FileStore(settings)
    if engine is None:
        engine = _local_engine()
    tasks, media = TaskTable(settings), Sources(files, settings)
    desk = Desk(engine, media, keyring, tasks, settings)
    generations, chat = Generations(desk), Chat(desk)
    app = web.Application(
        middlewares=[envelope, host_check(settings.allowed_hosts), key_check(keyring)],
        client_max_size=settings.max_body_bytes,
    )
    listing = Listing(engine, settings.models)
    app.add_routes(_routes(generations, chat, Uploads(files, settings), listing))
    app.cleanup_ctx.append(files.lifespan)
    app.on_shutdown.append(lambda _: tasks.close())
    app.on_response_prepare.append(add_request_id)
    if settings.faults is not None:
        settings.faults.install(app)
    return app


_get = partial(web.get, allow_head=False)


def _routes(
    generations: Generations, chat: Chat, uploads: Uploads, listing: Listing
) -> list[web.RouteDef]:
    """The paths of section 1. A name before its dot is the one by which `Faults` knows it."""
    return [
        web.post("/v1/llm/generations", generations.submit, name="submit"),
        _get("/v1/llm/generations/{task_id}/stream", generations.subscribe, name="stream"),
        _get("/v1/tasks/{task_id}", generations.poll, name="task"),
        _get("/v1/configs/llm_generations_models", listing.for_tasks, name="models.config"),
        web.post("/v1/chat/completions", chat.complete, name="chat"),
        _get("/v1/models", listing.for_chat, name="models.openai"),
        web.post("/v1/files/upload/stream", uploads.from_form, name="upload.stream"),
        web.post("/v1/files/upload/base64", uploads.from_base64, name="upload.base64"),
        web.post("/v1/files/upload/url", uploads.from_url, name="upload.url"),
        web.get("/uploads/{day}/{token}/{filename}", uploads.download, name="download"),
    ]


def _local_engine() -> Engine:
    """Imported here, because only this engine needs the extra `video`."""
    from foxstream.gateway.local import LocalEngine

    return LocalEngine()
