"""`posts`: what was written, stored once; never edited."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from mail import errors, policies, selectors, services
from mail.api.links import Urls
from mail.api.params import DEFAULT, ApiRequest, Cursor, From, Limit, PostId, Sender, Thread, Until
from mail.api.resources.attachments import all_shown
from mail.api.responses import (
    IMMUTABLE,
    answer,
    created,
    known,
    nothing,
    page,
    read_cursor,
    tag_of,
    tagged,
)
from mail.api.schemas import PostIn, PostOut, RecallReportOut, errors_of
from mail.models import Attachment, Post

router = Router(tags=["posts"])


def _shown(urls: Urls, post: Post, files: Iterable[Attachment] = ()) -> dict[str, Any]:
    return {
        "url": urls.post(post.pk),
        "id": post.pk,
        "sender": post.sender_name,
        "sender_url": urls.user(post.sender_name) if post.sender_id else None,
        "created": post.created,
        "subject": post.subject,
        "content_type": post.content_type,
        "body": post.body,
        "body_html": post.body_html,
        "to": [urls.box(name) for name in post.to],
        "cc": [urls.box(name) for name in post.cc],
        "in_reply_to": urls.post(post.in_reply_to) if post.in_reply_to else None,
        "thread": post.thread,
        "attachments": all_shown(urls, files),
    }


@router.get(
    "",
    response={200: list[PostOut], 304: None, **errors_of(400, 422)},
    operation_id="list_posts",
    summary="List posts",
)
def list_posts(
    request: ApiRequest,
    sender: Sender = None,
    start: From = None,
    end: Until = None,
    thread: Thread = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    """Posts that one wrote or was delivered, newest first. `thread` gives a conversation."""
    urls = Urls(request)
    rows = selectors.posts.all_readable_posts(request.user).order_by("-pk")
    if sender:
        rows = rows.filter(sender_name__iexact=urls.key(sender, "users", "sender"))
    if start:
        rows = rows.filter(created__gte=start)
    if end:
        rows = rows.filter(created__lt=end)
    if thread:
        rows = rows.filter(thread=thread)
    if (before := read_cursor(cursor)) is not None:
        rows = rows.filter(pk__lt=_cursor_id(before))

    def show(found: Sequence[Post]) -> list[dict[str, Any]]:
        files = selectors.attachments.of_posts(post.pk for post in found)
        return [_shown(urls, post, files.get(post.pk, ())) for post in found]

    return page(request, list(rows[: limit + 1]), limit, key=lambda post: post.pk, show=show)


def _cursor_id(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        raise errors.CursorInvalid from None


@router.post(
    "",
    response={201: PostOut, **errors_of(400, 403, 413, 415, 422)},
    operation_id="create_post",
    summary="Store a post without delivering it",
)
def create_post(request: ApiRequest, data: PostIn) -> HttpResponse:
    """Store a post; `delivered-posts` delivers it. To write and send at once use `deliver`."""
    urls = Urls(request)
    post = services.sending.store(
        sender=request.user,
        subject=data.subject,
        body=data.body,
        content_type=data.content_type,
        in_reply_to=urls.post_id(data.in_reply_to, "in_reply_to") if data.in_reply_to else None,
    )
    return created(_shown(urls, post))


@router.get(
    "/{post_id}",
    response={200: PostOut, 304: None, **errors_of(404)},
    operation_id="get_post",
    summary="One post",
)
def get_post(request: ApiRequest, post_id: PostId) -> HttpResponse:
    """A post that one wrote or was delivered. It never changes, and says so to caches."""
    urls = Urls(request)
    if "If-None-Match" in request.headers:
        version = selectors.posts.readable_version(request.user, post_id)
        if (not_modified := known(request, _headers(urls, post_id, *version))) is not None:
            return not_modified
    post = selectors.posts.readable_post(request.user, post_id)
    files = selectors.attachments.of_post(post_id)
    return answer(
        _shown(urls, post, files), headers=_headers(urls, post_id, post.renderer, post.sender_id)
    )


def _headers(urls: Urls, post_id: UUID, renderer: int, sender_id: int | None) -> dict[str, str]:
    # The address of a sender who was deleted since is no longer shown.
    return {
        "ETag": tag_of(urls.base, post_id, renderer, sender_id),
        "Cache-Control": IMMUTABLE,
    }


@router.get(
    "/{post_id}/recall",
    response={200: RecallReportOut, 304: None, **errors_of(403, 404)},
    operation_id="report_recall",
    summary="What a recall takes back",
)
def report_recall(request: ApiRequest, post_id: PostId) -> HttpResponse:
    """How many other people have a post by now, and how many read it: before one recalls it."""
    post = selectors.posts.recallable_post(request.user, post_id)
    policies.check_recalling(post, request.user)
    report = selectors.posts.recall_report(post)
    return tagged(request, {"copies": report.copies, "read": report.read})


@router.delete(
    "/{post_id}",
    response={204: None, **errors_of(403, 404)},
    operation_id="recall_post",
    summary="Recall a post",
)
def recall_post(request: ApiRequest, post_id: PostId) -> HttpResponse:
    """Hide a post everywhere at once and remove it from every box: its author, or staff."""
    post = selectors.posts.recallable_post(request.user, post_id)
    services.sending.recall(post=post, by=request.user)
    return nothing()
