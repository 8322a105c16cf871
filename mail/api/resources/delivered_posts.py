"""`delivered-posts`: posts in one's own boxes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from mail import errors, selectors, services
from mail.api.links import Urls, pair_of
from mail.api.params import (
    DEFAULT,
    ApiRequest,
    BoxName,
    Cursor,
    DeliveredPostId,
    From,
    IsFlagged,
    IsRead,
    Limit,
    Search,
    Sender,
    Thread,
    Until,
    target_box,
)
from mail.api.resources.attachments import all_shown
from mail.api.responses import answer, created, known, next_link, nothing, read_cursor, tag_of
from mail.api.schemas import (
    DeliveredPostIn,
    DeliveredPostOut,
    DeliveredPostPatch,
    errors_of,
)
from mail.models import Attachment, Box, DeliveredPost, Flag
from mail.search.query import parse
from mail.selectors.mailbox import DeliveredRow
from mail.selectors.selection import some

router = Router(tags=["delivered-posts"])


def shown(
    urls: Urls, rows: Sequence[DeliveredRow], names: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Delivered posts with their files, which are read at once."""
    files = selectors.attachments.of_posts(row.post_id for row in rows)
    return [_one(urls, row, names, files.get(row.post_id, ())) for row in rows]


def _one(
    urls: Urls, row: DeliveredRow, names: Mapping[int, str], files: Iterable[Attachment]
) -> dict[str, Any]:
    return {
        "id": f"{row.box_id}.{row.uid}",
        "url": urls.delivered_post(row.box_id, row.uid),
        "box": urls.box(names[row.box_id]),
        "post": urls.post(row.post_id),
        "created": row.created,
        "delivered": row.delivered,
        "is_read": row.is_read,
        "is_flagged": row.is_flagged,
        "is_answered": row.is_answered,
        "sender": row.sender_name,
        "sender_url": urls.user(row.sender_name),
        "subject": row.subject,
        "attachments": all_shown(urls, files),
    }


