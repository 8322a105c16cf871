"""`actions`: what is done rather than made: deliver, sync, move, mark read."""

from http import HTTPStatus
from typing import Annotated

import orjson
from django.http import HttpResponse
from ninja import Header, Router
from pydantic import Field

from mail import names, selectors, services
from mail.api.links import Urls
from mail.api.params import ApiRequest, own_box
from mail.api.resources import completions, delivered_posts
from mail.api.responses import answer, nothing
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
from mail.api.selections import selected
from mail.models import Flag, Submission

router = Router(tags=["actions"])

Key = Annotated[
    Annotated[str, Field(json_schema_extra=limits(maxLength=services.sending.MAX_KEY))] | None,
    Header(
        alias="Idempotency-Key",
        description="The same key with the same body sends once within 24 hours.",
    ),
]


@router.post(
    "/deliver",
    response={200: Delivered, 202: Delivered, **errors_of(400, 403, 413, 415, 422, 503)},
    operation_id="deliver",
    summary="Write and send",
)
def deliver(request: ApiRequest, data: DeliverIn, idempotency_key: Key = None) -> HttpResponse:
    """Send a post to people, groups or everyone; each box gets it once. All or nothing.

    202: it was accepted, and is delivered later to boxes that are not among `posts`.
    """
    urls = Urls(request)
    submission = services.sending.send(
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
    if idempotency_key is not None and response.status_code == HTTPStatus.OK:
        services.sending.keep_answer(submission=submission, answer=orjson.loads(response.content))
    return response


def sent(urls: Urls, submission: Submission) -> HttpResponse:
    """What was sent: the delivered posts of its recipients."""
    rows, boxes = selectors.mailbox.deliveries_of(submission)
    accepted = submission.state == Submission.State.ACCEPTED
    return answer(
        {
            "posts": delivered_posts.shown(urls, rows, boxes),
            "submission": urls.submission(submission.pk),
        },
        status=HTTPStatus.ACCEPTED if accepted else HTTPStatus.OK,
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
    found = selectors.recipients.audience([urls.key(box, "boxes", "boxes") for box in data.boxes])
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
    services.mailbox.sync(box=own_box(request, data.box, "box"))
    return nothing()


@router.post(
    "/move",
    response={200: Moved, **errors_of(400, 403, 413, 415, 422)},
    operation_id="move",
    summary="Move posts to another box",
)
def move(request: ApiRequest, data: MoveIn) -> HttpResponse:
    """Move some delivered posts, all up to one, or all that a search finds to another box.

    Both are boxes of the same person. What is not there is passed over, what is in the other box
    already stays there.
    """
    to = own_box(request, data.to, "to")
    moved = services.mailbox.move(selection=selected(request, data), to=to)
    new = (each.uids for each in moved if data.posts and not each.merged)
    urls = Urls(request)
    posts = [urls.delivered_post(to.pk, uid) for uids in new for uid in uids]
    return answer({"changed": sum(map(len, moved)), "posts": posts})


@router.post(
    "/mark-read",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="mark_read",
    summary="Mark many read or unread",
)
def mark_read(request: ApiRequest, data: MarkReadIn) -> HttpResponse:
    """Mark some delivered posts, all up to one, or all that a search finds."""
    return _stored(request, data, Flag.SEEN, on=data.is_read)


@router.post(
    "/flag",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="flag",
    summary="Flag many, or take their flag away",
)
def flag(request: ApiRequest, data: FlagIn) -> HttpResponse:
    """Flag some delivered posts, all up to one, or all that a search finds."""
    return _stored(request, data, Flag.FLAGGED, on=data.is_flagged)


def _stored(request: ApiRequest, data: Chosen, flag: Flag, *, on: bool) -> HttpResponse:
    change = {"add" if on else "remove": [flag]}
    changed = services.mailbox.store_flags(selection=selected(request, data), **change)
    return answer({"changed": changed})


@router.post(
    "/delete",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="delete",
    summary="Remove many for good",
)
def delete(request: ApiRequest, data: DeleteIn) -> HttpResponse:
    """Remove some delivered posts, all up to one, or all that a search finds, for good.

    Nobody else's copy is touched. What may be wanted back is moved to the trash instead.
    """
    return answer({"changed": services.mailbox.delete(selection=selected(request, data))})


@router.post(
    "/empty-trash",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="empty_trash",
    summary="Empty the trash",
)
def empty_trash(request: ApiRequest, data: EmptyTrashIn) -> HttpResponse:
    """Remove for good what is in one's trash, up to the newest that one has seen."""
    trash = selectors.boxes.own_box(request.user, names.TRASH)
    up_to = Urls(request).uid(data.up_to, trash.pk, "up_to")
    return answer({"changed": services.folders.empty_trash(owner=request.user, up_to=up_to)})
