"""`actions`: what is done rather than made: deliver, sync, move, mark read."""

from collections.abc import Sequence
from typing import Annotated

import orjson
from django.http import HttpResponse
from ninja import Header, Router
from pydantic import Field

from mail import errors, names, selectors, services
from mail.api import completions, delivered_posts
from mail.api.answers import answer, nothing
from mail.api.common import ApiRequest, own_box
from mail.api.schemas import (
    AudienceIn,
    AudienceOut,
    Changed,
    Chosen,
    DeleteIn,
    Delivered,
    DeliverIn,
    EmptyTrashIn,
    FlagIn,
    MarkReadIn,
    Moved,
    MoveIn,
    SyncIn,
    errors_of,
    limits,
)
from mail.api.urls import Urls
from mail.models import Box, Submission

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
        forwarded=urls.post_id(data.forwarded, "forwarded") if data.forwarded else None,
        idempotency_key=idempotency_key,
    )
    if submission.answer is not None:
        return answer(submission.answer)
    response = sent(urls, submission)
    if idempotency_key is not None:
        services.keep_answer(submission=submission, answer=orjson.loads(response.content))
    return response


def sent(urls: Urls, submission: Submission) -> HttpResponse:
    """What was sent: the delivered posts of its recipients."""
    rows, boxes = selectors.deliveries_of(submission.post, submission.recipients)
    return answer(
        {
            "posts": delivered_posts.shown(urls, rows, boxes),
            "submission": urls.submission(submission.pk),
        }
    )


@router.post(
    "/audience",
    response={200: AudienceOut, **errors_of(400, 403, 413, 415, 422)},
    operation_id="audience",
    summary="Count whom boxes stand for",
)
def audience(request: ApiRequest, data: AudienceIn) -> HttpResponse:
    """How many people get what is sent to some boxes, before one sends it."""
    urls = Urls(request)
    found = selectors.audience([urls.key(box, "boxes", "boxes") for box in data.boxes])
    return answer(
        {
            "people": found.people,
            "boxes": [completions.shown(urls, one) for one in found.boxes],
            "unknown": found.unknown,
            "inactive": found.inactive,
        }
    )


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


def _uids(urls: Urls, box: Box, given: Sequence[str | int]) -> list[int]:
    return [urls.uid(one, box.pk, "posts") for one in given]


def _chosen(urls: Urls, box: Box, data: Chosen) -> tuple[list[int], int | None]:
    """The uids that were chosen, or the one up to which all are; raises Ambiguous."""
    if (data.posts is None) == (data.up_to is None):
        raise errors.Ambiguous(field="posts", first="posts", second="up_to")
    up_to = None if data.up_to is None else urls.uid(data.up_to, box.pk, "up_to")
    return _uids(urls, box, data.posts or ()), up_to


@router.post(
    "/move",
    response={200: Moved, **errors_of(400, 403, 413, 415, 422)},
    operation_id="move",
    summary="Move posts to another box",
)
def move(request: ApiRequest, data: MoveIn) -> HttpResponse:
    """Move some delivered posts, or all up to one, between one's own boxes.

    What is not there is passed over.
    """
    urls = Urls(request)
    box, to = own_box(request, data.box, "box"), own_box(request, data.to, "to")
    uids, up_to = _chosen(urls, box, data)
    if up_to is not None:
        return answer({"changed": services.move_up_to(box=box, uid=up_to, to=to), "posts": []})
    moved = [urls.delivered_post(to.pk, uid) for uid in services.move(box=box, uids=uids, to=to)]
    return answer({"changed": len(moved), "posts": moved})


@router.post(
    "/mark-read",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="mark_read",
    summary="Mark many read or unread",
)
def mark_read(request: ApiRequest, data: MarkReadIn) -> HttpResponse:
    """Mark some delivered posts of a box, or all up to one."""
    box = own_box(request, data.box, "box")
    uids, up_to = _chosen(Urls(request), box, data)
    if up_to is not None:
        changed = services.mark_up_to(box=box, uid=up_to, read=data.is_read)
    else:
        mark = services.mark_read if data.is_read else services.mark_unread
        changed = mark(box=box, uids=uids)
    return answer({"changed": changed})


@router.post(
    "/flag",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="flag",
    summary="Flag many, or take their flag away",
)
def flag(request: ApiRequest, data: FlagIn) -> HttpResponse:
    """Flag delivered posts of a box, so that they are found again."""
    box = own_box(request, data.box, "box")
    change = services.flag if data.is_flagged else services.unflag
    return answer({"changed": change(box=box, uids=_uids(Urls(request), box, data.posts))})


@router.post(
    "/delete",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="delete",
    summary="Remove many for good",
)
def delete(request: ApiRequest, data: DeleteIn) -> HttpResponse:
    """Remove some delivered posts of a box for good, or all up to one.

    Nobody else's copy is touched. What may be wanted back is moved to the trash instead.
    """
    box = own_box(request, data.box, "box")
    uids, up_to = _chosen(Urls(request), box, data)
    if up_to is not None:
        return answer({"changed": services.delete_up_to(box=box, uid=up_to)})
    return answer({"changed": len(services.delete(box=box, uids=uids))})


@router.post(
    "/empty-trash",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="empty_trash",
    summary="Empty the trash",
)
def empty_trash(request: ApiRequest, data: EmptyTrashIn) -> HttpResponse:
    """Remove for good what is in one's trash, up to the newest that one has seen."""
    trash = selectors.own_box(request.user, names.TRASH)
    up_to = Urls(request).uid(data.up_to, trash.pk, "up_to")
    return answer({"changed": services.empty_trash(owner=request.user, up_to=up_to)})