@router.get(
    "",
    response={200: list[DeliveredPostOut], 304: None, **errors_of(400, 404, 422)},
    operation_id="list_delivered_posts",
    summary="List delivered posts",
    openapi_extra={
        "responses": {
            status: {"headers": {"Box-State": {"$ref": "#/components/headers/Box-State"}}}
            for status in (200, 304)
        }
    },
)
def list_delivered_posts(
    request: ApiRequest,
    boxname: BoxName = None,
    sender: Sender = None,
    start: From = None,
    end: Until = None,
    is_read: IsRead = None,
    is_flagged: IsFlagged = None,
    thread: Thread = None,
    q: Search = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    """Posts in one's own boxes, or in the one of `boxname`, newest first.

    The header `Box-State` is the state of that one box, for `changes`.

    With `q` only those that a search finds; its days begin at midnight in UTC, or in the zone of a
    browser's session. The trash is left out then, unless `in:trash` or `boxname` asks for it. Such
    a page may be short, or empty, and yet have more behind it: follow the Link header.
    """
    urls = Urls(request)
    query = parse(q or "")
    boxes = _boxes(request, boxname)
    tag = tag_of(request.get_full_path(), urls.base, [_state(box) for box in boxes])
    headers = {"ETag": tag}
    if boxname:
        headers["Box-State"] = selectors.changes.state_of(boxes[0].counter)
    if (not_modified := known(request, headers)) is not None:
        return not_modified
    wanted = selectors.mailbox.DeliveredFilter(
        sender=urls.key(sender, "users", "sender") if sender else None,
        start=start,
        end=end,
        is_read=is_read,
        is_flagged=is_flagged,
        thread=thread,
    )
    names = {box.pk: box.name for box in boxes}
    before = _place(read_cursor(cursor))
    if query:
        rows, place = selectors.search.searched_rows(
            boxes, query, wanted, everywhere=bool(boxname), before=before, limit=limit
        )
    else:
        rows, place = selectors.mailbox.delivered_rows(
            list(names), wanted, before=before, limit=limit
        )
    if place is not None:
        headers["Link"] = next_link(request, f"{place[0]} {place[1]}")
    return answer(shown(urls, rows, names), headers=headers)


def _boxes(request: ApiRequest, name: str | None) -> list[Box]:
    """The boxes asked for, the personal one served first."""
    if name is None:
        boxes = selectors.boxes.own_boxes(request.user)
    else:
        key = Urls(request).key(name, "boxes", "boxname")
        boxes = [selectors.boxes.own_box_named(request.user, key)]
    for box in boxes:
        if box.kind == Box.Kind.PERSONAL and services.mailbox.sync(box=box).inserted:
            box.counter.refresh_from_db()
    return boxes


def _state(box: Box) -> tuple[int, int]:
    return box.pk, box.counter.modseq


def _place(key: str | None) -> tuple[UUID, int] | None:
    if key is None:
        return None
    post_id, _, box_id = key.partition(" ")
    try:
        return UUID(post_id), int(box_id)
    except ValueError:
        raise errors.CursorInvalid from None


@router.post(
    "",
    response={201: DeliveredPostOut, **errors_of(400, 403, 413, 415, 422)},
    operation_id="create_delivered_post",
    summary="Deliver a stored post to a box",
)
def create_delivered_post(request: ApiRequest, data: DeliveredPostIn) -> HttpResponse:
    """Deliver a post that one wrote to one more box."""
    urls = Urls(request)
    box = target_box(request, data.box, "box")
    post = selectors.posts.own_post(request.user, urls.post_id(data.post, "post"))
    row = services.sending.deliver(post=post, box=box, by=request.user)
    found = selectors.mailbox.delivered_row(box.pk, row.uid)
    return created(*shown(urls, [found], {box.pk: box.name}))


def _own(request: ApiRequest, key: str) -> tuple[Box, int]:
    """A delivered post's box and uid; raises NotFound unless the box is the asker's."""
    if (pair := pair_of(key)) is None:
        raise errors.NotFound
    box = Box.objects.filter(owner=request.user, pk=pair[0]).first()
    if box is None:
        raise errors.NotFound
    return box, pair[1]


@router.get(
    "/{delivered_post_id}",
    response={200: DeliveredPostOut, 304: None, **errors_of(404)},
    operation_id="get_delivered_post",
    summary="One delivered post",
)
def get_delivered_post(request: ApiRequest, delivered_post_id: DeliveredPostId) -> HttpResponse:
    """A delivered post of one's own; reading it so marks nothing."""
    copy = _copy(request, delivered_post_id)
    headers = _headers(request, copy)
    if (not_modified := known(request, headers)) is not None:
        return not_modified
    return answer(_shown(request, copy), headers=headers)


def _copy(request: ApiRequest, key: str) -> DeliveredPost:
    if (pair := pair_of(key)) is None:
        raise errors.NotFound
    return selectors.mailbox.own_copy(request.user, *pair)


def _headers(request: ApiRequest, copy: DeliveredPost) -> dict[str, str]:
    """Nothing about a copy changes without its modseq: the post itself need not be read.

    So one that is being recalled may be said to be as it was, until it has left the box.
    """
    return {"ETag": tag_of(Urls(request).base, copy.pk, copy.modseq)}


def _shown(request: ApiRequest, copy: DeliveredPost) -> dict[str, Any]:
    (one,) = shown(Urls(request), [selectors.mailbox.row_of(copy)], {copy.box_id: copy.box.name})
    return one


@router.patch(
    "/{delivered_post_id}",
    response={200: DeliveredPostOut, **errors_of(403, 404, 413, 415, 422)},
    operation_id="mark_delivered_post",
    summary="Mark read or unread, flag or unflag",
    openapi_extra={
        "responses": {200: {"headers": {"ETag": {"$ref": "#/components/headers/ETag"}}}}
    },
)
def mark_delivered_post(
    request: ApiRequest, delivered_post_id: DeliveredPostId, data: DeliveredPostPatch
) -> HttpResponse:
    """Mark a delivered post of one's own read or unread, or flag it; the rest stays as it is."""
    box, uid = _own(request, delivered_post_id)
    marks = {"is_read": Flag.SEEN, "is_flagged": Flag.FLAGGED}
    given = {marks[name]: getattr(data, name) for name in data.model_fields_set}
    services.mailbox.store_flags(
        selection=some(box, [uid]),
        add=[flag for flag, on in given.items() if on],
        remove=[flag for flag, on in given.items() if not on],
    )
    copy = selectors.mailbox.own_copy(request.user, box.pk, uid)
    return answer(_shown(request, copy), headers=_headers(request, copy))


@router.delete(
    "/{delivered_post_id}",
    response={204: None, **errors_of(403, 404)},
    operation_id="delete_delivered_post",
    summary="Remove a post from a box",
)
def delete_delivered_post(request: ApiRequest, delivered_post_id: DeliveredPostId) -> HttpResponse:
    """Remove a post from one's own box for good; nobody else's copy is touched."""
    box, uid = _own(request, delivered_post_id)
    if not services.mailbox.delete(selection=some(box, [uid])):
        raise errors.NotFound
    return nothing()
