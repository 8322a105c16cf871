"""`drafts`: what one has begun to write."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from ninja import Router

from mail import errors, names, selectors, services
from mail.api.links import Urls
from mail.api.params import DEFAULT, ApiRequest, Cursor, DraftId, DraftVersion, Limit
from mail.api.resources import actions
from mail.api.responses import answer, created, nothing, page, read_cursor, tagged
from mail.api.schemas import Delivered, DraftDetail, DraftIn, DraftOut, DraftPut, errors_of
from mail.models import Draft

router = Router(tags=["drafts"])


def _shown(urls: Urls, draft: Draft) -> dict[str, Any]:
    recipients = {"to": draft.to, "cc": draft.cc, "bcc": draft.bcc}
    return {
        "url": urls.draft(draft.pk),
        "id": draft.pk,
        "version": draft.version,
        "created": draft.created,
        "updated": draft.updated,
        "kind": draft.kind,
        "in_reply_to": urls.post(draft.in_reply_to) if draft.in_reply_to else None,
        **{
            field: [urls.box(name) for name in names.split(typed)]
            for field, typed in recipients.items()
        },
        "subject": draft.subject,
    }


def shown_whole(urls: Urls, draft: Draft) -> dict[str, Any]:
    return _shown(urls, draft) | {"content_type": draft.content_type, "body": draft.body}


@router.get(
    "",
    response={200: list[DraftOut], 304: None, **errors_of(400, 422)},
    operation_id="list_drafts",
    summary="List drafts",
)
def list_drafts(request: ApiRequest, limit: Limit = DEFAULT, cursor: Cursor = None) -> HttpResponse:
    """One's own drafts without their bodies, those saved last first."""
    rows = selectors.drafts.own(request.user).defer("body")
    if (before := read_cursor(cursor)) is not None:
        updated, draft_id = _place(before)
        rows = rows.filter(Q(updated__lt=updated) | Q(updated=updated, pk__lt=draft_id))
    urls = Urls(request)

    def show(found: Sequence[Draft]) -> list[dict[str, Any]]:
        return [_shown(urls, draft) for draft in found]

    return page(request, list(rows[: limit + 1]), limit, key=_key, show=show)


def _key(draft: Draft) -> str:
    return f"{draft.updated.isoformat()} {draft.pk}"


def _place(key: str) -> tuple[datetime, UUID]:
    moment, _, draft_id = key.partition(" ")
    try:
        place = datetime.fromisoformat(moment), UUID(draft_id)
    except ValueError:
        raise errors.CursorInvalid from None
    if place[0].tzinfo is None:
        raise errors.CursorInvalid
    return place


@router.post(
    "",
    response={201: DraftDetail, **errors_of(400, 403, 413, 415, 422)},
    operation_id="create_draft",
    summary="Begin a draft",
)
def create_draft(request: ApiRequest, data: DraftIn) -> HttpResponse:
    """Store a draft. With `PUT`, at an address of one's choice, a repetition makes no second."""
    urls = Urls(request)
    return created(shown_whole(urls, _saved(request, urls, data)))


def _saved(
    request: ApiRequest,
    urls: Urls,
    data: DraftIn,
    draft_id: UUID | None = None,
    version: int | None = None,
) -> Draft:
    return services.drafts.save(
        owner=request.user,
        draft_id=draft_id,
        version=version,
        to=_joined(urls, data.to, "to"),
        cc=_joined(urls, data.cc, "cc"),
        bcc=_joined(urls, data.bcc, "bcc"),
        subject=data.subject,
        body=data.body,
        content_type=data.content_type,
        kind=data.kind,
        in_reply_to=urls.post_id(data.in_reply_to, "in_reply_to") if data.in_reply_to else None,
    )


def _joined(urls: Urls, given: Sequence[str], field: str) -> str:
    """Recipients as a person would type them, known or not."""
    return ", ".join(urls.key(one, "boxes", field) for one in given)


@router.get(
    "/{draft_id}",
    response={200: DraftDetail, 304: None, **errors_of(404)},
    operation_id="get_draft",
    summary="One draft",
)
def get_draft(request: ApiRequest, draft_id: DraftId) -> HttpResponse:
    """A draft of one's own, with its body."""
    draft = selectors.drafts.own_draft(request.user, draft_id)
    return tagged(request, shown_whole(Urls(request), draft))


@router.put(
    "/{draft_id}",
    response={200: DraftDetail, 201: DraftDetail, **errors_of(400, 403, 404, 409, 413, 415, 422)},
    operation_id="save_draft",
    summary="Save a draft",
)
def save_draft(request: ApiRequest, draft_id: DraftId, data: DraftPut) -> HttpResponse:
    """Save all of a draft: a new one without `version`, else what follows that version.

    409: it was saved elsewhere meanwhile, and nothing was overwritten. 404: it was sent or deleted.
    """
    urls = Urls(request)
    is_new = data.version is None and not _exists(request, draft_id)
    shown = shown_whole(urls, _saved(request, urls, data, draft_id, data.version))
    return created(shown) if is_new else answer(shown)


def _exists(request: ApiRequest, draft_id: UUID) -> bool:
    return selectors.drafts.own(request.user).filter(pk=draft_id).exists()


@router.delete(
    "/{draft_id}",
    response={204: None, **errors_of(403, 404)},
    operation_id="delete_draft",
    summary="Discard a draft",
)
def delete_draft(request: ApiRequest, draft_id: DraftId) -> HttpResponse:
    """Delete a draft for good."""
    services.drafts.discard(draft=selectors.drafts.own_draft(request.user, draft_id))
    return nothing()


@router.post(
    "/{draft_id}/send",
    response={200: Delivered, 202: Delivered, **errors_of(400, 403, 404, 409, 422, 503)},
    operation_id="send_draft",
    summary="Send a draft",
)
def send_draft(
    request: ApiRequest, draft_id: DraftId, version: DraftVersion = None
) -> HttpResponse:
    """Send a draft, which is then gone; what is refused stays. Sending it again sends once.

    409: it has another version than the one to be sent.
    """
    draft = selectors.drafts.own(request.user).select_related("owner").filter(pk=draft_id).first()
    if draft is None:
        submission = selectors.drafts.sent_draft(request.user, draft_id)
    elif version is not None and draft.version != version:
        raise errors.DraftChanged
    else:
        submission = services.drafts.send(draft=draft)
    return actions.sent(Urls(request), submission)
