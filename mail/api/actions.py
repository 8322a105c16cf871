"""`actions`: what is done rather than made: deliver, sync, move, mark read."""

from typing import Annotated

import orjson
from django.http import HttpResponse
from ninja import Header, Router
from pydantic import Field

from mail import errors, selectors, services
from mail.api import delivered_posts
from mail.api.answers import answer, nothing
from mail.api.common import ApiRequest, own_box
from mail.api.schemas import (
    Delivered,
    DeliverIn,
    Marked,
    MarkReadIn,
    Moved,
    MoveIn,
    SyncIn,
    errors_of,
    limits,
)
from mail.api.urls import Urls
from mail.models import Box

router = Router(tags=["actions"])

Key = Annotated[
    Annotated[str, Field(json_schema_extra=limits(maxLength=services.MAX_KEY))] | None,
    Header(
        alias="Idempotency-Key",
        description="The same key with the same body sends once within 24 hours.",
    ),
]


@router.post(
    "/deliver",
    response={200: Delivered, **errors_of(400, 403, 413, 415, 422)},
    operation_id="deliver",
    summary="Write and send",
)
def deliver(request: ApiRequest, data: DeliverIn, idempotency_key: Key = None) -> HttpResponse:
    """Send a post to people, groups or everyone; each box gets it once. All or nothing."""
    urls = Urls(request)
    submission = services.send(
        sender=request.user,
        to=[urls.key(box, "boxes", "to") for box in data.to],
        cc=[urls.key(box, "boxes", "cc") for box in data.cc],
        bcc=[urls.key(box, "boxes", "bcc") for box in data.bcc],
        subject=data.subject,
        body=data.body,
        content_type=data.content_type,
        in_reply_to=urls.post_id(data.in_reply_to, "in_reply_to") if data.in_reply_to else None,
        idempotency_key=idempotency_key,
    )
    if submission.answer is not None:
        return answer(submission.answer)
    rows = selectors.deliveries_of(submission.post_id, submission.recipients)
    names = selectors.names_of({row.box_id for row in rows})
    shown = {
        "posts": [delivered_posts.shown(urls, row, names) for row in rows],
        "submission": urls.submission(submission.pk),
    }
    response = answer(shown)
    if idempotency_key is not None:
        services.keep_answer(submission=submission, answer=orjson.loads(response.content))
    return response


@router.post(
    "/sync",
    response={204: None, **errors_of(400, 403, 413, 415, 422)},
    operation_id="sync",
    summary="Fetch what groups hold",
)
def sync(request: ApiRequest, data: SyncIn) -> HttpResponse:
    """Deliver to one of one's own boxes what its groups hold for it. Lists do so by themselves."""
    services.sync(box=own_box(request, data.box, "box"))
    return nothing()


def _uids(urls: Urls, box: Box, given: list[str | int]) -> list[int]:
    return [urls.uid(one, box.pk, "posts") for one in given]


@router.post(
    "/move",
    response={200: Moved, **errors_of(400, 403, 413, 415, 422)},
    operation_id="move",
    summary="Move posts to another box",
)
def move(request: ApiRequest, data: MoveIn) -> HttpResponse:
    """Move delivered posts between one's own boxes; what is not there is passed over."""
    urls = Urls(request)
    box, to = own_box(request, data.box, "box"), own_box(request, data.to, "to")
    moved = services.move(box=box, uids=_uids(urls, box, data.posts), to=to)
    return answer({"posts": [urls.delivered_post(to.pk, uid) for uid in moved]})


@router.post(
    "/mark-read",
    response={200: Marked, **errors_of(400, 403, 413, 415, 422)},
    operation_id="mark_read",
    summary="Mark many read or unread",
)
def mark_read(request: ApiRequest, data: MarkReadIn) -> HttpResponse:
    """Mark some delivered posts of a box, or all up to one."""
    if (data.posts is None) == (data.up_to is None):
        raise errors.Ambiguous(field="posts", first="posts", second="up_to")
    urls = Urls(request)
    box = own_box(request, data.box, "box")
    if data.up_to is not None:
        uid = urls.uid(data.up_to, box.pk, "up_to")
        changed = services.mark_up_to(box=box, uid=uid, read=data.is_read)
    else:
        mark = services.mark_read if data.is_read else services.mark_unread
        changed = mark(box=box, uids=_uids(urls, box, data.posts or []))
    return answer({"changed": changed})
