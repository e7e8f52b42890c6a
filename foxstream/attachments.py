"""The media of a question, brought to where the service can read them.

House rule: the media are looked at before the first byte is sent; what is not a URL already
becomes a data URI or an upload.
"""

from __future__ import annotations

from foxstream import media, records
from foxstream.clocks import Clocks
from foxstream.errors import InvalidInputError
from foxstream.limits import Retries
from foxstream.progress import OnStatus, Status, Step
from foxstream.recovery import submissions
from foxstream.resources import Upload
from foxstream.retrying import retried
from foxstream.service import Service
from foxstream.sources import Source

__all__ = ["media_urls", "upload"]

_MAX_INLINE_ITEMS = 5  # section 2.7


async def media_urls(
    service: Service,
    sources: tuple[Source, ...],
    clocks: Clocks,
    retries: Retries,
    on_status: OnStatus,
) -> list[media.MediaURL]:
    """A URL for each source: its own, a data URI, or that of an upload.

    Up to five local items within the inline limit go inline, the others are uploaded. Where
    nothing can be uploaded all go inline: `InvalidInputError` for one over the limit.
    """
    materials = [await _looked_at(source) for source in sources]
    room = _MAX_INLINE_ITEMS - sum(source.is_inline for source in sources)
    urls: list[media.MediaURL] = []
    for source, material in zip(sources, materials, strict=True):
        if isinstance(material, str):
            urls.append(material)
        elif not service.has_tasks:
            _check_inline(source, material.size, service.inline_limit)
            urls.append(await material.data_uri(_reporter(on_status, "encoding")))
        elif room > 0 and material.size <= service.inline_limit:
            room -= 1
            urls.append(await material.data_uri(_reporter(on_status, "encoding")))
        else:
            uploaded = await upload(service, material, material.name, clocks, retries, on_status)
            urls.append(uploaded.url)
    return urls


async def upload(
    service: Service,
    material: media.Material,
    name: str,
    clocks: Clocks,
    retries: Retries,
    on_status: OnStatus,
) -> Upload:
    """Upload one file; sent again only where it certainly was not accepted."""
    progress = _reporter(on_status, "uploading")
    uploaded = await retried(
        lambda: service.upload(material, name, progress, clocks),
        submissions(retries),
        service.transport,
        clocks,
        on_status,
    )
    records.uploaded(uploaded, material.size)
    return uploaded


async def _looked_at(source: Source) -> str | media.Material:
    if isinstance(source.value, str):
        return source.value
    return await media.load(source.value, source.field, source.kind)


def _check_inline(source: Source, size: int, limit: int) -> None:
    if size > limit:
        raise InvalidInputError(
            f"{source.field} has {size:,} bytes and cannot be uploaded to this server: at most "
            f"inline_limit={limit:,} travel inside a request; make it smaller, raise the limit "
            "or give a URL"
        )


def _reporter(on_status: OnStatus, step: Step) -> media.Share:
    """What tells `on_status` the share done of `step`."""

    def report(share: float) -> None:
        on_status(Status(step, share))

    return report
