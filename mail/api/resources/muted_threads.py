"""`muted-threads`: conversations that arrive read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Path, Router, Schema
from pydantic import Field

from mail import errors, selectors, services
from mail.api.links import Urls
from mail.api.params import DEFAULT, ApiRequest, Cursor, Limit
from mail.api.responses import created, nothing, page, read_cursor, tagged
from mail.api.schemas import Input, Url, errors_of

router = Router(tags=["muted threads"])

ThreadId = Annotated[UUID, Path(description="The `thread` of a post.")]


class MutedThreadOut(Schema):
    url: Url
    thread: UUID = Field(description="The `thread` of each post of the conversation.")
    created: datetime = Field(description="When it was muted.")


class MutedThreadIn(Input):
    thread: UUID = Field(
        description="The `thread` of a post that one has.",
        examples=["0197fb1a-0000-7000-8000-000000000001"],
    )


def _shown(urls: Urls, thread: UUID, since: datetime) -> dict[str, Any]:
    return {"url": urls.muted_thread(thread), "thread": thread, "created": since}


@router.get(
    "",
    response={200: list[MutedThreadOut], 304: None, **errors_of(400, 422)},
    operation_id="list_muted_threads",
    summary="List the conversations that one has muted",
)
def list_muted_threads(
    request: ApiRequest, limit: Limit = DEFAULT, cursor: Cursor = None
) -> HttpResponse:
    """Those first that were begun last."""
    before = None
    if (given := read_cursor(cursor)) is not None:
        try:
            before = UUID(given)
        except ValueError:
            raise errors.CursorInvalid from None
    urls = Urls(request)
    rows = selectors.muting.muted_threads(request.user, before=before, limit=limit + 1)

    def show(found: Sequence[tuple[UUID, datetime]]) -> list[dict[str, Any]]:
        return [_shown(urls, *row) for row in found]

    return page(request, rows, limit, key=lambda row: row[0], show=show)


@router.post(
    "",
    response={201: MutedThreadOut, **errors_of(400, 403, 413, 415, 422)},
    operation_id="mute_thread",
    summary="Mute a conversation",
)
def mute_thread(request: ApiRequest, data: MutedThreadIn) -> HttpResponse:
    """From now on what comes in it arrives read."""
    if not services.muting.mute_thread(user=request.user, thread=data.thread):
        raise errors.AlreadyMuted
    return created(_shown(Urls(request), *selectors.muting.muted_thread(request.user, data.thread)))


@router.get(
    "/{thread}",
    response={200: MutedThreadOut, 304: None, **errors_of(404)},
    operation_id="get_muted_thread",
    summary="One muted conversation",
)
def get_muted_thread(request: ApiRequest, thread: ThreadId) -> HttpResponse:
    """A conversation that one has muted."""
    return tagged(
        request, _shown(Urls(request), *selectors.muting.muted_thread(request.user, thread))
    )


@router.delete(
    "/{thread}",
    response={204: None, **errors_of(403, 404)},
    operation_id="unmute_thread",
    summary="Mute a conversation no more",
)
def unmute_thread(request: ApiRequest, thread: ThreadId) -> HttpResponse:
    """From now on what comes in it arrives unread."""
    if not services.muting.unmute_thread(user=request.user, thread=thread):
        raise errors.NotFound
    return nothing()
